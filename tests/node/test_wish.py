"""The remembered wish is what would be worked out anew at every moment, and is worked out only where it changes."""

import pytest
from msgspec.structs import replace

from tests.cast import ALICE, BOB, Member
from tests.playbook import Playbook, given, span
from wgmesh.domain.draft import State
from wgmesh.domain.events import CloneDetected, PeerBanned, PeerEndpointObserved
from wgmesh.domain.mesh import LAST_WORDS
from wgmesh.domain.session import Session, Try
from wgmesh.domain.values import Incarnation
from wgmesh.node.wish import Wish
from wgmesh.projections.desired_device import desired_device


def meets(teller: Member, other: Member) -> Playbook:
    seen = PeerEndpointObserved(other.key, "lan", other.wireguard)
    return given(*teller.joined(), other.discovered(), seen)


@pytest.mark.parametrize(("teller", "other"), [(ALICE, BOB), (BOB, ALICE)])
def test_at_every_moment_it_is_what_is_wished_then(teller: Member, other: Member) -> None:
    state = State(meets(teller, other).mesh)
    wish, changes, last = Wish(), [], None
    for moment in range(0, span("12 min"), 250):
        device = desired_device(state.mesh, moment, {})
        assert wish.at(state, moment) == device
        if device != last:
            changes.append(moment)
            last = device
    assert len(changes) > 4


def test_between_two_turns_it_is_not_worked_out_again() -> None:
    state, wish = State(meets(ALICE, BOB).mesh), Wish()
    first = wish.at(state, 0)
    assert wish.at(replace(state, session=replace(state.session, turn_due=5)), span("5.999 s")) is first
    assert wish.at(state, span("6 s")) is not first


def test_another_mesh_and_another_try_on_hearsay_make_another() -> None:
    story, wish = given(*ALICE.joined(), BOB.discovered()), Wish()
    state = State(story.mesh)
    assert wish.at(state, 0).peers[0].endpoint is None
    trying = State(story.mesh, Session(trying={BOB.key: Try(BOB.key, BOB.wireguard, 0)}))
    assert wish.at(trying, 0).peers[0].endpoint == BOB.wireguard
    assert wish.at(State(story.given(PeerBanned(BOB.public_key)).mesh), 0).peers == ()


def test_who_gives_way_to_its_clone_wishes_for_nobody_from_then_on() -> None:
    story = meets(ALICE, BOB).given(CloneDetected(Incarnation(9, 9), b"\xff" * 8))
    state, wish = State(story.mesh), Wish()
    assert [len(wish.at(state, moment).peers) for moment in (0, LAST_WORDS - 1, LAST_WORDS)] == [1, 1, 0]
