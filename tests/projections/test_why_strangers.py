"""Why nobody of that name is here: the surest obstacle first."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.stories import ALPHA, BETA, GAMMA, MESH, SETTINGS, STORY, ipv4, ipv6, mesh_of
from wgmesh.domain import events as e
from wgmesh.domain.identity import wireguard_key
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import DAY, HOUR, MINUTE, Endpoint
from wgmesh.projections.why_answer import Answer, Circumstances
from wgmesh.projections.why_strangers import of_our_node, of_stranger
from wgmesh.projections.wording import key

NOT_RUNNING = "the daemon of this node does not run, so nobody is met"
SEALED = e.DatagramsRejected({"seal": 9}, ("192.168.1.66",))


def seen(
    mesh: Mesh, *, running: bool = True, later: int = 0, rejected: tuple[e.DatagramsRejected, ...] = ()
) -> Circumstances:
    return Circumstances(mesh.head.at + later, mesh.head.awake, running, None, rejected)


def stranger(mesh: Mesh, name: str = "delta", **circumstances: Any) -> Answer:
    return of_stranger(mesh, name, seen(mesh, **circumstances))


def ours(*last: e.Event, running: bool = False) -> str:
    mesh = mesh_of(*last, told=STORY)
    return of_our_node(mesh, seen(mesh, running=running, later=MINUTE)).verdict


def test_this_node_stands_as_its_last_records_say() -> None:
    start = f"this node, {ipv4(ALPHA)}, "
    assert ours(running=True) == f"{start}runs for 1 h 2 min: 1 of 2 known peers connected"
    assert ours() == f"{start}does not run, and its tunnels stay: 1 of 2 known peers connected"
    assert ours(e.NodeStopped("SIGTERM")) == (
        f"{start}does not run for 1 min, and its tunnels stay: 1 of 2 known peers connected"
    )
    assert ours(e.MeshLeft()) == f"{start}left the mesh 1 min ago: 1 of 2 known peers connected"
    assert of_our_node(replace(MESH, started=None), seen(MESH)).verdict.startswith(f"{start}runs: ")


def test_this_node_has_its_address_by_its_key() -> None:
    answer = of_our_node(replace(MESH, ipv4=""), seen(MESH))
    assert answer.verdict.startswith(f"this node, {ipv6(ALPHA)}, ")
    assert answer.facts == (("address", "no IPv4 for 1 h 1 min, by its key"),)
    moved = of_our_node(replace(MESH, nonce=2), seen(MESH)).facts[0][1]
    assert moved.endswith("for 1 h 1 min, number 3 that its key makes, since others had those before")
    assert answer.grounds == (2, 1, 4, 6)


def test_who_is_refused_is_told_why_by_name_or_key() -> None:
    delta = bytes(range(32))
    mesh = mesh_of(
        e.PeerRefused(delta, "delta", "joined with another URI"), e.PeerRefused(bytes(32), "", "no"), told=STORY
    )
    assert stranger(mesh, later=MINUTE).verdict == "delta is refused for 1 min 1 s: joined with another URI"
    assert stranger(mesh, key(delta)[:7]).grounds == (14,)
    assert stranger(mesh, key(bytes(32))).verdict.endswith("= is refused for 0 ms: no")
    assert stranger(mesh, "").verdict.startswith("no peer called  was ever")


def test_a_key_that_is_banned_before_anybody_showed_it() -> None:
    mesh = mesh_of(e.PeerBanned(bytes(range(32))), told=STORY)
    answer = stranger(mesh, key(bytes(range(32)))[:9], later=MINUTE)
    assert answer.verdict == f"{key(bytes(range(32)))} is banned for 1 min, and nothing else is known of it"
    assert answer.grounds == (14,)
    assert "ever discovered" in stranger(mesh, "delta").verdict
    assert "ever discovered" in stranger(mesh, "").verdict


def test_a_name_that_nothing_is_known_of() -> None:
    assert stranger(MESH).verdict == (
        "no peer called delta was ever discovered: nothing that names it has reached this node; does it run?"
    )
    assert stranger(MESH).grounds == (6, 4, 2)


@pytest.mark.parametrize(
    ("events", "circumstances", "reason"),
    [
        ((), {"running": False}, NOT_RUNNING),
        (
            (e.LayerSuspended("lan", "UDP port 51830 is in use"),),
            {"later": MINUTE},
            "layer lan cannot work for 1 min: UDP port 51830 is in use",
        ),
        (
            (e.InterfacesChanged((), (), ()),),
            {},
            "this machine has no network to meet peers on: those of containers and VPNs are left out",
        ),
        (
            (),
            {"rejected": (SEALED,)},
            "our secret does not open what comes from 192.168.1.66: has that node another secret?",
        ),
        (
            (e.ClockSkewObserved(bytes(range(32)), "192.168.1.9", 3), e.ClockSkewObserved(BETA.key, "192.168.1.17", 3)),
            {},
            f"the clock of {key(wireguard_key(bytes(range(32))))} at 192.168.1.9 is about 3 h ahead of this machine's:"
            " set the wrong one",
        ),
        ((e.NewerPeerSeen("192.168.1.9"),), {}, "192.168.1.9 speaks a newer protocol: update wgmesh on this machine"),
    ],
)
def test_what_keeps_anybody_from_being_met_is_named(
    events: tuple[e.Event, ...], circumstances: dict[str, Any], reason: str
) -> None:
    assert stranger(mesh_of(*events, told=STORY), **circumstances).verdict == (
        f"no peer called delta was ever discovered: {reason}"
    )


def test_of_who_was_let_go_it_is_said_when() -> None:
    mesh = mesh_of(e.PeerExpired(BETA.key, 1), e.PeersPurged((BETA.key,), ()), told=STORY)
    for name in ("beta", key(BETA.public_key)[:9], key(BETA.key)):
        answer = stranger(mesh, name, later=3 * DAY)
        assert answer.verdict == f"{name} was let go 3 d ago, after it had been gone for long"
        assert answer.grounds == (mesh.head.sequence,)
    assert "ever discovered" in stranger(mesh, "").verdict


def test_the_surest_obstacle_comes_first_and_the_others_are_facts() -> None:
    mesh = mesh_of(e.InterfacesChanged((), (), ()), told=STORY)
    answer = stranger(mesh, running=False, rejected=(SEALED,))
    assert answer.verdict.endswith(NOT_RUNNING)
    assert [label for label, _ in answer.facts] == ["heard", "refused"]


def test_a_clock_that_was_off_long_ago_is_no_obstacle() -> None:
    mesh = mesh_of(e.ClockSkewObserved(bytes(range(32)), "192.168.1.9", 3), told=STORY)
    assert "clock" not in stranger(mesh, later=DAY).verdict


def test_a_newer_version_of_long_ago_and_a_lan_that_is_off_are_no_obstacles() -> None:
    mesh = mesh_of(e.NewerPeerSeen("192.168.1.9"), told=STORY)
    assert "newer" not in stranger(mesh, later=HOUR).verdict
    off = e.SettingsChanged(replace(SETTINGS, lan=False))
    assert "network" not in stranger(mesh_of(off, e.InterfacesChanged((), (), ()), told=STORY)).verdict


def test_the_story_is_told_by_what_names_the_identity() -> None:
    assert key(ALPHA.key) in of_our_node(MESH, seen(MESH)).words
    assert BETA.key != GAMMA.key


def test_who_is_heard_and_does_not_answer_is_told_by_name_and_to_whoever_asks_for_another() -> None:
    heard = e.HelloUnanswered(bytes(range(32)), "delta", "lan", Endpoint("192.168.1.9", 40000))
    mesh = mesh_of(heard, told=STORY)
    assert stranger(mesh).verdict.startswith("delta is heard on the LAN at 192.168.1.9, ")
    assert stranger(mesh).grounds == (14,)
    assert stranger(mesh, "epsilon").verdict.startswith("no peer called epsilon was ever discovered: delta is heard")
