"""Alice on a ring with four others, in the order in which she comes upon them going back from herself."""

from tests.cast import ALICE, Member
from tests.playbook import Playbook, span
from tests.rings import OTHERS, answers, before, lives_on, probed, ring, sampled, says
from wgmesh.domain.events import PeerDisconnected
from wgmesh.domain.gossip_messages import Vouch
from wgmesh.domain.identity import Identity
from wgmesh.domain.inputs import Due, Echoed, Suspended, Woke
from wgmesh.domain.watch import WARD_CAP, Ward

FIRST = before(ALICE)
SECOND = before(FIRST, tuple(each for each in OTHERS if each != FIRST))
THIRD = before(SECOND, tuple(each for each in OTHERS if each not in (FIRST, SECOND)))
ALL = ring(*OTHERS)


def wards(story: Playbook) -> dict[bytes, Ward]:
    return story.state.session.watch.wards


def echoing(story: Playbook, who: Member, began: str) -> Playbook:
    """It owes a sign by then, is asked twice, and its machine alone answers."""
    story = story.when(Due("watch"), at=began)
    assert who.key in probed(story.effects)
    story = story.when(Due("watch"), at=f"{span(began) + 500} ms").when(sampled(*OTHERS))
    return story.when(Echoed(who.ipv6), at=f"{span(began) + 501} ms")


MUTE = echoing(ALL, FIRST, "7.5 s")


def test_nobody_is_without_a_watcher_because_a_daemon_is_dead_and_its_machine_answers() -> None:
    """The one before it is asked for a sign at once: it may have been unwatched for a while."""
    assert list(wards(MUTE)) == [FIRST.key, SECOND.key]
    assert wards(MUTE)[SECOND.key].owed == span("8.001 s")
    assert list(probed(MUTE.when(Due("watch")).effects)) == [SECOND.key]


def test_who_is_cut_off_behind_a_dead_daemon_is_shown_as_silent() -> None:
    asked = MUTE.when(Due("watch"), at="8.001 s").when(says(THIRD), at="8.002 s")
    story = lives_on(asked, "12.2 s", sampled(*OTHERS, ages={SECOND: 12_000}))
    assert [event for event in story.events if isinstance(event, PeerDisconnected)] == [
        PeerDisconnected(SECOND.key, span("3 s"))
    ]
    assert list(wards(story)) == [FIRST.key, THIRD.key]


def test_who_is_watched_in_a_mute_ones_stead_answers_and_is_asked_again_when_it_owes_a_sign() -> None:
    """Its Digests go to the mute one: it has to be asked."""
    answered = answers(MUTE.when(Due("watch"), at="8.001 s"), SECOND)
    assert wards(answered)[SECOND.key] == Ward(span("15.501 s"), span("8.001 s"))
    assert wards(answered)[FIRST.key] == Ward(span("15.501 s"), span("8.001 s"), mute=True)


def test_the_mute_one_is_watched_as_before() -> None:
    asked = answers(MUTE.when(Due("watch"), at="8.001 s"), SECOND).when(Due("watch"), at="15.501 s")
    assert list(probed(asked.effects)) == [FIRST.key, SECOND.key]


def test_of_several_that_are_mute_in_a_row_all_are_watched_and_the_first_that_speaks() -> None:
    story = echoing(MUTE, SECOND, "8.001 s")
    assert list(wards(story)) == [FIRST.key, SECOND.key, THIRD.key]
    assert [ward.mute for ward in wards(story).values()] == [True, True, False]


def test_a_crowd_of_mute_ones_is_bounded() -> None:
    crowd = tuple(Member("", Identity.from_seed(bytes([n]) * 32), f"192.168.1.{n}") for n in range(50, 70))
    story, now = ring(*crowd), span("7.5 s")
    for _ in range(2 * WARD_CAP):
        nearest = next((key for key, ward in wards(story).items() if not ward.mute), b"")
        who = [each for each in crowd if each.key == nearest]
        story = story.when(Due("watch"), at=f"{now} ms")
        story = story.when(Echoed(who[0].ipv6)) if who else story
        now += 10
    assert len(wards(story)) == WARD_CAP
    assert all(ward.mute for ward in wards(story).values())


def test_one_word_of_its_daemon_and_it_watches_for_itself_again() -> None:
    assert list(wards(MUTE.when(says(FIRST), at="9 s"))) == [FIRST.key]


def test_who_is_vouched_for_speaks_though_not_to_us() -> None:
    asked = ALL.when(Due("watch"), at="7.5 s")
    number = probed(asked.effects)[FIRST.key]
    assert list(wards(asked.when(says(SECOND, Vouch(FIRST.key, number)), at="8 s"))) == [FIRST.key]


def test_who_gives_bytes_and_no_word_until_the_last_look_is_mute_and_asked_again() -> None:
    """It was asked in vain, and then its bytes ended the doubt: it must not be forgotten with it."""
    story = lives_on(ALL.when(says(THIRD), at="7 s"), "7.9 s", sampled(*OTHERS))
    story = lives_on(story, "8.4 s", sampled(*OTHERS)).when(says(THIRD))
    story = lives_on(story, "10.5 s", sampled(*OTHERS, rx={FIRST: 101}))
    assert story.events == ()
    assert wards(story)[FIRST.key] == Ward(span("18 s"), span("10.5 s"), mute=True)


def test_who_is_asked_is_asked_again_when_its_next_sign_is_due_whatever_becomes_of_the_doubt() -> None:
    asked = ALL.when(Due("watch"), at="7.5 s")
    assert wards(asked)[FIRST.key].owed == span("15 s")


def test_who_slept_excuses_all_its_wards_and_keeps_in_mind_who_is_mute() -> None:
    woken = MUTE.when(Woke(span("1 h")), at="1 h")
    assert [(ward.owed, ward.mute) for ward in wards(woken).values()] == [
        (span("1 h") + 3 * 7500, True),
        (span("1 h") + 3 * 7500, False),
    ]


def test_without_gossip_nobody_is_watched() -> None:
    assert wards(MUTE.when(Suspended("gossip", "port taken"))) == {}


def test_when_a_mute_one_falls_silent_whom_it_did_not_watch_stays_watched() -> None:
    story = MUTE.when(sampled(*OTHERS, ages={FIRST: 200_000}), at="4 min")
    assert wards(story) == {SECOND.key: wards(MUTE)[SECOND.key]}
