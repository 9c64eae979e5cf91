"""Every record has its sentence, and a sentence names who it speaks of."""

import pytest
from msgspec.structs import replace

from tests.stories import (
    ALPHA,
    BETA,
    BETA_AT,
    GAMMA,
    MESH,
    NOON,
    PARAMETERS,
    SETTINGS,
    STORY,
    discovered,
    ipv4,
    ipv6,
    joined,
    mesh_of,
    records,
    started,
    updated,
)
from wgmesh.domain import events as e
from wgmesh.domain.events import CATALOGUE
from wgmesh.domain.folding import carried, evolve
from wgmesh.domain.identity import Identity, wireguard_key
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.settings import NodeSettings
from wgmesh.domain.values import Endpoint, Incarnation, Interface
from wgmesh.domain.watch import HEARS_NOBODY
from wgmesh.projections.timeline import sentence
from wgmesh.projections.wording import key

BETA_KEY = key(BETA.public_key)
GAMMA_KEY = key(GAMMA.public_key)
ELSEWHERE = Endpoint("198.51.100.7", 40000)
GONE = Identity.from_seed(bytes(32)).key

SENTENCES: list[tuple[e.Event, str]] = [
    (joined(), f"joined the mesh {PARAMETERS.network} as {key(ALPHA.public_key)}, {ipv4(ALPHA)}, {ipv6(ALPHA)}"),
    (started(), "started wgmesh 0.1.0, boot 1, WireGuard port 21820, exchange port 52000"),
    (replace(started(7), exchange_port=0), "started wgmesh 0.1.0, boot 7, WireGuard port 21820"),
    (e.NodeStopped("SIGTERM"), "stopped (SIGTERM); tunnels stay up"),
    (e.MeshLeft(), "left the mesh: goodbye is said, the interface goes"),
    (
        e.SettingsChanged(NodeSettings("wgmesh0", "alef", "userspace", False, ("eth0", "eth1"))),
        "settings: hostname alef, lan off, lan interfaces eth0 eth1",
    ),
    (e.InterfacesChanged((Interface("eth0", 2, 1500, ("192.168.1.5/24",)),), (), ()), "networks: eth0 192.168.1.5/24"),
    (e.InterfacesChanged((), (), ()), "networks: none"),
    (
        e.InterfacesChanged((), ("10.2.0.0/16", "172.17.0.0/16"), ("172.17.0.0/16",)),
        "networks: none; others: 10.2.0.0/16; containers' and VPNs': 172.17.0.0/16",
    ),
    (
        e.SettingsChanged(replace(SETTINGS, accept_routes=("all",), advertise_routes=("10.9.0.0/16",), hosts=True)),
        "settings: advertise routes 10.9.0.0/16, accept routes all, hosts on",
    ),
    (e.PeerBanned(BETA.public_key), "banned beta: this node no longer talks to that key"),
    (e.PeerBanned(bytes(32)), f"banned {key(bytes(32))}: this node no longer talks to that key"),
    (e.PeerUnbanned(BETA.public_key), "let beta back in"),
    (
        e.RouteContested("10.9.0.0/16", BETA.key, GAMMA.key),
        "beta and gamma both announce 10.9.0.0/16: the first has it",
    ),
    (
        discovered(BETA, "beta", BETA_AT.ip),
        f"discovered {BETA_KEY} at {ipv4(BETA)} (192.168.1.17:21820), hostname beta",
    ),
    (updated(BETA, "beta", BETA_AT.ip), "news of beta: its record 1.1"),
    (
        updated(BETA, "b", "192.168.1.99", nonce=1, incarnation=(2, 0)),
        f"news of beta: hostname b, address {ipv4(BETA, 1)}, endpoints 192.168.1.99:21820 192.168.1.99:52000, "
        "started again as boot 2",
    ),
    (e.PeerEndpointObserved(BETA.key, "lan", BETA_AT), "beta answered: WireGuard can try it at 192.168.1.17:21820"),
    (e.PeerConnected(BETA.key, BETA_AT), "connected with beta at 192.168.1.17:21820"),
    (e.PeerRoamed(BETA.key, ELSEWHERE, BETA_AT), "beta roamed from 192.168.1.17:21820 to 198.51.100.7:40000"),
    (e.PeerDisconnected(BETA.key, 181_000), "beta is silent, no sign for 3 min 1 s"),
    (e.PeerDisconnected(BETA.key, 12_000), "beta is silent, no sign for 12 s, though asked for one"),
    (
        e.PeersSighted((e.Sighting(BETA.key, 12_000, 4096, 2_000_000), e.Sighting(GAMMA.key, -1, 148, 92))),
        "roll call: beta heard 12 s ago, 4.0 KiB in, 1.9 MiB out; gamma not heard in this run, 148 B in, 92 B out",
    ),
    (e.PeerExpired(BETA.key, 86_400_000), "forgot beta after 1 d of silence"),
    (e.PeerLeft(BETA.key, Incarnation(1, 2), b"signed"), "beta said goodbye"),
    (e.PeersPurged((BETA.key, GAMMA.key), ()), "let go of beta, gamma"),
    (e.PeersPurged((), (GONE,)), f"forgot that there was {key(wireguard_key(GONE))}"),
    (e.IntroducerCurbed(BETA.key, ""), "beta tells of more unknown nodes than one may: the rest has to wait"),
    (e.IntroducerCurbed(b"", "192.0.2.7"), "192.0.2.7 tells of more unknown nodes than one may: the rest has to wait"),
    (
        e.PeerRefused(BETA.key, "beta", "it may not"),
        "refused beta, hostname beta: it may not",
    ),
    (e.PeerRefused(BETA.key, "", "it may not"), "refused beta, hostname unknown: it may not"),
    (
        e.AddressCollisionResolved("10.71.3.9", BETA.key, ALPHA.key),
        "two nodes had 10.71.3.9: beta keeps it, this node gives it up",
    ),
    (e.MeshAddressChanged(1, "10.71.4.4", "10.71.3.9"), "moved from 10.71.3.9 to 10.71.4.4"),
    (e.MeshAddressChanged(255, "", "10.71.3.9"), "gave up 10.71.3.9: no IPv4 address is left, IPv6 stays"),
    (
        e.OwnRecordOutrun(Incarnation(9, 9), 1, "10.71.4.4"),
        "a peer has a later record of this node (a restored backup?): going on as 10.71.4.4",
    ),
    (
        e.OwnRecordOutrun(Incarnation(9, 9), 255, ""),
        "a peer has a later record of this node (a restored backup?): going on as IPv6 alone",
    ),
    (e.EndpointsDeclared((BETA_AT,)), f"reachable, so the operator says, at {BETA_AT}"),
    (e.EndpointsDeclared(()), "reachable, so the operator says, at nothing"),
    (e.EndpointReflected(BETA.key, BETA_AT), f"beta sees this node's exchange at {BETA_AT}: there is a NAT between"),
    (
        e.NatDetected("easy", BETA_AT, (BETA.key, ALPHA.key), ()),
        f"WireGuard's port is seen at {BETA_AT} by 2 peers: an easy NAT, the same for everybody",
    ),
    (
        e.NatDetected("hard", BETA_AT, (), (BETA_AT,)),
        f"WireGuard's port is seen at {BETA_AT} by 1 STUN server: a hard NAT, another port for each",
    ),
    (
        e.NatDetected("none", BETA_AT, (BETA.key,), (BETA_AT,)),
        f"WireGuard's port is seen at {BETA_AT} by 1 peer and 1 STUN server: there is no NAT",
    ),
    (
        e.NatDetected("unknown", BETA_AT, (), (BETA_AT,)),
        f"WireGuard's port is seen at {BETA_AT} by 1 STUN server: nobody else has confirmed it",
    ),
    (e.AnnouncerElected(True), "keeps the mesh findable in the DHT from now on"),
    (e.AnnouncerElected(False), "leaves the DHT to others"),
    (e.RelayPortChosen(23456), "relayed tunnels, if any, use UDP port 23456"),
    (e.PeerRelayed(BETA.key, BETA.key, 61001), "beta is reached through beta, which cannot read it"),
    (e.PeerUnrelayed(BETA.key, BETA.key, "silent"), "nothing comes from beta through beta any more"),
    (e.RelayOpened(BETA.key, BETA.key, 1, 2, 3, 4), "relays ciphertext between beta and beta"),
    (
        e.RelayClosed(BETA.key, BETA.key, "lost"),
        "no longer relays between beta and beta: one of them is no longer reached directly",
    ),
    (e.RegistryEntryFound(7), "the mesh meets in issue 7 of the registry"),
    (e.RegistryEntryCreated(7), "made issue 7 of the registry, where the mesh meets from now on"),
    (e.RecordRenewed(), "nobody is connected and nobody answers: saying the same again as news"),
    (
        e.ClockSkewObserved(BETA.key, "192.168.1.9", 3),
        "not answered: the clock of beta at 192.168.1.9 is about 3 h ahead of this machine's",
    ),
    (
        e.ClockSkewObserved(BETA.key, "192.168.1.9", -25),
        "not answered: the clock of beta at 192.168.1.9 is about 25 h behind this machine's",
    ),
    (
        e.CloneDetected(Incarnation(9, 9), bytes(8)),
        "another machine runs under this node's identity (a cloned image?): the other falls silent",
    ),
    (
        e.CloneDetected(Incarnation(9, 9), b"\xff" * 8),
        "another machine runs under this node's identity (a cloned image?): this one falls silent",
    ),
    (e.DeviceChanged(("add a", "remove b"), 0), "WireGuard: add a; remove b"),
    (e.DeviceChanged(("add a",), 1), "WireGuard: add a; 1 change still failing"),
    (
        e.DeviceChangeFailed(("add a", "add b"), ("Operation not permitted", "No such device")),
        "the system refused: add a (Operation not permitted); add b (No such device)",
    ),
    (
        e.ForeignPeerSeen(GAMMA.public_key),
        f"the interface has a peer that wgmesh did not put there, {GAMMA_KEY}: it stays",
    ),
    (
        e.DatagramsRejected({"seal": 10, "size": 2}, ("192.168.1.9", "192.168.1.8")),
        "dropped 12 datagrams (seal 10, size 2), mostly from 192.168.1.9, 192.168.1.8",
    ),
    (
        e.NewerPeerSeen("192.168.1.9"),
        "192.168.1.9 has the secret and speaks a newer protocol: update wgmesh on this machine",
    ),
    (
        e.HelloUnanswered(bytes(range(32)), "delta", "lan", Endpoint("192.168.1.9", 40000)),
        "delta is heard on the LAN, and does not answer at 192.168.1.9:40000: a firewall there?",
    ),
    (e.HelloUnanswered(bytes(32), "", "peer", ELSEWHERE), f"nobody answers at {ELSEWHERE}, which --peer named"),
    (e.HelloUnanswered(bytes(32), "", "dht", ELSEWHERE), f"nobody answers at {ELSEWHERE}, which the layer dht named"),
    (
        e.DaemonMissed(BETA.key, 9000),
        "the daemon of beta says nothing for 9 s; its machine answers, its tunnel stays",
    ),
    (e.DaemonReturned(BETA.key), "the daemon of beta is heard again"),
    (e.NodeSuspended(3_600_000), "this machine was asleep for 1 h"),
    (e.ClockStepped(3_600_000), "the wall clock was set forward by 1 h"),
    (e.ClockStepped(-65_000), "the wall clock was set back by 1 min 5 s"),
    (e.LayerSuspended("lan", "no interface"), "layer lan cannot work: no interface"),
    (e.LayerResumed("lan"), "layer lan works"),
    (carried(MESH), "carried the state along, 2 peers: the records before this one can go"),
    (e.LogCompacted(41, bytes(16)), "dropped the records up to 41: the log begins at 42"),
    (
        e.LogRecovered("events.db.damaged-1", 7, 6),
        "the log was damaged at record 7 and set aside as events.db.damaged-1; this one resumes at 6",
    ),
    (e.LogGap(5, NOON - 30_000), "the disk was full for 30 s: 5 inputs dropped undecided"),
    (e.HeadWitnessed(BETA.key, 812, bytes(2)), "beta says that its log reaches record 812, chain 0000"),
]


@pytest.mark.parametrize(("event", "text"), SENTENCES, ids=[type(event).__name__ for event, _ in SENTENCES])
def test_a_record_is_told_in_one_sentence(event: e.Event, text: str) -> None:
    (record,) = records((0, "test", event))
    assert sentence(MESH, record) == text


def test_every_event_of_the_catalogue_is_told_here() -> None:
    assert {type(event) for event, _ in SENTENCES} == set(CATALOGUE)


def test_a_node_that_was_cut_off_says_when_it_hears_others_again() -> None:
    cut_off, again = records(
        (0, "gossip", e.LayerSuspended("gossip", HEARS_NOBODY)), (1, "gossip", e.LayerResumed("gossip"))
    )
    assert sentence(MESH, cut_off) == "this node hears nobody: is its network up?"
    assert sentence(evolve(MESH, cut_off), again) == "this node hears others again"


def test_a_log_that_became_shorter_is_told_as_such() -> None:
    known = mesh_of(e.HeadWitnessed(BETA.key, 812, bytes(2)), told=STORY)
    told = [e.HeadWitnessed(BETA.key, through, bytes(2)) for through in (811, 812)]
    shorter, same = (sentence(known, record) for record in records(*((0, "gossip", event) for event in told)))
    assert shorter.endswith("its log reaches record 811, chain 0000: fewer than the 812 of before, was it cut?")
    assert same.endswith("its log reaches record 812, chain 0000")


def test_a_change_to_wireguard_names_the_peer_that_it_is_about() -> None:
    stranger = key(bytes(range(32)))
    changes = (f"update peer {BETA_KEY}: keepalive 25 s", f"remove peer {stranger}", "set link up")
    done, failed = records(
        (0, "wireguard", e.DeviceChanged(changes, 0)), (1, "wireguard", e.DeviceChangeFailed(changes[:1], ("EPERM",)))
    )
    assert sentence(MESH, done) == f"WireGuard: update peer beta: keepalive 25 s; remove peer {stranger}; set link up"
    assert sentence(MESH, failed) == "the system refused: update peer beta: keepalive 25 s (EPERM)"


def test_a_neighbour_without_a_name_goes_by_its_key() -> None:
    event = e.HelloUnanswered(bytes(range(32)), "", "lan", Endpoint("192.168.1.9", 40000))
    (record,) = records((0, "lan", event))
    assert sentence(MESH, record).startswith(f"{key(wireguard_key(bytes(range(32))))} is heard on the LAN")


def test_the_first_settings_are_told_whole() -> None:
    (record,) = records((0, "start", e.SettingsChanged(SETTINGS)))
    assert sentence(Mesh(), record) == (
        "settings: interface wgmesh0, hostname alpha, wireguard userspace, lan on, lan interfaces all, gossip on"
    )


def test_a_peer_that_says_little_of_itself_is_told_all_the_same() -> None:
    newcomer = replace(discovered(BETA, "", BETA_AT.ip), ipv4="", endpoints=())
    (record,) = records((0, "lan", newcomer))
    assert sentence(MESH, record) == f"discovered {BETA_KEY} at {ipv6(BETA)}, hostname unknown"
    known = replace(updated(BETA, "", BETA_AT.ip), ipv4="", endpoints=())
    (record,) = records((0, "lan", known))
    assert sentence(MESH, record) == "news of beta: hostname unknown, no IPv4 address, endpoints none, its record 1.1"


def test_only_its_wireguard_port_is_the_place_of_a_newcomer() -> None:
    event = discovered(BETA, "beta", BETA_AT.ip)
    turned = replace(event, endpoints=event.endpoints[::-1])
    (record,) = records((0, "lan", turned))
    assert "(192.168.1.17:21820)" in sentence(MESH, record)


def test_a_story_is_told_from_its_first_record_on() -> None:
    mesh, told = Mesh(), []
    for record in STORY:
        told.append(sentence(mesh, record))
        mesh = evolve(mesh, record)
    assert told[6:9] == [
        f"discovered {BETA_KEY} at {ipv4(BETA)} (192.168.1.17:21820), hostname beta",
        "beta answered: WireGuard can try it at 192.168.1.17:21820",
        "connected with beta at 192.168.1.17:21820",
    ]
