"""One page: who we are, our layers, how many peers, what is wrong."""

import msgspec
import pytest
from msgspec.structs import replace

from tests.stories import ALPHA, BETA_AT, MESH, NOON, PARAMETERS, SETTINGS, STORY, ipv4, ipv6, mesh_of
from wgmesh.domain import events as e
from wgmesh.domain.device import Device
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import Endpoint, Incarnation
from wgmesh.projections.peers import Live
from wgmesh.projections.status import READS_ONLY, ShownLayer, status
from wgmesh.projections.wording import key

AT = NOON + 3_800_000
UP = Live(Device(up=True))


def layer(mesh: Mesh, *, running: bool) -> ShownLayer:
    """How the page shows the LAN."""
    shown, *_ = status(mesh, AT, running=running, live=None, quoted={}).layers
    return shown


def test_the_keys_are_those_that_scripts_rely_on() -> None:
    shown = msgspec.json.decode(msgspec.json.encode(status(MESH, AT, running=True, live=UP, quoted={})))
    assert {name: list(value) if isinstance(value, dict) else None for name, value in shown.items()} == {
        "schema_version": None,
        "running": None,
        "at": None,
        "sequence": None,
        "node": [
            "name", "public_key", "identity", "mesh_ipv4", "mesh_ipv6", "interface", "listen_port",
            "exchange_port", "incarnation", "wireguard",
        ],
        "mesh": ["network", "network_ipv6", "generation", "epoch"],
        "layers": None,
        "counts": ["known", "connected", "relayed"],
        "nat": None,
        "warnings": None,
    }  # fmt: skip
    assert list(shown["layers"][0]) == ["name", "state", "since", "reason", "contacts"]


def test_the_page_of_a_node() -> None:
    shown = status(MESH, AT, running=True, live=UP, quoted={})
    assert (shown.running, shown.at, shown.sequence, shown.warnings) == (True, AT, len(STORY), ())
    assert (shown.node.name, shown.node.interface, shown.node.wireguard) == ("alpha", "wgmesh0", "userspace")
    assert (shown.node.public_key, shown.node.identity) == (key(ALPHA.public_key), key(ALPHA.key))
    assert (shown.node.mesh_ipv4, shown.node.mesh_ipv6) == (ipv4(ALPHA), ipv6(ALPHA))
    assert (shown.node.listen_port, shown.node.incarnation) == (21820, Incarnation(1, 2))
    assert (shown.mesh.network, shown.mesh.network_ipv6) == (PARAMETERS.network, "fd57:6700::/64")
    assert (shown.mesh.generation, shown.mesh.epoch) == (1, AT // 600_000)
    assert (shown.counts.known, shown.counts.connected, shown.counts.relayed) == (2, 1, 0)


def test_what_the_internet_sees_of_us_is_on_the_page() -> None:
    told = (e.NatDetected("hard", BETA_AT, (), ()), e.NatDetected("none", Endpoint("2001:db8::1", 7), (), ()))
    shown = status(mesh_of(*told, told=STORY), AT, running=True, live=None, quoted={}).nat
    assert [(nat.kind, nat.endpoint) for nat in shown] == [("hard", str(BETA_AT)), ("none", "[2001:db8::1]:7")]
    assert [nat.since for nat in shown] == [NOON + 13_000, NOON + 14_000]


def test_a_node_without_ipv4_shows_none() -> None:
    mesh = mesh_of(e.MeshAddressChanged(255, "", ipv4(ALPHA)), told=STORY)
    assert status(mesh, AT, running=True, live=None, quoted={}).node.mesh_ipv4 is None


def test_warnings_are_on_the_page() -> None:
    assert len(status(MESH, AT, running=False, live=None, quoted={}).warnings) == 1


@pytest.mark.parametrize(
    ("events", "running", "shown"),
    [
        ((), True, ShownLayer("lan", "working", NOON + 70, "", ())),
        ((), False, ShownLayer("lan", "stopped", None, "the daemon is not running", ())),
        (
            (e.NodeStopped("SIGTERM"),),
            False,
            ShownLayer("lan", "stopped", NOON + 13_000, "the daemon is not running", ()),
        ),
        (
            (e.LayerSuspended("lan", "port 51830 is taken"),),
            True,
            ShownLayer("lan", "suspended", NOON + 13_000, "port 51830 is taken", ()),
        ),
        (
            (e.SettingsChanged(msgspec.structs.replace(SETTINGS, lan=False)),),
            True,
            ShownLayer("lan", "off", None, "--no-lan", ()),
        ),
    ],
)
def test_a_layer_says_how_it_stands_and_since_when(
    events: tuple[e.Event, ...], running: bool, shown: ShownLayer
) -> None:
    assert layer(mesh_of(*events, told=STORY), running=running) == shown


def test_a_layer_is_starting_until_its_sockets_are_open() -> None:
    assert layer(mesh_of(told=STORY[:4]), running=True) == ShownLayer("lan", "starting", None, "", ())


def test_each_layer_has_its_own_line() -> None:
    mesh = mesh_of(e.LayerResumed("gossip"), told=STORY)
    shown = status(mesh, AT, running=True, live=None, quoted={}).layers
    assert [(each.name, each.state) for each in shown] == [
        ("lan", "working"),
        ("exchange", "starting"),
        ("gossip", "working"),
        ("dht", "off"),
        ("stun", "off"),
        ("registry", "off"),
    ]
    silent = mesh_of(e.SettingsChanged(msgspec.structs.replace(SETTINGS, gossip=False)), told=STORY)
    assert status(silent, AT, running=True, live=None, quoted={}).layers[2] == ShownLayer(
        "gossip", "off", None, "--no-gossip", ()
    )
    bare = mesh_of(e.SettingsChanged(msgspec.structs.replace(SETTINGS, wireguard="none")), told=STORY)
    assert status(bare, AT, running=True, live=None, quoted={}).layers[2] == ShownLayer(
        "gossip", "off", None, "--wireguard none", ()
    )
    for stun in (True, False):
        untunnelled = e.SettingsChanged(msgspec.structs.replace(SETTINGS, wireguard="none", stun=stun))
        shown = status(mesh_of(untunnelled, told=STORY), AT, running=True, live=None, quoted={}).layers
        assert [each.reason for each in shown if each.name == "stun"] == ["--wireguard none"]


def test_a_registry_without_a_token_only_reads() -> None:
    settings = replace(SETTINGS, registry=True, registry_url="https://git.example", registry_repo="a/b")
    for writes, said in ((True, ""), (False, READS_ONLY)):
        told = (e.SettingsChanged(replace(settings, registry_writes=writes)), e.LayerResumed("registry"))
        shown = status(mesh_of(*told, told=STORY), AT, running=True, live=None, quoted={}).layers[-1]
        assert (shown.name, shown.state, shown.reason) == ("registry", "working", said)
        assert shown.contacts == ("https://git.example",)


def test_whom_the_exchange_contacts_is_said() -> None:
    mesh = mesh_of(e.SettingsChanged(replace(SETTINGS, peers=("a.example:1", "192.0.2.1:2"))), told=STORY)
    for running in (True, False):
        (exchange,) = [each for each in status(mesh, AT, running=running, live=None, quoted={}).layers if each.contacts]
        assert (exchange.name, exchange.contacts) == ("exchange", ("a.example:1", "192.0.2.1:2"))
