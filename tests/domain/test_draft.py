from collections.abc import Iterator

from tests.cast import ALICE, BOB
from wgmesh.domain.draft import NEVER, Draft, Item, State
from wgmesh.domain.effects import Announce, Sample
from wgmesh.domain.events import LayerResumed, LogRecovered, NodeStopped
from wgmesh.domain.records import Record
from wgmesh.domain.session import Session
from wgmesh.domain.values import Ground, Incarnation, Moment

NOW = Moment(at=1_000, awake=7)


def a_draft() -> Draft:
    return Draft(State(), NOW, "test")


def test_events_are_numbered_and_dated_in_the_order_in_which_they_are_yielded() -> None:
    draft = a_draft()
    draft.take([(ALICE.joined()[0], ()), (ALICE.started(), (1,))])
    assert draft.step().records == (
        Record(1, 1_000, 7, "test", (), ALICE.joined()[0]),
        Record(2, 1_000, 7, "test", (1,), ALICE.started()),
    )


def test_a_policy_sees_what_the_one_before_it_decided_and_may_cite_it() -> None:
    draft = a_draft()

    def cite() -> Iterator[Item]:
        yield LayerResumed("lan"), ()
        yield NodeStopped("after lan"), (draft.mesh.layers["lan"].since.sequence,)

    draft.take(cite())
    assert [record.because for record in draft.records] == [(), (1,)]


def test_numbers_go_on_from_what_the_log_holds() -> None:
    first = a_draft()
    first.take([(event, ()) for event in ALICE.joined()])
    second = Draft(first.step().state, Moment(2_000, 8), "test")
    second.take([(BOB.discovered(), (3,))])
    assert second.mesh.head == Ground(5, 2_000, 8)
    assert second.mesh.peers[BOB.key].discovered == Ground(5, 2_000, 8)


def test_after_a_damage_the_numbers_of_what_was_lost_are_never_given_out_again() -> None:
    draft = a_draft()
    draft.take([(LogRecovered("events.db.damaged-1", 2, 7), ()), (LayerResumed("lan"), ())])
    assert [record.sequence for record in draft.records] == [7, 8]


def test_effects_are_kept_in_order_and_change_nothing() -> None:
    draft = a_draft()
    draft.take([Announce(), Sample(), Announce()])
    assert draft.step().effects == (Announce(), Sample(), Announce())
    assert draft.step().records == ()
    assert draft.mesh == State().mesh


def test_what_a_draft_remembers_leaves_the_state_it_began_with() -> None:
    before = State()
    draft = Draft(before, NOW, "test")
    draft.remember(began=5, refusals=1)
    after = draft.step().state.session
    assert (after.began, after.refusals) == (5, 1)
    assert (before.session.began, before.session.refusals) == (0, 0)


def test_a_draft_that_nothing_was_put_into_is_the_state_it_began_with() -> None:
    before = State()
    step = Draft(before, NOW, "test").step()
    assert step.state.mesh is before.mesh
    assert step.state.session is before.session
    assert (step.records, step.effects) == ((), ())


def test_the_last_counter_of_a_node_is_the_highest_of_this_run_and_of_the_log() -> None:
    draft = a_draft()
    draft.take([*((event, ()) for event in ALICE.joined()), (BOB.discovered(counter=(2, 5)), ())])
    for heard, last in ((Incarnation(2, 4), Incarnation(2, 5)), (Incarnation(2, 6), Incarnation(2, 6))):
        assert State(draft.mesh, Session(counters={BOB.key: heard})).last_counter(BOB.key) == last
    assert State(draft.mesh).last_counter(BOB.key) == Incarnation(2, 5)
    assert State().last_counter(BOB.key) == NEVER
