"""Alice hears of somebody who does not answer her."""

from tests.cast import ALICE, BOB, Member
from tests.playbook import Playbook, given
from wgmesh.domain.effects import SendHello
from wgmesh.domain.events import HelloUnanswered, LayerResumed
from wgmesh.domain.identity import Identity
from wgmesh.domain.inputs import Found
from wgmesh.domain.messages import NOBODY
from wgmesh.domain.peer_record import ClaimedEndpoint
from wgmesh.domain.values import Endpoint

ALICE_IS_UP = given(*ALICE.joined()).given(LayerResumed("exchange"))
HELLO = SendHello("lan", "eth0", BOB.lan, BOB.key, 1)
DEAF = HelloUnanswered(BOB.key, "bob", "lan", BOB.lan)
ELSEWHERE = Endpoint("203.0.113.9", 52000)
NOBODY_THERE = HelloUnanswered(NOBODY, "", "peer", ELSEWHERE)


def silences(story: Playbook, at: str) -> list[HelloUnanswered]:
    """What is recorded of them until then."""
    return [event for event in story.until(at).events if isinstance(event, HelloUnanswered)]


def test_who_is_heard_on_the_lan_again_though_it_did_not_answer_is_told_once_a_day() -> None:
    story = ALICE_IS_UP.when(BOB.announces(), at="1 s").then(HELLO)
    story = story.when(BOB.announces(), at="3.9 s").then(HELLO)
    story = story.when(BOB.announces(), at="6.9 s").then(DEAF, HELLO, cause="lan")
    story = story.when(BOB.announces(), at="11 s").then(HELLO)
    story.when(BOB.announces(), at="23 h").then(HELLO)
    story.when(BOB.announces(), at="1 d 7 s").then(DEAF, HELLO)


def test_who_answered_is_a_peer_and_not_told() -> None:
    story = ALICE_IS_UP.when(BOB.announces(), at="1 s").when(BOB.replies(ALICE), at="1.1 s")
    assert not any(isinstance(record.event, HelloUnanswered) for record in story.records)
    news = story.when(BOB.announces(BOB.record(change=3)), at="1 min")
    assert news.when(BOB.announces(BOB.record(change=3)), at="2 min").events == ()


def test_nobody_at_an_address_that_the_operator_named_is_told_after_five_hellos() -> None:
    story = ALICE_IS_UP.when(Found("peer", (ELSEWHERE,)), at="1 s")
    assert silences(story, "3 s") == []
    assert silences(story, "1 h") == [NOBODY_THERE]
    told = story.until("1 h")
    assert silences(told.when(Found("peer", (ELSEWHERE,)), at="2 h"), "3 h") == []
    assert silences(told.when(Found("peer", (ELSEWHERE,)), at="1 d 1 min"), "1 d 2 min") == [NOBODY_THERE]


def test_of_a_known_peer_its_own_tries_tell() -> None:
    home = ClaimedEndpoint("lan", "exchange", BOB.exchange)
    bob = BOB.discovered(BOB.record(endpoints=(home,)))
    story = ALICE_IS_UP.given(bob).when(Found("peer", (BOB.exchange,)), at="1 s")
    assert silences(story, "30 min") == []


def test_many_that_do_not_answer_write_eight_records_an_epoch() -> None:
    strangers = [
        Member(f"n{number}", Identity.from_seed(bytes([number, 9] * 16)), f"192.168.1.{number}")
        for number in range(100, 120)
    ]
    story, written = ALICE_IS_UP, list[str]()
    for at in ("1 s", "9 s"):
        for stranger in strangers:
            story = story.when(stranger.announces(), at=at)
            written += [event.hostname for event in story.events if isinstance(event, HelloUnanswered)]
    assert written == [stranger.name for stranger in strangers[:8]]
