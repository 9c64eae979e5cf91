import itertools

from tests.cast import ALICE, BOB, CAROL, DAVE, ERIN, Member
from tests.playbook import Playbook, given
from wgmesh.domain.effects import SendDigest, SendGossip, SendRecords
from wgmesh.domain.events import PeerConnected, PeerExpired, PeersPurged
from wgmesh.domain.gossip_messages import (
    BUCKET_COUNT,
    MOST_PAIRS,
    Answer,
    Buckets,
    Digest,
    GossipMessage,
    Pairs,
    Pull,
    bucket_of,
)
from wgmesh.domain.holdings import Holdings, group, holdings, sums
from wgmesh.domain.identity import Identity
from wgmesh.domain.inputs import Told, Whispered
from wgmesh.domain.mesh import fingerprint
from wgmesh.domain.pages import paged
from wgmesh.domain.passing import PAGES
from wgmesh.domain.peer_record import SignedRecord
from wgmesh.domain.reconciling import ASKED_AT_ONCE, LONGEST_PAUSE, PAUSE, SERVED_AT_ONCE

OWN = fingerprint(ALICE.signed(ALICE.record()))
CROWD = [Member(f"n{n}", Identity.from_seed(bytes([n, 99]) * 16), f"10.0.0.{n}") for n in range(250)]


def knows(*others: Member) -> Playbook:
    """Alice is connected with Bob, and holds the records of others besides."""
    story = given(*ALICE.joined()).given(BOB.discovered(), PeerConnected(BOB.key, BOB.wireguard))
    return story.given(*(each.discovered() for each in others))


def bob_says(message: GossipMessage, own: int = OWN) -> Whispered:
    return Whispered(BOB.key, message, own)


def held(*who: Member) -> Holdings:
    """What somebody holds who knows these."""
    return {each.key: fingerprint(each.signed(each.record())) for each in (ALICE, BOB, *who)}


def digest(holds: Holdings, *, asks: bool = False) -> Whispered:
    return bob_says(Digest((sum(holds.values()) % 2**64).to_bytes(8), len(holds), asks))


def pairs(holds: Holdings, *differing: Member) -> Whispered:
    """What Bob says of the groups of these."""
    numbers = dict.fromkeys(bucket_of(each.key) for each in differing)
    return bob_says(Pairs(bytes(numbers), b"".join(pair for n in numbers for pair in group(holds, n))))


def share(who: Member) -> bytes:
    return fingerprint(who.signed(who.record())).to_bytes(8)


def buckets(story: Playbook) -> SendGossip:
    return SendGossip(BOB.key, Buckets(sums(holdings(story.mesh, OWN))))


def test_who_holds_the_same_gets_no_answer_unless_it_asks() -> None:
    story = knows(CAROL)
    story.when(digest(held(CAROL)), at="1 s").then()
    story.when(digest(held(CAROL), asks=True), at="1 s").then(SendDigest(BOB.key, asks=False))


def test_who_holds_something_else_is_told_the_sums_of_our_groups() -> None:
    story = knows(CAROL)
    for asks in (False, True):
        story.when(digest(held(DAVE), asks=asks), at="1 s").then(buckets(story))


def test_row_34_with_one_peer_a_comparison_begins_once_in_ten_seconds() -> None:
    story = knows(CAROL).when(digest(held(DAVE)), at="1 s")
    story.when(digest(held(ERIN)), at="10.9 s").then()
    story.when(digest(held(ERIN), asks=True), at="10.9 s").then(SendDigest(BOB.key, asks=False))
    story.when(digest(held(ERIN)), at="11 s").then(buckets(story))


def test_where_it_changed_neither_sum_it_begins_ever_more_rarely() -> None:
    story, begun = knows(CAROL), list[int]()
    for second in range(1, 3600):
        story = story.when(digest(held(DAVE)), at=f"{second} s")
        if story.effects:
            begun.append(story.now)
    pauses = [later - sooner for sooner, later in itertools.pairwise(begun)]
    assert pauses[:6] == [PAUSE * factor for factor in (1, 2, 4, 8, 16, 32)]
    assert {*pauses[6:]} == {LONGEST_PAUSE}
    story.when(digest(held(ERIN)), at="3600 s").then(buckets(story))


def test_of_the_groups_that_differ_we_say_all_that_we_hold() -> None:
    story = knows(CAROL, DAVE)
    said = story.when(bob_says(Buckets(sums(held(CAROL)))), at="1 s")
    said.then(SendGossip(BOB.key, Pairs(bytes([bucket_of(DAVE.key)]), group(held(DAVE), bucket_of(DAVE.key))[0])))


def test_where_no_group_differs_nothing_is_said() -> None:
    knows(CAROL).when(bob_says(Buckets(sums(held(CAROL)))), at="1 s").then()


def test_row_34_what_we_hold_is_said_once_in_ten_seconds() -> None:
    story = knows(CAROL).when(bob_says(Buckets(sums(held(DAVE)))), at="1 s")
    assert story.effects
    story.when(bob_says(Buckets(sums(held(ERIN)))), at="10.9 s").then()
    assert story.when(bob_says(Buckets(sums(held(ERIN)))), at="11 s").effects


def test_it_is_said_in_four_datagrams_at_most_and_each_fits() -> None:
    story = knows(*CROWD).when(bob_says(Buckets(bytes(8 * BUCKET_COUNT))), at="1 s")
    said = [effect.message for effect in story.effects if isinstance(effect, SendGossip)]
    assert len(said) == PAGES
    assert all(
        isinstance(each, Pairs) and len(each.pairs) <= 16 * MOST_PAIRS and len(each.numbers) <= 100 for each in said
    )
    few = knows().when(bob_says(Buckets(b"\xff" * 8 * BUCKET_COUNT)), at="1 s")
    assert [len(each.message.numbers) for each in few.effects if isinstance(each, SendGossip)] == [100, 28]  # type: ignore[union-attr]


def test_what_the_other_has_is_asked_for_and_what_it_lacks_is_sent() -> None:
    story = knows(CAROL).when(digest(held(DAVE)), at="1 s")
    both = story.when(pairs(held(DAVE), CAROL, DAVE), at="1.1 s")
    both.then(SendGossip(BOB.key, Pull(share(DAVE))), SendRecords(BOB.key, (CAROL.key,)))


def test_two_versions_of_one_record_go_both_ways() -> None:
    newer = held() | {CAROL.key: fingerprint(CAROL.signed(CAROL.record(change=3)))}
    story = knows(CAROL).when(digest(newer), at="1 s").when(pairs(newer, CAROL), at="1.1 s")
    wish = SendGossip(BOB.key, Pull(newer[CAROL.key].to_bytes(8)))
    story.then(wish, SendRecords(BOB.key, (CAROL.key,)))


def test_our_own_record_is_sent_to_who_has_an_old_one() -> None:
    older = held() | {ALICE.key: 7}
    story = knows().when(digest(older), at="1 s").when(pairs(older, ALICE), at="1.1 s")
    story.then(SendGossip(BOB.key, Pull((7).to_bytes(8))), SendRecords(BOB.key, (ALICE.key,)))


def test_pairs_that_we_did_not_ask_for_are_nothing() -> None:
    knows(CAROL).when(pairs(held(DAVE), CAROL, DAVE), at="1 s").then()
    late = knows(CAROL).when(digest(held(DAVE)), at="1 s")
    late.when(pairs(held(DAVE), CAROL, DAVE), at="11 s").then()


def test_pairs_that_agree_after_all_are_nothing() -> None:
    knows(CAROL).when(digest(held()), at="1 s").when(pairs(held(CAROL), CAROL), at="1.1 s").then()


def wishes(story: Playbook) -> list[bytes]:
    return [
        each.message.shares for each in story.effects if isinstance(each, SendGossip) and isinstance(each.message, Pull)
    ]


def test_what_does_not_come_is_asked_for_again_and_not_for_ever() -> None:
    story = knows().when(digest(held(CAROL)), at="1 s").when(pairs(held(CAROL), CAROL), at="1.1 s")
    asked = wishes(story) + wishes(story.until("9 s"))
    assert asked == [share(CAROL)] * 3
    assert story.until("9 s").state.session.trade_due is None


def test_what_we_let_go_is_not_asked_for_but_what_is_new_of_it_is() -> None:
    gone = knows(CAROL).given(PeerExpired(CAROL.key, 1), PeersPurged((CAROL.key,), ()))
    compared = gone.when(digest(held(CAROL)))
    compared.when(pairs(held(CAROL), CAROL)).then()
    newer = held(CAROL) | {CAROL.key: fingerprint(CAROL.signed(CAROL.record(boot=2)))}
    pulled = compared.when(pairs(newer, CAROL)).effects
    assert [each.message for each in pulled if isinstance(each, SendGossip)] == [Pull(newer[CAROL.key].to_bytes(8))]


def test_what_came_is_not_asked_for_again() -> None:
    story = knows().when(digest(held(CAROL)), at="1 s").when(pairs(held(CAROL), CAROL), at="1.1 s")
    came = story.when(Told("gossip", BOB.lan, (SignedRecord(CAROL.record(), CAROL.signed(CAROL.record())),), BOB.key))
    assert wishes(came.until("9 s")) == []


def test_much_is_asked_for_and_sent_little_by_little() -> None:
    mine, his = CROWD[:40], CROWD[40:80]
    story = knows(*mine).when(digest(held(*his)), at="1 s")
    for n in range(0, 80, 20):
        story = story.when(pairs(held(*his), *CROWD[n : n + 20]), at="1.1 s")
    first = knows(*mine).when(digest(held(*his)), at="1 s").when(pairs(held(*his), *CROWD), at="1.1 s")
    assert [len(each) for each in wishes(first)] == [8 * ASKED_AT_ONCE]
    (sent,) = [each for each in first.effects if isinstance(each, SendRecords)]
    assert len(paged("gossip", (who.signed(who.record()) for who in mine if who.key in sent.identities), 99)) == PAGES
    later = [each for each in story.until("1 min").effects if isinstance(each, SendRecords)]
    passed = [identity for each in later for identity in each.identities]
    assert {*passed, *sent.identities} >= {who.key for who in mine}
    assert len(passed) == len({*passed})


def test_what_is_said_of_who_is_there_is_no_business_of_records() -> None:
    knows(CAROL).when(bob_says(Answer(0)), at="1 s").then()


def test_who_pulls_gets_the_records_of_these_shares() -> None:
    story = knows(CAROL, DAVE).when(bob_says(Pull(share(DAVE) + bytes(8) + OWN.to_bytes(8))), at="1 s")
    story.then(SendRecords(BOB.key, (DAVE.key, ALICE.key)))
    knows(CAROL).when(bob_says(Pull(share(DAVE))), at="1 s").then()


def test_row_34_who_pulls_for_ever_gets_all_there_is_once_in_ten_seconds() -> None:
    story, got = knows(*CROWD[:16]), 0
    wish = bob_says(Pull(b"".join(share(each) for each in CROWD[:16])))
    for round_of in range(200):
        story = story.when(wish, at=f"{1000 + 50 * round_of} ms")
        got += sum(len(each.identities) for each in story.effects if isinstance(each, SendRecords))
    assert SERVED_AT_ONCE <= got <= 2 * SERVED_AT_ONCE
