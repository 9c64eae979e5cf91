"""A node that is slow waits longer, for everything, and no longer than ninefold."""

from tests.cast import ALICE
from tests.playbook import given
from wgmesh.domain import strain
from wgmesh.domain.draft import Draft
from wgmesh.domain.values import Moment

START = given(*ALICE.joined()).state


def at(awake: int) -> Draft:
    return Draft(START, Moment(awake, awake), "timer/watch")


def test_who_is_well_waits_no_longer_than_it_must() -> None:
    assert strain.patience(at(0)) == 1


def test_strain_rises_and_falls_within_bounds() -> None:
    draft = at(0)
    for _ in range(20):
        strain.feel(draft, 1)
    assert strain.patience(draft) == 1 + strain.MOST
    strain.feel(draft, -1)
    assert strain.patience(draft) == strain.MOST
    for _ in range(20):
        strain.feel(draft, -1)
    assert strain.patience(draft) == 1


def test_a_timer_is_late_when_it_comes_more_than_a_quarter_of_a_second_after_its_time() -> None:
    assert not strain.is_late(at(1250), 1000)
    assert strain.is_late(at(1251), 1000)
