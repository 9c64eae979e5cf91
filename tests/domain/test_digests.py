import itertools

from msgspec.structs import replace

from tests.cast import ALICE, EVERYBODY, Member
from tests.playbook import Playbook, given
from tests.rings import sampled
from wgmesh.domain.effects import SendDigest
from wgmesh.domain.events import PeerConnected, PeerDisconnected, SettingsChanged
from wgmesh.domain.inputs import Leave
from wgmesh.domain.values import MINUTE, SECOND

OTHERS = EVERYBODY[1:]
NEXT = min([each.key for each in OTHERS if each.key > ALICE.key] or [each.key for each in OTHERS])


def ring(*others: Member) -> Playbook:
    """Alice has just connected with these."""
    story = given().when(ALICE.start()).given(*(each.discovered() for each in others))
    return story.when(sampled(*others), at="1 s")


def digests(story: Playbook) -> list[SendDigest]:
    return [effect for effect in story.effects if isinstance(effect, SendDigest)]


def test_who_has_just_connected_is_asked_within_a_second() -> None:
    asked = [each.to for each in digests(ring(*OTHERS).until("2.1 s")) if each.asks]
    assert asked == [OTHERS[-1].key]


def test_the_next_on_the_ring_hears_of_us_every_six_seconds_and_a_random_one_every_thirty() -> None:
    settled = ring(*OTHERS).until("1 min")
    said = digests(settled.until("61 min"))
    along = [each for each in said if not each.asks]
    assert {each.to for each in along} == {NEXT}
    assert 590 <= len(along) <= 610
    random = [each.to for each in said if each.asks]
    assert 118 <= len(random) <= 122
    assert {*random} == {each.key for each in OTHERS}


def test_once_an_hour_those_who_hear_of_us_hear_how_far_our_log_reaches() -> None:
    settled = ring(*OTHERS).until("1 min")
    said = [each for each in digests(ring(*OTHERS).until("2.1 s")) if each.heads]
    assert [each.to for each in said] == [NEXT, OTHERS[-1].key]
    told = [each.to for each in digests(settled.until("4 h")) if each.heads]
    assert told.count(NEXT) == 3


def test_the_pause_is_six_seconds_and_up_to_half_of_one_off() -> None:
    story, dues = ring(*OTHERS).until("10 s"), list[int]()
    while story.now < 5 * MINUTE:
        due = story.state.session.digest_due
        assert due is not None
        dues.append(due)
        story = story.until(f"{due} ms")
    pauses = [later - sooner for sooner, later in itertools.pairwise(dues)]
    assert min(pauses) >= 5.5 * SECOND
    assert max(pauses) < 6.5 * SECOND
    assert len({*pauses}) > len(pauses) // 2


def test_a_lonely_node_says_nothing_and_does_not_wake_for_it() -> None:
    story = given().when(ALICE.start())
    assert (story.state.session.digest_due, story.state.session.remind_due) == (None, None)
    alone = ring(*OTHERS).given(*(PeerDisconnected(each.key, 1) for each in OTHERS))
    assert [each.asks for each in digests(alone.until("8 s"))].count(False) == 0
    assert alone.until("8 s").state.session.digest_due is None


def test_of_those_that_fell_silent_one_is_reminded_every_ten_seconds_for_ever() -> None:
    silent = OTHERS[:2]
    story = ring(*OTHERS).until("10 s").given(*(PeerDisconnected(each.key, 1) for each in silent))
    story = story.when(ALICE.start(boot=2))
    said = [each.to for each in digests(story.until("20 min")) if each.to in [who.key for who in silent]]
    assert 116 <= len(said) <= 120
    assert {*said} == {each.key for each in silent}


def test_who_is_heard_again_is_not_reminded() -> None:
    story = ring(*OTHERS).until("10 s").given(PeerDisconnected(OTHERS[0].key, 1)).when(ALICE.start(boot=2))
    assert story.state.session.remind_due is not None
    back = story.given(PeerConnected(OTHERS[0].key, OTHERS[0].wireguard)).until("40 s")
    assert back.state.session.remind_due is None


def test_a_run_begins_where_the_last_one_was_connected() -> None:
    events = (event for each in OTHERS for event in (each.discovered(), PeerConnected(each.key, each.wireguard)))
    story = given(*ALICE.joined(), *events).when(ALICE.start(boot=2), at="1 min")
    assert len(digests(story.until("66.1 s"))) >= 1
    assert {each.to for each in digests(story.until("66.1 s")) if not each.asks} == {NEXT}


def test_with_gossip_off_or_after_leaving_nobody_hears_of_us() -> None:
    mute = ring(*OTHERS).given(SettingsChanged(replace(ALICE.settings, gossip=False)))
    assert digests(mute.until("1 min")) == []
    assert digests(ring(*OTHERS).when(Leave()).until("1 min")) == []
