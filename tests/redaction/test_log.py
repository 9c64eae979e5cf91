"""A log with pseudonyms is the same story: it folds to the same state, and nobody in it can be told."""

import io
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL, DAVE
from tests.golden.samples import sample
from tests.recorded_life import record_a_life
from tests.redaction.hunting import addresses, encoded, hits, keys_and_names
from tests.simulation.swarm import Options, Swarm
from tests.simulation.world import MINUTE
from tests.stories import SETTINGS, STORY, records
from tests.told import EVERYTHING, told
from wgmesh.adapters.event_log.reader import LogReader
from wgmesh.domain import events as e
from wgmesh.domain import snapshot
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.events import CATALOGUE, Event
from wgmesh.domain.folding import carried, evolve, fold
from wgmesh.domain.gossip_messages import Seen
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.packing import pack_endpoint, unpack_endpoint
from wgmesh.domain.records import Record
from wgmesh.domain.values import Endpoint, Interface
from wgmesh.node.recording import read_recording
from wgmesh.projections.desired_device import desired_device
from wgmesh.redaction.log import mesh_of, recording_of, redacted
from wgmesh.redaction.pseudonyms import Clash
from wgmesh.redaction.values import parts


def secrets(first: int = 0) -> Iterator[bytes]:
    return (number.to_bytes(32) for number in range(first, first + 200))


TROUBLE: list[Event] = [
    *EVERYTHING,
    e.InterfacesChanged(
        (Interface("enx001122334455", 3, 1500, ("192.168.1.1/24", "fe80::211:22ff:fe33:4455/64")),), (), ()
    ),
    e.AddressCollisionResolved(BOB.ipv4, ALICE.key, BOB.key),
    e.MeshAddressChanged(3, ALICE.ipv4_with(3), ALICE.ipv4),
    e.PeerConnected(BOB.key, Endpoint("192.168.1.255", 1)),
    e.RelayOpened(BOB.key, CAROL.key, 1, 2, 61001, 61002),
    e.PeerRelayed(BOB.key, CAROL.key, 61001),
    e.PeersPurged((), (BOB.key,)),
    e.IntroducerCurbed(CAROL.key, "203.0.113.9"),
    e.PeerRefused(DAVE.key, "dave", "dave at 203.0.113.9 is not carol"),
]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**64), st.lists(st.sampled_from(TROUBLE), max_size=15), st.booleans())
def test_what_is_folded_with_pseudonyms_is_what_was_folded_with_pseudonyms_in_it(
    first: int, events: list[Event], is_carried: bool
) -> None:
    log = told(*ALICE.joined(), *(who.discovered() for who in (BOB, CAROL, DAVE)), *events)
    if is_carried:
        log = (*log, *told(carried(fold(log)), after=len(log)))
    result = redacted(log, secrets(first))
    shown = fold(result.records)
    assert snapshot.encode(shown) == snapshot.encode(mesh_of(fold(log), result.pseudonyms))
    pairs = [(ALICE.key, ALICE.public_key), *((who.key, who.public_key) for who in (BOB, CAROL, DAVE))]
    order = [
        result.pseudonyms.rewritten(replace(sample(e.ForeignPeerSeen), public_key=key)) for _, key in sorted(pairs)
    ]
    assert len({each.public_key for each in order}) == len(pairs)
    content = encoded(log)
    assert hits([*keys_and_names(log), *addresses(content)], encoded(result.records)) == []


def test_every_event_of_the_catalogue_can_be_shown() -> None:
    pseudonyms = redacted(told(*ALICE.joined()), secrets()).pseudonyms
    for kind in CATALOGUE:
        event = sample(kind)
        shown = pseudonyms.rewritten(event)
        assert type(shown) is kind
        assert shown == pseudonyms.rewritten(event)
        raw = [part for part, _ in parts(event) if isinstance(part, bytes)]
        assert hits(raw, msgspec.json.encode(shown)) == []


def test_a_network_is_never_called_by_its_own_name() -> None:
    networks = [redacted(STORY, secrets(first * 1000)).records[0].event for first in range(600)]
    assert "10.71.0.0/16" not in [event.parameters.network for event in networks if isinstance(event, e.MeshJoined)]


def test_texts_keep_what_they_say_and_lose_who_it_is_of() -> None:
    told_so = records(
        (4000, "wireguard", e.DeviceChangeFailed(("add address 10.71.182.3/32",), ("beta, beta-2: File exists",))),
        after=len(STORY),
    )
    result = redacted((*STORY, *told_so), secrets())
    shown = result.records[-1].event
    assert isinstance(shown, e.DeviceChangeFailed)
    beta = next(each.event.hostname for each in result.records if isinstance(each.event, e.PeerDiscovered))
    assert shown.errors == (f"{beta}, beta-2: File exists",)
    assert shown.changes[0].startswith("add address 10.")
    assert shown.changes[0].endswith("/32")
    assert [record.cause for record in result.records] == [record.cause for record in (*STORY, *told_so)]


def test_places_that_the_operator_named_are_names_and_addresses() -> None:
    places = ("vpn.example.org:51820", "203.0.113.9:51820", "gateway", "[2001:db8::7]:1")
    changed = replace(SETTINGS, peers=places, stun_servers=("stun.example.org:3478",))
    settled = records((5, "start", e.SettingsChanged(changed)), after=len(STORY))
    shown = redacted((*STORY, *settled), secrets()).records[-1].event
    assert isinstance(shown, e.SettingsChanged)
    said = " ".join((*shown.settings.peers, *shown.settings.stun_servers))
    assert not [each for each in ("example", "203.0.113.9", "gateway", "2001:db8::7") if each in said]
    assert [place.rpartition(":")[2] for place in shown.settings.peers[:2]] == ["51820", "51820"]


def test_a_registry_is_a_name_and_what_it_owns() -> None:
    of_a_friend = replace(SETTINGS, registry_url="https://git.example:8443/api/v1", registry_repo="ada/notes-of-mesh")
    refused = e.LayerSuspended("registry", "the registry does not let us write to ada/notes-of-mesh: check")
    rejected = e.DatagramsRejected({"note": 1}, ("git.example",))
    told_so = records(
        (5, "start", e.SettingsChanged(of_a_friend)),
        (6, "registry", refused),
        (7, "timer/rejections", rejected),
        after=len(STORY),
    )
    shown = encoded(redacted((*STORY, *told_so), secrets()).records)
    assert hits([b"git.example", b"example", b"ada", b"notes-of-mesh"], shown) == []


# What texts there are in events, and what they may hold. One that is not here may tell somebody's name: look first.
NAMES = ("dht_bootstrap", "hostname", "peers", "registry_repo", "registry_url", "stun_servers")
SAID = ("reason", "changes", "errors", "file")
ADDRESSES = (
    "address",
    "attached",
    "ip",
    "ipv4",
    "ipv6",
    "network",
    "prefixes",
    "previous",
    "prefix",
    "routes",
    "source",
    "sources",
    "virtual",
)
VOCABULARY = (
    "counts",
    "interface",
    "kind",
    "lan_interfaces",
    "layer",
    "layers",
    "name",
    "nats",
    "program",
    "scope",
    "socket",
)
MORE = ("accept_routes", "advertise_routes", "endpoint", "socket", "outpaced", "routed", "wireguard")


def test_every_text_in_an_event_is_of_a_kind_that_is_known() -> None:
    fields = {field for kind in CATALOGUE for part, field in parts(sample(kind)) if isinstance(part, str)}
    assert sorted(fields - {*NAMES, *SAID, *ADDRESSES, *VOCABULARY, *MORE}) == []


def test_the_device_that_is_wished_for_is_the_same_but_for_the_names() -> None:
    result = redacted(STORY, secrets())
    real, shown = (desired_device(mesh, mesh.head.awake) for mesh in (fold(STORY), fold(result.records)))
    assert [peer.keepalive for peer in shown.peers] == [peer.keepalive for peer in real.peers]
    assert [peer.endpoint and peer.endpoint.port for peer in shown.peers] == [21820, 21820]
    assert shown.listen_port == real.listen_port


def test_a_fold_that_would_not_be_the_same_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def by_name(mesh: Mesh, record: Record) -> Mesh:
        after = evolve(mesh, record)
        return replace(after, dropped=7) if "beta" in str(record.event) else after

    monkeypatch.setattr("wgmesh.domain.folding.evolve", by_name)
    with pytest.raises(WgmeshError, match="makes another state than without: nothing is written"):
        redacted(STORY, secrets())


def test_a_device_that_would_not_be_the_same_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "wgmesh.projections.desired_device.mtu", lambda mesh: 1280 if mesh.settings.hostname == "alpha" else 1420
    )
    with pytest.raises(WgmeshError, match="wishes for another device than without: nothing is written"):
        redacted(STORY, secrets())


def test_where_no_secret_suits_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def clash(_: object) -> None:
        raise Clash

    monkeypatch.setattr("wgmesh.redaction.pseudonyms.Pseudonyms.check", clash)
    with pytest.raises(WgmeshError, match="too small for pseudonyms"):
        redacted(STORY, secrets())


def test_a_recording_is_decided_again_under_other_names(tmp_path: Path) -> None:
    record_a_life(tmp_path)
    with LogReader(tmp_path / "events.db", running=False) as reader:
        log = [record for record in reader.records() if isinstance(record, Record)]
    with (tmp_path / "inputs").open("rb") as file:
        beginning, inputs = read_recording(file.read)
        taken = list(inputs)
    result = redacted(log, secrets(), (beginning, taken))
    content = recording_of(result, beginning, taken)
    again, once_more = read_recording(io.BytesIO(content).read)
    assert (again.sequence, len(list(once_more))) == (beginning.sequence, len(taken))
    assert hits(keys_and_names(log), content) == []
    without_networks = [taken[0], *taken[2:]]
    with pytest.raises(WgmeshError, match="of the recording is decided otherwise"):
        recording_of(result, beginning, without_networks)


def test_the_logs_of_a_mesh_in_trouble_name_nobody() -> None:
    options = Options(
        seed=3, nodes=4, duration=3 * MINUTE, faults=("kill", "unplug"), chaos=True, strangers=1, insiders=1
    )
    swarm = Swarm(options)
    swarm.run()
    for machine in swarm.site.machines:
        log = machine.disk.read()
        result = redacted(log, secrets())
        content = encoded(log)
        assert hits([*keys_and_names(log), *addresses(content)], encoded(result.records)) == []
        assert len(result.records) == len(log) > 10


def test_where_a_member_sees_us_is_called_in_its_packed_form_as_in_texts() -> None:
    pseudonyms = redacted(STORY, secrets()).pseudonyms
    seen = Endpoint("203.0.113.77", 40000)
    shown = pseudonyms.rewritten(Seen(pack_endpoint(seen)))
    assert unpack_endpoint(shown.endpoint) == pseudonyms.rewritten(seen) != seen
