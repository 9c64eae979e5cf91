"""The first line names the one thing that decides, whether a peer is there or not."""

import pytest
from msgspec.structs import asdict, replace

from tests.stories import ALPHA, BETA, GAMMA, MESH, STORY, discovered, ipv4, ipv6, mesh_of, records
from wgmesh.domain import events as e
from wgmesh.domain.device import Device
from wgmesh.domain.folding import fold
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import DAY, HOUR, SECOND, Endpoint, Incarnation
from wgmesh.domain.watch import HEARS_NOBODY
from wgmesh.projections.peers import Live, LiveTraffic
from wgmesh.projections.why_answer import Answer, Circumstances
from wgmesh.projections.why_peer import of_peer
from wgmesh.projections.wording import key

MET = mesh_of(discovered(BETA, "beta", "192.168.1.17"), told=STORY[:6])
AT_BETA = "192.168.1.17:21820"
CALLS = "it calls and hears no answer, so what it sends reaches us and what we send does not reach it"


def ask(
    mesh: Mesh,
    who: bytes = BETA.key,
    *,
    after: float = 0,
    running: bool = True,
    traffic: LiveTraffic | None = None,
    rejected: tuple[e.DatagramsRejected, ...] = (),
) -> Answer:
    """So many seconds after the last record; `traffic` is what the running daemon sees."""
    later = int(after * SECOND)
    live = Live(Device(up=True), (traffic,)) if traffic else None
    seen = Circumstances(mesh.head.at + later, mesh.head.awake + later, running, live, rejected)
    return of_peer(mesh, mesh.peers[who], seen)


def facts(answer: Answer, label: str) -> list[str]:
    return [text for each, text in answer.facts if each == label]


def line(**values: int | bool | None) -> LiveTraffic:
    """What WireGuard says of beta."""
    known = {
        "handshaken": False, "handshake_age": None, "received_age": None, "rx_bytes": 0, "tx_bytes": 0, "endpoint": None
    }  # fmt: skip
    return LiveTraffic(public_key=BETA.public_key, **{**known, **values})  # type: ignore[arg-type]


def after(mesh: Mesh, *events: e.Event) -> Mesh:
    """The mesh a second after the last record, and a second for each more."""
    begun = (mesh.head.at - STORY[0].at) // SECOND + 1
    return fold(
        records(*((begun + place, "test", event) for place, event in enumerate(events)), after=mesh.head.sequence), mesh
    )


def test_a_peer_that_was_reached_by_a_probe_at_none_of_its_own_addresses_was_punched() -> None:
    outside = Endpoint("203.0.113.9", 40001)
    for probed, how in ((outside, ", punched through NAT"), (Endpoint.parse(AT_BETA), "")):
        found = e.PeerEndpointObserved(BETA.key, "punch", probed)
        answer = ask(after(MET, found, e.PeerConnected(BETA.key, probed)))
        assert answer.verdict.endswith(f"directly at {probed}{how}")
        assert any("its answer to a probe from WireGuard's port" in fact for fact in facts(answer, "tried"))


def test_a_connected_peer_is_told_with_its_way_and_what_it_rests_on() -> None:
    answer = ask(MESH)
    assert answer.verdict == f"beta is connected for 1 h 1 min, directly at {AT_BETA}"
    assert answer.grounds == (9, 7, 8)
    assert answer.identity == BETA.key
    assert facts(answer, "heard")[0].endswith("last heard, by the log, 1 min 52 s ago")
    assert facts(answer, "sent") == ["1.9 MiB, by the last roll call"]


def test_where_no_daemon_runs_nobody_knows_what_is_now() -> None:
    assert ask(MESH, running=False).verdict == (
        f"beta was connected at {AT_BETA} when the daemon of this node last ran; the tunnel stays as it was"
    )
    assert ask(MESH, GAMMA.key, running=False).verdict == (
        "gamma is silent for 0 ms, and the daemon of this node does not run: nothing is tried"
    )
    assert ask(MET, running=False).verdict == (
        "beta is not connected, and the daemon of this node does not run: nothing is tried"
    )


def test_a_daemon_tells_what_passes_now() -> None:
    flowing = line(handshaken=True, handshake_age=12_000, received_age=3000, rx_bytes=2048, tx_bytes=1024)
    answer = ask(MESH, traffic=flowing)
    assert answer.verdict.endswith(f"directly at {AT_BETA}")
    assert facts(answer, "heard")[0].endswith("; handshake 12 s ago, bytes 3 s ago, 2.0 KiB in all")
    assert facts(answer, "sent") == ["1.0 KiB, to nowhere: WireGuard has no endpoint of it just now"]
    placed = LiveTraffic(BETA.public_key, True, None, None, 0, 0, AT_BETA)
    assert facts(ask(MESH, traffic=placed), "sent") == [f"0 B, to {AT_BETA}"]


RELAYED = after(MET, e.PeerRelayed(BETA.key, GAMMA.key, 61234))


def test_who_is_relayed_is_told_with_its_relay_and_why_it_is_not_reached_directly() -> None:
    answer = ask(
        after(MESH, e.PeerDisconnected(BETA.key, 181_000), e.PeerRelayed(BETA.key, GAMMA.key, 61234)), after=60
    )
    assert answer.verdict.startswith(
        "beta is relayed through gamma for 1 min, which cannot read it, because it is not reached directly: "
    )
    unmet = ask(RELAYED, after=60)
    assert unmet.verdict.endswith(f"it is not reached directly: tried for 1 min 1 s, and never answered: {AT_BETA}")
    assert RELAYED.head.sequence in unmet.grounds


def test_a_direct_way_beside_the_relay_has_still_to_show_that_it_holds() -> None:
    beside = after(MESH, e.PeerRelayed(BETA.key, GAMMA.key, 61234))
    assert ask(beside, after=5).verdict == (
        "beta is relayed through gamma for 5 s, which cannot read it, because"
        f" the direct way at {AT_BETA} has still to show that it holds"
    )


def test_of_who_is_relayed_the_way_in_use_is_counted() -> None:
    relayed = after(MESH, e.PeerRelayed(BETA.key, GAMMA.key, 61_000))
    through = replace(line(tx_bytes=5120), endpoint="[fd00::3]:61000")
    live = Live(Device(up=True), (line(rx_bytes=1, tx_bytes=1),), (through,))
    seen = Circumstances(relayed.head.at, relayed.head.awake, True, live, ())
    assert facts(of_peer(relayed, relayed.peers[BETA.key], seen), "sent") == ["5.0 KiB, to [fd00::3]:61000"]


def test_who_was_relayed_when_the_daemon_last_ran_is_told_as_such() -> None:
    assert ask(after(MESH, e.PeerRelayed(BETA.key, GAMMA.key, 61234)), running=False).verdict == (
        "beta was relayed through gamma when the daemon of this node last ran; the tunnels stay as they were"
    )


def test_who_left_and_who_was_forgotten() -> None:
    left = after(MESH, e.PeerLeft(BETA.key, Incarnation(1, 9), b"bye"))
    assert ask(left, after=90).verdict == "beta left the mesh 1 min 30 s ago: it said goodbye itself"
    silent = after(MESH, e.PeerExpired(GAMMA.key, DAY))
    assert ask(silent, GAMMA.key, after=60).verdict == "gamma was forgotten 1 min ago, after 1 d without a sign of it"
    unmet = after(MET, e.PeerExpired(BETA.key, HOUR))
    assert ask(unmet, after=5).verdict == "beta was forgotten 5 s ago, after 1 h in which it was never once reached"


def test_who_is_banned_is_nothing_else() -> None:
    banned = after(MESH, e.PeerBanned(BETA.public_key))
    answer = ask(banned, after=60)
    assert answer.verdict == "beta is banned for 1 min: the operator of this node wants nothing to do with it"
    assert answer.grounds[0] == 14
    assert facts(answer, "tried")[0].endswith("proven by a handshake 1 h 2 min ago")


def test_a_silent_peer_is_silent_where_it_was() -> None:
    assert ask(MESH, GAMMA.key, after=60).verdict == (
        "gamma is silent for 1 min: nothing comes from it any more, neither from 192.168.1.23:21820, where it was, nor"
        " from elsewhere; is it on?"
    )


def test_while_this_node_hears_nobody_it_says_so_of_everybody() -> None:
    deaf = after(MESH, e.LayerSuspended("gossip", HEARS_NOBODY))
    assert ask(deaf, GAMMA.key, after=59).verdict == (
        "gamma is silent for 1 min, like all others: this node hears nobody: is its network up?"
    )
    assert ask(deaf).verdict.endswith(f"directly at {AT_BETA}, but this node hears nobody: is its network up?")


def test_before_the_first_roll_call_nothing_is_counted() -> None:
    assert facts(ask(MET), "sent") == ["not counted yet: that is hourly"]


@pytest.mark.parametrize(
    ("mesh", "traffic", "verdict"),
    [
        (MET, line(rx_bytes=148, received_age=4000), f"beta is not connected: {CALLS}"),
        (
            after(MESH, e.PeerDisconnected(BETA.key, 181_000)),
            line(rx_bytes=148, received_age=4000, handshaken=True, handshake_age=400_000),
            f"beta is silent for 0 ms: {CALLS}",
        ),
        (
            MESH,
            line(rx_bytes=148, received_age=4000, handshaken=True, handshake_age=240_000),
            f"beta is connected for 1 h 1 min, directly at {AT_BETA}, but for 4 min without a handshake: {CALLS}",
        ),
    ],
)
def test_bytes_without_a_handshake_say_in_which_direction_packets_are_lost(
    mesh: Mesh, traffic: LiveTraffic, verdict: str
) -> None:
    assert ask(mesh, traffic=traffic).verdict == (f"{verdict}: something between drops UDP on the way to beta")


@pytest.mark.parametrize(
    "traffic",
    [
        line(rx_bytes=148, received_age=31_000),
        line(rx_bytes=0, received_age=4000),
        line(rx_bytes=148),
        line(rx_bytes=148, received_age=4000, handshaken=True),
        line(rx_bytes=148, received_age=4000, handshaken=True, handshake_age=100),
    ],
)
def test_what_is_old_or_belongs_to_a_session_is_no_such_sign(traffic: LiveTraffic) -> None:
    assert CALLS not in ask(MET, traffic=traffic).verdict


def sent(tx_bytes: int, rx_bytes: int) -> str:
    """The verdict on beta so many bytes after the roll call, which counted 2,000,000 out and 4096 in."""
    traffic = line(
        handshaken=True, handshake_age=10, received_age=10, tx_bytes=2_000_000 + tx_bytes, rx_bytes=4096 + rx_bytes
    )
    return ask(MESH, traffic=traffic).verdict


def test_much_that_is_sent_while_only_upkeep_comes_back_makes_one_think_of_the_mtu() -> None:
    assert sent(1_000_000, 5000).endswith(
        "but hardly anything comes back: of 976.6 KiB sent perhaps only small packets arrive,"
        " as where the way is narrower than the tunnel believes (an MTU black hole)"
    )
    assert "MTU" not in sent(1_000_000, 500_000)
    assert "MTU" not in sent(100_000, 5000)
    assert "MTU" not in sent(1_000_000, -1)


def test_who_never_answered_is_told_with_what_was_tried() -> None:
    assert ask(MET).verdict == "beta is not connected: it became known 0 ms ago and is not tried yet"
    assert ask(MET, after=5).verdict == f"beta is not connected: it is tried for the first time just now: {AT_BETA}"
    assert ask(MET, after=62).verdict.startswith("beta is not connected: tried for 1 min 2 s, and never answered: ")
    assert ask(MET, after=60).verdict == f"beta is not connected: tried for 1 min, and never answered: {AT_BETA}"


def test_who_never_answered_may_have_another_secret_or_an_address_of_dockers() -> None:
    sealed = e.DatagramsRejected({"seal": 9}, ("192.168.1.17",))
    answer = ask(MET, after=60, rejected=(sealed,))
    assert answer.verdict.endswith(
        f"{AT_BETA} (from this address come datagrams that our secret does not open: has it another secret?)"
    )
    assert facts(answer, "refused") == ["datagrams from 192.168.1.17 were among those dropped (seal 9)"]
    docker = mesh_of(discovered(BETA, "beta", "172.17.0.2"), told=STORY[:6])
    assert ask(docker, after=60).verdict.endswith(
        "172.17.0.2:21820 (Docker gives this address to a bridge on every machine)"
    )


def test_each_address_that_cannot_be_used_has_its_objection() -> None:
    mesh = mesh_of(discovered(BETA, "beta", "10.71.0.9"), told=STORY[:6])
    assert ask(mesh, after=60).verdict == (
        "beta is not connected: no usable endpoint: 10.71.0.9:21820 is within the mesh"
    )
    bare = e.PeerDiscovered(**asdict(discovered(BETA, "beta", "192.168.1.17")) | {"endpoints": ()})
    nowhere = ask(mesh_of(bare, told=STORY[:6]), after=60)
    assert nowhere.verdict == (
        "beta is not connected: no usable endpoint: its record names no address of it, and none was seen"
    )
    assert facts(nowhere, "tried") == []


def test_what_was_refused_on_its_account_is_a_fact() -> None:
    mesh = after(
        MESH,
        e.PeerRefused(BETA.key, "beta", "it may not"),
        e.DeviceChangeFailed((f"update peer {'x' * 43}=", "add route 10.71.0.0/16"), ("no", "no")),
    )
    answer = ask(mesh)
    assert facts(answer, "refused") == ["a newer record of it, 1 s ago: it may not"]
    assert 14 in answer.grounds
    mine = after(MESH, e.DeviceChangeFailed((f"update peer {key(BETA.public_key)}: endpoint 1.2.3.4:5",), ("no",)))
    assert facts(ask(mine), "refused") == ["by the system: 1 change to WireGuard, as status says"]


def test_a_clock_that_is_off_keeps_a_peer_out() -> None:
    off = "the clock of {} at 192.168.1.9 is about 3 h behind this machine's: set the wrong one"
    unmet = after(MET, e.ClockSkewObserved(BETA.key, "192.168.1.9", -3))
    assert ask(unmet, after=60).verdict == f"beta is not connected: {off.format('beta')}"
    assert unmet.head.sequence in ask(unmet).grounds
    silent = after(MESH, e.ClockSkewObserved(GAMMA.key, "192.168.1.9", -3))
    assert ask(silent, GAMMA.key, after=59).verdict == f"gamma is silent for 1 min: {off.format('gamma')}"
    connected = after(MESH, e.ClockSkewObserved(BETA.key, "192.168.1.9", -3))
    assert ask(connected).verdict.startswith("beta is connected for")


def test_an_address_that_two_have_goes_to_one() -> None:
    beta, gamma = MESH.peers[BETA.key], MESH.peers[GAMMA.key]
    assert facts(ask(MESH, GAMMA.key), "address") == []
    both = replace(MESH, peers={**MESH.peers, GAMMA.key: replace(gamma, ipv4=beta.ipv4)})
    assert facts(ask(both, GAMMA.key), "address") == [
        f"{ipv4(BETA)} goes to beta, which has it too; {ipv6(GAMMA)} is its alone"
    ]
    ours = replace(MESH, peers={BETA.key: replace(beta, ipv4=ipv4(ALPHA))})
    assert facts(ask(ours), "address") == [
        f"{ipv4(ALPHA)} goes to this node, which has it too; {ipv6(BETA)} is its alone"
    ]
    none = replace(MESH, peers={BETA.key: replace(beta, ipv4="")})
    assert facts(ask(none), "address") == []


def test_a_connected_peer_whose_daemon_is_dead_is_told_as_such() -> None:
    missed = after(MESH, e.DaemonMissed(BETA.key, 9000))
    dead = "its daemon says nothing, while its machine answers: start `wgmesh join` there"
    assert ask(missed).verdict.endswith(f"directly at {AT_BETA}, but for 0 ms {dead}")
