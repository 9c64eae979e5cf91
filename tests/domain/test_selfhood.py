import pytest
from msgspec.structs import replace

from tests.cast import ALICE, BOB, NARROW, Member
from tests.playbook import Playbook, given
from wgmesh.domain.effects import Announce, Nudge, SendConfirm, SendHello, SendPage, SendReply
from wgmesh.domain.events import CloneDetected, LayerResumed, OwnRecordOutrun, PeerConnected
from wgmesh.domain.inputs import Heard, Leave, Told
from wgmesh.domain.mesh import LAST_WORDS
from wgmesh.domain.own_record import own_record
from wgmesh.domain.peer_record import NO_IPV4, PeerRecord, SignedRecord, decode, sign
from wgmesh.domain.values import Incarnation
from wgmesh.projections.desired_device import desired_device

ALICE_IS_UP = given(*ALICE.joined())


def test_who_hears_a_newer_record_of_itself_jumps_above_it_and_keeps_the_address_it_had_there() -> None:
    ahead = ALICE.record(boot=7, change=3, nonce=2)
    story = ALICE_IS_UP.when(ALICE.announces(ahead, signed_by_sender=True), at="1 s")
    story.then(OwnRecordOutrun(Incarnation(8, 0), 2, ALICE.ipv4_with(2)), Announce())
    assert story.mesh.incarnation == Incarnation(8, 1), "above all that this run of her can have said"


def test_who_had_no_address_in_its_newer_record_has_none_now() -> None:
    ahead = ALICE.record(boot=7, nonce=255, capabilities=NO_IPV4)
    story = ALICE_IS_UP.when(ALICE.announces(ahead, signed_by_sender=True), at="1 s")
    story.then(OwnRecordOutrun(Incarnation(8, 0), 255, ""), Announce())


@pytest.mark.parametrize(
    "heard",
    [
        ALICE.announces(ALICE.record(boot=7)),
        ALICE.announces(ALICE.record(boot=1, change=2), signed_by_sender=True),
        ALICE.announces(ALICE.record(boot=1, change=1), signed_by_sender=True),
        Member("alice", ALICE.identity, ALICE.ip, NARROW).announces(signed_by_sender=True),
        ALICE.confirms(ALICE),
    ],
    ids=["unsigned", "as we know it", "older", "of another mesh", "no record"],
)
def test_other_words_in_our_own_name_mean_nothing(heard: Heard) -> None:
    ALICE_IS_UP.when(heard, at="1 s").then()


def told(record: PeerRecord) -> Told:
    return Told("exchange", BOB.exchange, (SignedRecord(record, ALICE.signed(record)),))


def test_of_two_records_as_high_ours_becomes_the_higher() -> None:
    other = replace(ALICE.record(boot=1, change=2), life=b"lifelife")
    story = ALICE_IS_UP.when(told(other), at="1 s")
    story.then(OwnRecordOutrun(Incarnation(2, 0), 0, ALICE.ipv4), Announce())
    ALICE_IS_UP.when(told(ALICE.record(boot=1, change=2)), at="1 s").then()


def twice(life: bytes, story: Playbook = ALICE_IS_UP) -> Playbook:
    """A record of hers is higher, she jumps above it, and who said it says a higher one."""
    first = story.when(told(ALICE.record(boot=7, change=3, life=life)), at="1 min")
    return first.when(told(ALICE.record(boot=9, change=0, life=life)), at="2 min")


@pytest.mark.parametrize("life", [bytes(8), b"\xff" * 8])
def test_row_29_a_record_that_is_higher_again_with_another_life_is_a_clones(life: bytes) -> None:
    story = twice(life)
    assert story.events == (CloneDetected(Incarnation(10, 0), life),)
    assert story.mesh.incarnation == Incarnation(10, 1), "so that the other sees it too"
    silent = story.mesh.is_silent(story.now + LAST_WORDS)
    assert silent == (life == b"\xff" * 8), "the lower life gives way"
    assert not story.mesh.is_silent(story.now + LAST_WORDS - 1)


def test_row_29_a_race_is_run_once_in_ten_minutes() -> None:
    story, written = ALICE_IS_UP, []
    for minute in range(1, 60):
        story = story.when(told(ALICE.record(boot=10 * minute, life=bytes(8))), at=f"{minute} min")
        written += [type(event) for event in story.events]
    assert written.count(OwnRecordOutrun) in range(4, 7)
    assert written.count(CloneDetected) in range(4, 7)


def test_what_others_remember_of_several_runs_of_a_lost_log_is_no_clone() -> None:
    """Seed 67 of the simulator: two halves of a mesh held two earlier runs of one machine."""
    story = ALICE_IS_UP.when(told(ALICE.record(boot=7, change=3, life=b"\xee" * 8)), at="1 min")
    late = story.when(told(ALICE.record(boot=7, change=9, life=b"\xee" * 8)), at="61 s")
    assert late.events == (), "she is above that, too"
    story = story.when(told(ALICE.record(boot=20, change=1, life=b"\xff" * 8)), at="61 s")
    assert story.events == (OwnRecordOutrun(Incarnation(21, 0), 0, ALICE.ipv4),)
    assert not story.mesh.is_silent(10**12)


def test_row_29_whoever_makes_up_lives_of_ours_makes_us_jump_four_times_in_ten_minutes() -> None:
    story, written = ALICE_IS_UP, []
    for second in range(1, 600):
        made_up = ALICE.record(boot=10 * second, life=second.to_bytes(8))
        story = story.when(told(made_up), at=f"{second} s")
        written += [type(event) for event in story.events]
    assert written == [OwnRecordOutrun] * 4


def test_the_last_boot_of_all_is_jumped_by_its_changes() -> None:
    last = ALICE.record(boot=2**32 - 2, change=7, life=bytes(8))
    story = ALICE_IS_UP.when(told(last), at="1 s")
    assert story.mesh.incarnation == Incarnation(2**32 - 2, 8)


def test_row_14_above_the_last_word_of_all_there_is_none_and_what_is_said_there_can_still_be_read() -> None:
    last = Incarnation(2**32 - 2, 2**32 - 2)
    story = ALICE_IS_UP.when(told(ALICE.record(boot=last.boot, change=last.sequence, life=bytes(8))), at="1 s")
    story.then(OwnRecordOutrun(last, 0, ALICE.ipv4), Announce())
    story = story.when(Leave())
    assert story.mesh.incarnation == last
    said = own_record(story.mesh)
    assert decode(sign(said, ALICE.identity)) == said


def test_row_29_who_gave_way_is_heard_no_more_and_has_nobody_on_its_device() -> None:
    known = ALICE_IS_UP.given(LayerResumed("exchange"), BOB.discovered(), PeerConnected(BOB.key, BOB.wireguard))
    story = twice(b"\xff" * 8, known)
    assert story.effects != ()
    assert len(desired_device(story.mesh, story.now).peers) == 1
    said = story.until("2 min 6 s").until("40 min").effects
    spoken = Announce | Nudge | SendConfirm | SendHello | SendPage | SendReply
    assert [effect for effect in said if isinstance(effect, spoken)] == []
    later = story.until("3 min")
    assert later.when(BOB.says_hello(ALICE, boot=7)).effects == ()
    assert desired_device(later.mesh, later.now).peers == ()
    assert later.when(Leave()).effects != ()


def test_row_29_a_new_start_speaks_again() -> None:
    story = twice(b"\xff" * 8).given(ALICE.started(101))
    assert not story.mesh.is_silent(10**12)


def test_row_29_a_clone_that_was_thrown_away_silences_nobody_with_what_others_remember_of_it() -> None:
    anew = ALICE_IS_UP.given(OwnRecordOutrun(Incarnation(7, 3), 0, ALICE.ipv4), ALICE.started(9))
    remembered = told(ALICE.record(boot=10, change=1, life=b"\xff" * 8))
    story = anew.when(remembered, at="2 min")
    story.then(OwnRecordOutrun(Incarnation(11, 0), 0, ALICE.ipv4), Announce())
    assert not story.mesh.is_silent(10**12)
    story.when(remembered, at="3 min").then()


def test_who_is_heard_with_an_older_record_than_we_hold_gets_its_own_word_back() -> None:
    newer = BOB.record(boot=5, change=1)
    story = given(*ALICE.joined(), BOB.discovered(newer)).when(BOB.replies(ALICE, **BOB.there()), at="1 s")
    assert SendPage("exchange", "", BOB.exchange, (BOB.signed(newer),)) in story.effects
    same = given(*ALICE.joined(), BOB.discovered()).when(BOB.replies(ALICE, **BOB.there()), at="1 s")
    assert [effect for effect in same.effects if isinstance(effect, SendPage)] == []
