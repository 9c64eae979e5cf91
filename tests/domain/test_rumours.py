from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL, DAVE, ERIN, Member
from tests.playbook import Playbook, given
from wgmesh.domain.effects import SendRecords
from wgmesh.domain.events import PeerConnected, PeerExpired, SettingsChanged
from wgmesh.domain.gossip_messages import HEARERS, ROUNDS
from wgmesh.domain.identity import Identity
from wgmesh.domain.inputs import Leave, Told
from wgmesh.domain.peer_record import ClaimedEndpoint, PeerRecord, SignedRecord
from wgmesh.domain.values import Endpoint

OTHERS = (BOB, CAROL, DAVE, ERIN)


def connected(*others: Member) -> Playbook:
    """Alice has been connected with these for long, and nothing is new."""
    met = ((each.discovered(), PeerConnected(each.key, each.wireguard)) for each in others)
    return given(*ALICE.joined()).given(*(event for pair in met for event in pair))


def told(who: Member, record: PeerRecord, teller: Member) -> Told:
    return Told("gossip", teller.lan, (SignedRecord(record, who.signed(record)),), teller.key)


def hearers(story: Playbook, about: Member) -> list[bytes]:
    """To whom the last step told news of this node."""
    sent = [effect for effect in story.effects if isinstance(effect, SendRecords)]
    return [effect.to for effect in sent if about.key in effect.identities]


def times(story: Playbook, about: Member, seconds: int = 5) -> list[bytes]:
    """Who is told from now on, in order."""
    return hearers(story.until(f"{seconds} s"), about)


def test_news_goes_to_three_peers_at_once_and_again_four_times_in_all() -> None:
    story = connected(*OTHERS).when(told(BOB, BOB.record(change=3), CAROL), at="1 s")
    assert sorted(hearers(story, BOB)) == sorted((DAVE.key, ERIN.key))
    everybody = hearers(story, BOB) + times(story, BOB)
    assert len(everybody) == 2 * ROUNDS
    assert story.until("5 s").state.session.news_due is None


def test_however_many_there_are_three_hear_it_in_a_round() -> None:
    crowd = [Member(f"n{n}", Identity.from_seed(bytes([n, 99]) * 16), f"10.0.0.{n}") for n in range(30)]
    story = connected(BOB, CAROL, *crowd).when(told(BOB, BOB.record(change=3), CAROL), at="1 s")
    assert len(hearers(story, BOB)) == HEARERS
    assert len(times(story, BOB)) == HEARERS * (ROUNDS - 1)


def test_rounds_are_a_fifth_of_a_second_apart() -> None:
    story = connected(*OTHERS).when(told(BOB, BOB.record(change=3), CAROL), at="1 s")
    assert hearers(story.until("1.199 s"), BOB) == []
    assert hearers(story.until("1.2 s"), BOB)
    assert len(times(story, BOB)) == len(hearers(story.until("1.6 s"), BOB))


def test_nobody_is_told_what_it_told_us_or_what_concerns_itself() -> None:
    story = connected(BOB, CAROL).when(told(BOB, BOB.record(change=3), CAROL), at="1 s")
    assert hearers(story, BOB) + times(story, BOB) == []
    first_hand = connected(BOB, CAROL).when(BOB.says_hello(ALICE, BOB.record(change=3), number=9), at="1 s")
    assert {*hearers(first_hand, BOB), *times(first_hand, BOB)} == {CAROL.key}


def test_what_is_new_of_ourselves_is_told() -> None:
    story = connected(BOB).given()
    story = story.when(replace(ALICE.start(boot=2), settings=replace(ALICE.settings, hostname="ada")), at="1 s")
    assert hearers(story, ALICE) == [BOB.key]


def test_a_goodbye_has_one_round_and_many_hearers() -> None:
    story = connected(*OTHERS).when(Leave(), at="1 s")
    assert sorted(hearers(story, ALICE)) == sorted(each.key for each in OTHERS)


def test_news_that_comes_while_other_is_told_waits_for_the_next_round() -> None:
    story = connected(*OTHERS).when(told(BOB, BOB.record(change=3), CAROL), at="1 s")
    more = story.when(told(CAROL, CAROL.record(change=3), BOB), at="1.1 s")
    assert hearers(more, CAROL) == []
    assert hearers(more.until("1.2 s"), CAROL)


def test_what_does_not_fit_four_pages_waits_its_turn() -> None:
    many = tuple(ClaimedEndpoint("lan", "wg", Endpoint(f"2001:db8::{n}", 7)) for n in range(1, 17))
    large = [replace(each.record(change=3), endpoints=many, routes=()) for each in OTHERS[1:]]
    passed = tuple(SignedRecord(said, each.signed(said)) for said, each in zip(large, OTHERS[1:], strict=True))
    story = connected(*OTHERS).when(Told("gossip", BOB.lan, passed, BOB.key), at="1 s")
    for about in OTHERS[1:]:
        assert BOB.key not in hearers(story, about) + times(story, about)
        assert hearers(story, about) + times(story, about)


def test_nothing_new_is_nothing() -> None:
    story = connected(BOB, CAROL)
    story.when(told(BOB, BOB.record(), CAROL), at="1 s").then()
    gone = story.given(PeerExpired(CAROL.key, 1))
    back = gone.when(CAROL.replies(ALICE), at="1 s")
    assert hearers(back, CAROL) == []


def test_without_anybody_to_tell_news_is_not_kept() -> None:
    story = given(*ALICE.joined()).when(BOB.says_hello(ALICE), at="1 s")
    assert story.state.session.news == {}
    assert story.state.session.news_due is None


def test_with_gossip_off_nothing_is_told() -> None:
    mute = connected(BOB, CAROL).given(SettingsChanged(replace(ALICE.settings, gossip=False)))
    assert hearers(mute.when(told(BOB, BOB.record(change=3), CAROL), at="1 s"), BOB) == []
