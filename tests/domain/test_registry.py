"""When a node looks into the registry: alone at once and ever more rarely; in a mesh it keeps its note fresh."""

import hashlib
import itertools
from typing import Any

from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL, EVERYBODY
from tests.playbook import Playbook, given, resting, span
from wgmesh.domain.effects import Consult, SendHello
from wgmesh.domain.electing import ELECTED
from wgmesh.domain.events import (
    LayerResumed,
    LayerSuspended,
    PeerConnected,
    PeerDiscovered,
    PeerExpired,
    PeerLeft,
    RegistryEntryCreated,
    RegistryEntryFound,
    SettingsChanged,
)
from wgmesh.domain.inputs import Consulted, Due, Leave, Networked, Resumed
from wgmesh.domain.peer_record import ClaimedEndpoint, PeerRecord, SignedRecord
from wgmesh.domain.registry import (
    CREATE_PAUSE,
    FIRST_PAUSE,
    LEAST_PAUSE,
    LONGEST_PAUSE,
    REFRESH_PAUSE,
    SPREAD,
    WATCH_PAUSE,
)
from wgmesh.domain.values import DAY, HOUR, SECOND, Endpoint, Interface

ON: dict[str, Any] = {"registry": True, "registry_url": "https://git.example", "registry_repo": "a/b"}
WRITES = replace(ALICE.settings, **ON, registry_writes=True)
READS = replace(ALICE.settings, **ON)
ANEW = Consult(0, 0, creates=True, writes=True)


def starts(settings: object = WRITES, *before: Any) -> Playbook:
    """Alice's log, with what was before, and the start of another run."""
    story = given(*ALICE.joined(), SettingsChanged(settings), *before)  # type: ignore[arg-type]
    story = story.when(ALICE.start(boot=2, settings=settings)).when(Networked((ALICE.interface,)))  # type: ignore[arg-type]
    return story.when(Resumed("exchange"))


def visits(story: Playbook, until: str, step: int = 100) -> list[tuple[int, Consult]]:
    """Each visit until then, and when (ms)."""
    done = []
    for now in range(story.now, span(until) + 1, step):
        story = story.until(f"{now} ms")
        done += [(now, effect) for effect in story.effects if isinstance(effect, Consult)]
    return done


def said(record: PeerRecord | None = None) -> SignedRecord:
    """Bob's note."""
    record = record or BOB.record()
    return SignedRecord(record, BOB.signed(record))


IN_A_MESH = (BOB.discovered(), PeerConnected(BOB.key, BOB.wireguard))


def test_who_is_alone_looks_at_once_and_leaves_a_note() -> None:
    (first, visit), *_ = visits(starts(), "1 s")
    assert first <= SPREAD + 100
    assert visit == ANEW


def test_who_stays_alone_looks_ever_more_rarely() -> None:
    times = [at for at, _ in visits(starts(), "1 h", step=5000)]
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert FIRST_PAUSE - 5000 <= pauses[0] <= FIRST_PAUSE * 5 // 4 + 5000
    assert all(pause <= LONGEST_PAUSE * 5 // 4 + 5000 for pause in pauses)
    assert pauses[-1] >= LONGEST_PAUSE - 5000
    assert len(times) <= 20


def test_without_a_token_nothing_is_written() -> None:
    done = visits(starts(READS), "1 min", step=1000)
    assert done
    assert all(visit == Consult(0, 0, creates=False, writes=False) for _, visit in done)
    assert all(not visit.writes for _, visit in visits(starts(READS, *IN_A_MESH), "2 h", step=60_000))


def test_who_is_off_and_who_has_left_never_looks() -> None:
    assert visits(starts(ALICE.settings), "10 min", step=1000) == []
    assert visits(starts().when(Leave()), "10 min", step=1000) == []
    starts(ALICE.settings).when(Due("visit"), at="1 min").then()


def test_with_a_tunnel_our_note_is_written_again_before_it_counts_no_more() -> None:
    story = starts(WRITES, *IN_A_MESH)
    wrote, done = story.until("2 min"), visits(story, "2 min", step=1000)
    assert [LEAST_PAUSE <= at <= LEAST_PAUSE + 2000 for at, _ in done] == [True]
    after = wrote.when(Consulted(7, wrote=True)).given(PeerConnected(BOB.key, BOB.wireguard))
    later = visits(after, "1 d", step=300_000)
    writes = [at for at, visit in later if visit.writes]
    assert REFRESH_PAUSE <= writes[0] - wrote.now < DAY - HOUR


def test_in_a_mesh_two_read_now_and_then_and_nobody_else() -> None:
    ranked = sorted(EVERYBODY, key=lambda who: hashlib.sha256(who.key).digest())
    for who in EVERYBODY:
        settings = replace(who.settings, **ON)
        others = (other for other in EVERYBODY if other is not who)
        met = [event for each in others for event in (each.discovered(), PeerConnected(each.key, each.wireguard))]
        story = given(*who.joined(), SettingsChanged(settings), *met).when(who.start(boot=2, settings=settings))
        done = visits(story, "4 h", step=60_000)
        assert bool(done) == (who in ranked[:ELECTED])
        pauses = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(done)]
        assert all(WATCH_PAUSE - 60_000 <= pause <= WATCH_PAUSE * 5 // 4 + 60_000 for pause in pauses)


def test_where_we_are_now_is_written_soon_but_not_with_every_move() -> None:
    story = starts(WRITES, *IN_A_MESH).until("2 min").when(Consulted(7, wrote=True))
    elsewhere = Interface("eth0", 2, 1500, ("192.168.2.9/24",))
    moved = story.when(Networked((elsewhere,)), at="2 min 1 s").when(Networked((ALICE.interface,)), at="2 min 2 s")
    (at, visit), *others = visits(moved, "10 min", step=1000)
    assert (visit, others) == (ANEW, [])
    assert at <= span("2 min 1 s") + LEAST_PAUSE


def test_who_loses_its_last_tunnel_looks_soon() -> None:
    story = starts(WRITES, *IN_A_MESH).until("10 min").when(Consulted(7, wrote=True))
    alone = story.when(BOB.announces(BOB.record(change=9, left=True)), at="10 min 5 s")
    (first, _), *_ = visits(alone, "11 min")
    assert first <= span("10 min 6 s")


def test_the_first_visit_of_a_run_goes_to_the_issue_that_we_know_and_the_next_looks_for_it() -> None:
    story = starts(WRITES, RegistryEntryFound(7))
    first, second, *_ = (visit for _, visit in visits(story, "10 s"))
    assert (first, second) == (Consult(7, 0, creates=True, writes=True), ANEW)


def test_an_issue_of_another_registry_is_forgotten() -> None:
    for change in ({"registry_url": "https://other.example"}, {"registry_repo": "c/d"}, {"registry": False}):
        story = starts(WRITES, RegistryEntryFound(7)).given(SettingsChanged(replace(WRITES, **change)))
        assert (story.mesh.entry is None) == ("registry" not in change)
    assert starts(WRITES, RegistryEntryFound(7)).mesh.entry is not None


def test_an_issue_that_we_made_is_told_and_none_is_made_for_an_hour() -> None:
    story = starts().until("1 s").when(Consulted(7, created=True, wrote=True), at="2 s")
    story.then(LayerResumed("registry"), RegistryEntryCreated(7), cause="registry")
    assert story.mesh.entry is not None
    assert (story.mesh.entry.number, story.mesh.entry.made) == (7, 7)
    done = visits(story, "80 min", step=5000)
    assert all(visit.made == 7 for _, visit in done)
    assert all(visit.creates == (at >= 5000 + CREATE_PAUSE) for at, visit in done)


def test_where_we_meet_is_told_when_it_is_elsewhere() -> None:
    first = starts().until("1 s").when(Consulted(7), at="2 s").then(LayerResumed("registry"), RegistryEntryFound(7))
    first.when(Consulted(7), at="3 s").then()
    first.when(Consulted(), at="3 s").then()
    moved = first.when(Consulted(5), at="3 s").then(resting(RegistryEntryFound(5), on=RegistryEntryFound))
    made = moved.given(RegistryEntryCreated(9)).when(Consulted(5), at="4 s").then(RegistryEntryFound(5))
    assert made.mesh.entry is not None
    assert (made.mesh.entry.number, made.mesh.entry.made) == (5, 9)
    assert [visit.made for _, visit in visits(made, "10 s")] == [0]


def test_a_note_is_taken_like_any_record_at_second_hand_and_its_owner_is_asked() -> None:
    story = starts().until("1 s").when(Consulted(7, passed=(said(),)), at="2 s")
    assert [type(event) for event in story.events] == [LayerResumed, RegistryEntryFound, PeerDiscovered]
    asked = [effect for effect in story.until("5 s").effects if isinstance(effect, SendHello)]
    assert dict.fromkeys(effect.address for effect in asked) == {BOB.exchange: None}


def test_row_38_an_old_note_moves_nothing() -> None:
    left = BOB.record(change=9, left=True)
    story = starts(WRITES, BOB.discovered(BOB.record(change=5)), PeerLeft(BOB.key, left.incarnation, BOB.signed(left)))
    after = story.until("1 s").when(Consulted(7, passed=(said(),)), at="2 s")
    assert after.events == (LayerResumed("registry"), RegistryEntryFound(7))


def test_who_was_given_up_and_keeps_a_note_is_asked_again() -> None:
    at = ClaimedEndpoint("static", "exchange", Endpoint("203.0.113.7", 7))
    record = BOB.record(endpoints=(*BOB.record().endpoints, at))
    gone = (BOB.discovered(record), PeerExpired(BOB.key, HOUR))
    story = starts(WRITES, *gone, CAROL.discovered()).until("1 s")
    after = story.when(Consulted(7, missed=(BOB.key, CAROL.key, bytes(32))), at="2 s")
    assert list(after.state.session.found) == [at.endpoint, BOB.exchange]
    nowhere = starts(WRITES, BOB.discovered(BOB.record(endpoints=())), gone[1]).until("1 s")
    assert nowhere.when(Consulted(7, missed=(BOB.key,)), at="2 s").state.session.found == {}


def test_what_refuses_us_is_said_once_and_left_alone_for_as_long_as_it_says() -> None:
    story = starts().until("1 s").when(Consulted(trouble="no", wait=30 * 60 * SECOND), at="2 s")
    story.then(LayerSuspended("registry", "no"))
    (first, _), *_ = visits(story, "45 min", step=5000)
    assert span("30 min") <= first - 2000 <= span("30 min") * 5 // 4 + 5000
    again = story.until(f"{first} ms").when(Consulted(trouble="no"))
    again.then()
    (second, _), *_ = visits(again, "1 h", step=5000)
    assert second - first <= LONGEST_PAUSE * 5 // 4 + 5000
    again.when(Consulted(7), at=f"{second} ms").then(
        resting(LayerResumed("registry"), on=LayerSuspended), RegistryEntryFound(7)
    )


def test_an_answer_that_comes_after_the_end_plans_nothing() -> None:
    left = starts().until("1 s").when(Leave(), at="2 s").when(Consulted(trouble="no", wait=5), at="3 s")
    assert left.state.session.visits.due is None
