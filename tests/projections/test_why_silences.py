"""Who ought to answer and does not, in words that say what to look at."""

import pytest

from tests.stories import BETA, GAMMA, MESH, STORY, mesh_of
from wgmesh.domain import events as e
from wgmesh.domain.identity import wireguard_key
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import DAY, MINUTE, Endpoint
from wgmesh.projections.why_answer import Circumstances
from wgmesh.projections.why_peer import of_peer
from wgmesh.projections.why_places import of_address
from wgmesh.projections.why_silences import muteness, silence, unanswered
from wgmesh.projections.why_strangers import of_stranger
from wgmesh.projections.wording import key

DELTA = bytes(range(32))
HEARD = e.HelloUnanswered(DELTA, "delta", "lan", Endpoint("192.168.1.9", 40000))
NAMELESS = e.HelloUnanswered(DELTA, "", "lan", Endpoint("192.168.1.9", 40000))
NAMED = e.HelloUnanswered(bytes(32), "", "peer", Endpoint("203.0.113.9", 52000))
FOUND = e.HelloUnanswered(bytes(32), "", "dht", Endpoint("203.0.113.8", 52000))
DEAF = (
    "delta is heard on the LAN at 192.168.1.9, and for 1 min it does not answer: does a firewall there keep UDP out,"
    " or does it ban this node?"
)
NOBODY = (
    "for 1 min nobody answers at 203.0.113.9:52000, which --peer named: is that the exchange port of a node of this"
    " mesh, does it run, is its clock right, does a firewall let UDP in?"
)


def after(*last: e.Event, later: int = MINUTE) -> tuple[Mesh, Circumstances]:
    mesh = mesh_of(*last, told=STORY)
    return mesh, Circumstances(mesh.head.at + later, mesh.head.awake + later, running=True)


@pytest.mark.parametrize(("event", "text"), [(HEARD, DEAF), (NAMED, NOBODY)])
def test_a_neighbour_and_an_address_are_told_apart(event: e.HelloUnanswered, text: str) -> None:
    mesh, seen = after(event)
    assert silence(mesh, mesh.unanswered[0], seen) == text


def test_a_neighbour_without_a_name_goes_by_its_key() -> None:
    mesh, seen = after(NAMELESS)
    assert silence(mesh, mesh.unanswered[0], seen).startswith(f"{key(wireguard_key(DELTA))} is heard on the LAN")


def test_the_newest_comes_first_and_after_a_day_nobody_asks() -> None:
    mesh, seen = after(HEARD, NAMED)
    assert [each.layer for each in unanswered(mesh, seen)] == ["peer", "lan"]
    assert unanswered(*after(HEARD, later=DAY)) == []


def test_why_names_who_is_heard_and_does_not_answer_by_name_key_and_address() -> None:
    mesh, seen = after(NAMED, HEARD)
    for subject in ("delta", key(DELTA)[:9]):
        answer = of_stranger(mesh, subject, seen)
        assert (answer.verdict, answer.grounds, answer.identity) == (DEAF, (15,), DELTA)
    place = of_address(mesh, "192.168.1.9", seen)
    assert place.verdict == f"192.168.1.9 answers no Hello: {DEAF}"
    assert place.grounds == (15,)
    assert of_address(mesh, "203.0.113.9", seen).verdict.startswith("203.0.113.9 answers no Hello: for 1 min 1 s")


def test_why_of_a_name_that_nothing_is_known_of_tells_who_does_not_answer() -> None:
    mesh, seen = after(FOUND, NAMED)
    answer = of_stranger(mesh, "epsilon", seen)
    assert answer.verdict == f"no peer called epsilon was ever discovered: {NOBODY}"
    assert answer.facts == (("tried", silence(mesh, mesh.unanswered[0], seen)),)
    assert of_stranger(mesh, key(bytes(32))[:5], seen).verdict == (
        answer.verdict.replace("epsilon", key(bytes(32))[:5])
    )


def test_a_connected_peer_whose_daemon_is_dead_is_told_with_what_to_do() -> None:
    mesh, seen = after(e.DaemonMissed(BETA.key, 9000))
    words = "for 1 min its daemon says nothing, while its machine answers: start `wgmesh join` there"
    assert muteness(mesh, mesh.peers[BETA.key], seen) == words
    answer = of_peer(mesh, mesh.peers[BETA.key], seen)
    assert answer.verdict == f"beta is connected for 1 min 8 s, directly at 192.168.1.17:21820, but {words}"
    assert answer.grounds[0] == 14
    assert muteness(MESH, MESH.peers[GAMMA.key], seen) == ""
