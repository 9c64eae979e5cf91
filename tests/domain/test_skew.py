from tests.cast import ALICE, BOB, Member
from tests.playbook import given
from wgmesh.domain.events import ClockSkewObserved
from wgmesh.domain.identity import Identity
from wgmesh.domain.inputs import Skewed
from wgmesh.domain.mesh import SKEW_CAP

ALICE_IS_UP = given(*ALICE.joined())


def skewed(who: Member = BOB, hours: int = 3) -> Skewed:
    return Skewed("exchange", who.key, who.ip, hours)


def test_row_15_a_clock_that_is_off_is_told_once_a_node_and_day_while_it_is_off_as_much() -> None:
    told = ClockSkewObserved(BOB.key, BOB.ip, 3)
    story = ALICE_IS_UP.when(skewed(), at="1 s").then(told, cause="exchange")
    story.when(skewed(), at="23 h").then()
    story.when(skewed(), at="1 d 1 s").then(told)
    story.when(skewed(hours=-2), at="2 s").then(ClockSkewObserved(BOB.key, BOB.ip, -2))


def test_many_clocks_write_eight_records_an_epoch_and_fill_a_bounded_table() -> None:
    story, written = ALICE_IS_UP, 0
    for number in range(3 * SKEW_CAP):
        who = Member("x", Identity.from_seed(number.to_bytes(32)), "192.0.2.1")
        story = story.when(skewed(who), at=f"{number} min")
        written += len(story.events)
    assert len(story.mesh.skewed) == SKEW_CAP == written
    burst = ALICE_IS_UP
    for number in range(20):
        burst = burst.when(skewed(Member("x", Identity.from_seed(number.to_bytes(32)), "192.0.2.1")), at="1 s")
    assert len(burst.mesh.skewed) == 8
