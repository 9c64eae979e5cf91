import dataclasses
import hashlib
import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL, PARAMETERS, Member
from tests.playbook import given, resting
from wgmesh.domain.allowance import Allowance
from wgmesh.domain.draft import State
from wgmesh.domain.effects import SendHello, SendReply
from wgmesh.domain.events import (
    IntroducerCurbed,
    PeerConnected,
    PeerDiscovered,
    PeerExpired,
    PeerLeft,
    PeerRefused,
    PeerUpdated,
)
from wgmesh.domain.identity import Identity
from wgmesh.domain.inputs import Told
from wgmesh.domain.introduce import discover
from wgmesh.domain.membership import MESH_FULL, OTHER_URI, TWIN_KEY, is_news
from wgmesh.domain.peer import Peer
from wgmesh.domain.peer_record import NO_IPV4, PeerRecord, SignedRecord
from wgmesh.domain.session import EPOCH_CAP, PEER_CAP, Introducer
from wgmesh.domain.values import Ground, Incarnation

ALICE_IS_UP = given(*ALICE.joined())
BOB_ELSEWHERE = Member("bob", BOB.identity, BOB.ip, replace(PARAMETERS, network="10.64.0.0/16"))


def held(record: PeerRecord) -> Peer:
    return discover(BOB.discovered(record), "lan", Ground(5, 0, 0))


def test_a_record_of_an_unknown_node_or_in_a_higher_incarnation_is_news() -> None:
    for record in (BOB.record(boot=1, change=3), BOB.record(boot=2, change=0)):
        assert is_news(None, record, BOB.signed(record))
        assert is_news(held(BOB.record(boot=1, change=2)), record, BOB.signed(record))


def test_a_record_in_a_lower_incarnation_is_none_and_the_same_one_again_neither() -> None:
    known = BOB.record(boot=2, change=2)
    for record in (BOB.record(boot=2, change=1), BOB.record(boot=1, change=9), known):
        assert not is_news(held(known), record, BOB.signed(record))


def test_of_two_records_in_one_incarnation_the_one_with_the_higher_hash_stands() -> None:
    one, other = BOB.record(hostname="one"), BOB.record(hostname="other")
    hashes = [hashlib.sha256(BOB.signed(record)).digest() for record in (one, other)]
    assert is_news(held(one), other, BOB.signed(other)) == (hashes[1] > hashes[0])
    assert is_news(held(other), one, BOB.signed(one)) == (hashes[0] > hashes[1])


def test_who_holds_the_secret_is_let_in_by_its_own_record() -> None:
    ALICE_IS_UP.when(BOB.says_hello(ALICE), at="1 s").then(
        BOB.discovered(), SendReply("lan", "eth0", BOB.lan, BOB.key, 1, BOB_CHALLENGE), cause="lan"
    )


BOB_CHALLENGE = bytes(range(16))


def test_a_newer_record_replaces_the_one_it_rests_on() -> None:
    newer = BOB.record(change=3, hostname="robert")
    story = given(*ALICE.joined(), BOB.discovered()).when(BOB.says_hello(ALICE, newer, number=2), at="1 s")
    assert isinstance(story.events[0], PeerUpdated)
    story.then(resting(BOB.updated(newer, counter=(1, 2)), on=PeerDiscovered), *story.effects)


def test_a_node_that_ran_out_of_addresses_has_none_of_ipv4() -> None:
    story = ALICE_IS_UP.when(BOB.says_hello(ALICE, BOB.record(nonce=255, capabilities=NO_IPV4)), at="1 s")
    assert (story.mesh.peers[BOB.key].ipv4, story.mesh.peers[BOB.key].ipv6) == ("", BOB.ipv6)


def test_an_answer_never_lowers_the_counter_that_stops_replays() -> None:
    story = ALICE_IS_UP.when(BOB.says_hello(ALICE, number=7), at="1 s")
    newer = BOB.record(change=3, hostname="robert")
    story = story.when(BOB.replies(ALICE, newer), at="2 s")
    assert isinstance(story.events[0], PeerUpdated)
    assert story.mesh.peers[BOB.key].counter == Incarnation(1, 7)


def test_a_goodbye_takes_out_who_said_it_and_nobody_else() -> None:
    goodbye = BOB.record(change=3, left=True)
    story = given(*ALICE.joined(), BOB.discovered(), CAROL.discovered()).when(BOB.announces(goodbye), at="1 s")
    story.then(resting(PeerLeft(BOB.key, Incarnation(1, 3), BOB.signed(goodbye)), on=PeerDiscovered))
    assert [peer.identity for peer in story.mesh.present_peers] == [CAROL.key]
    story.when(BOB.announces(goodbye), at="2 s").then()
    again = BOB.record(change=4, left=True)
    later = story.when(BOB.announces(again), at="2 s").then(PeerLeft(BOB.key, Incarnation(1, 4), BOB.signed(again)))
    assert later.mesh.peers[BOB.key].state == "left"


def test_a_goodbye_of_who_was_never_known_is_kept_and_makes_no_peer() -> None:
    goodbye = BOB.record(change=3, left=True)
    told = Told("gossip", CAROL.lan, (SignedRecord(goodbye, BOB.signed(goodbye)),), CAROL.key)
    story = ALICE_IS_UP.when(told, at="1 s")
    left = PeerLeft(BOB.key, Incarnation(1, 3), BOB.signed(goodbye))
    story.then(BOB.discovered(goodbye, counter=(0, 0)), resting(left, on=PeerDiscovered))
    assert story.mesh.present_peers == ()
    met = given(*ALICE.joined(), BOB.discovered()).when(told, at="1 s")
    assert story.mesh.digest == met.mesh.digest
    story.when(Told("gossip", CAROL.lan, (SignedRecord(BOB.record(), BOB.signed(BOB.record())),)), at="2 s").then()


def test_who_left_comes_back_only_with_a_higher_incarnation() -> None:
    gone = given(*ALICE.joined(), BOB.discovered()).when(BOB.announces(BOB.record(change=3, left=True)), at="1 s")
    asked = SendHello("exchange", "", BOB.exchange, BOB.key, 1)  # it may have lost its log, and its goodbye with it
    gone.when(BOB.says_hello(ALICE, BOB.record(change=2), number=9), at="2 s").then(asked, *_reply())
    back = gone.when(BOB.says_hello(ALICE, BOB.record(boot=2, change=2)), at="2 s")
    assert [type(event) for event in back.events] == [PeerDiscovered]


def _reply() -> Sequence[SendReply]:
    return (SendReply("lan", "eth0", BOB.lan, BOB.key, 1, BOB_CHALLENGE),)


def test_who_was_forgotten_comes_back_with_the_same_record_when_it_answers_us() -> None:
    forgotten = given(*ALICE.joined(), BOB.discovered(), PeerExpired(BOB.key, 3_600_000))
    back = forgotten.when(BOB.replies(ALICE), at="1 s")
    assert [type(event) for event in back.events] == [PeerDiscovered, type(BOB.observed())]
    assert forgotten.when(BOB.says_hello(None, number=5), at="1 s").events == ()


def test_who_was_forgotten_comes_back_with_the_same_record_when_it_echoes_our_challenge() -> None:
    forgotten = given(*ALICE.joined(), BOB.discovered(), PeerExpired(BOB.key, 3_600_000))
    asked = forgotten.when(BOB.says_hello(None, number=5), at="1 s").then(*_reply())
    assert asked.mesh.present_peers == (), "a Hello may be a replay"
    back = asked.when(BOB.confirms(ALICE), at="2 s")
    back.then(resting(BOB.discovered(), on=PeerDiscovered), resting(BOB.observed(), on=PeerDiscovered), *back.effects)
    assert back.mesh.peers[BOB.key].state == "connecting"


def test_who_is_present_is_not_discovered_again_by_an_echo() -> None:
    given(*ALICE.joined(), BOB.discovered(), BOB.observed()).when(BOB.confirms(ALICE), at="1 s").then()


def test_an_introducer_that_may_tell_of_no_more_brings_in_nobody_but_news_of_who_is_known() -> None:
    story = given(*ALICE.joined(), CAROL.discovered())
    spent = replace(story.state.session, introduced={Introducer(CAROL.key): Allowance(0, story.now)})
    story = dataclasses.replace(story, state=State(story.mesh, spent))
    newer = CAROL.record(change=3)
    curbed = story.when(tells_of(SignedRecord(BOB.record(), BOB.signed(BOB.record()))))
    assert curbed.events == (IntroducerCurbed(CAROL.key, ""),)
    assert BOB.key not in curbed.mesh.peers
    news = curbed.when(tells_of(SignedRecord(newer, CAROL.signed(newer))))
    assert news.events == (CAROL.updated(newer, counter=(1, 1)),)


def tells_of(said: SignedRecord) -> Told:
    return Told("gossip", CAROL.lan, (said,), CAROL.key)


def test_a_record_made_with_another_uri_is_refused_once() -> None:
    refused = ALICE_IS_UP.when(BOB_ELSEWHERE.announces(), at="1 s").then(PeerRefused(BOB.key, "bob", OTHER_URI))
    refused.when(BOB_ELSEWHERE.announces(BOB_ELSEWHERE.record(change=3)), at="5 s").then()
    assert refused.mesh.peers == {}


def test_a_peer_that_comes_again_with_another_uri_keeps_its_tunnel() -> None:
    story = given(*ALICE.joined(), BOB.discovered()).when(
        BOB_ELSEWHERE.announces(BOB_ELSEWHERE.record(boot=2)), at="1 s"
    )
    story.then(PeerRefused(BOB.key, "bob", OTHER_URI))
    assert [peer.identity for peer in story.mesh.present_peers] == [BOB.key]


def stranger(number: int) -> Member:
    return Member(f"stranger-{number}", Identity.from_seed(number.to_bytes(32)), "192.168.1.9", BOB_ELSEWHERE.mesh)


def test_no_more_than_a_few_refusals_are_told_in_an_epoch() -> None:
    story, told = ALICE_IS_UP, 0
    for number in range(EPOCH_CAP + 3):
        story = story.when(stranger(number).announces(), at=f"{number + 1} s")
        told += len(story.events)
    assert told == EPOCH_CAP
    story.when(stranger(99).announces(), at="10 min").then(PeerRefused(stranger(99).key, "stranger-99", OTHER_URI))


def crowd(size: int) -> list[PeerDiscovered]:
    one = BOB.discovered()
    return [
        replace(one, identity=b"i%31d" % n, public_key=b"p%31d" % n, ipv4="", ipv6=f"fd00::{n:x}", signed=b"%d" % n)
        for n in range(size)
    ]


def test_a_full_mesh_takes_nobody_new_but_listens_to_those_it_has() -> None:
    full = given(*ALICE.joined(), *crowd(PEER_CAP - 1), CAROL.discovered())
    full = full.given(*(PeerConnected(each, CAROL.wireguard) for each in full.mesh.peers))
    full.when(BOB.says_hello(ALICE), at="1 s").then(PeerRefused(BOB.key, "bob", MESH_FULL))
    newer = CAROL.record(change=3)
    assert full.when(CAROL.says_hello(ALICE, newer, number=2), at="1 s").events == (CAROL.updated(newer, (1, 2)),)


def test_a_crowd_of_the_refused_fills_no_memory() -> None:
    refusals = [PeerRefused(b"r%31d" % n, "mallory", OTHER_URI) for n in range(PEER_CAP)]
    given(*ALICE.joined(), *refusals).when(BOB_ELSEWHERE.announces(), at="1 s").then()


def twin_of(who: Member) -> Member:
    """The other identity with the WireGuard key of this one: the sign of its point is turned. Its owner can make it."""
    twin = who.key[:31] + bytes([who.key[31] ^ 0x80])
    return Member(f"{who.name}-twin", _Twin(who.identity, twin), who.ip)  # type: ignore[arg-type]


class _Twin:
    """Signs with the other key: the core takes the verdict of who checked it."""

    def __init__(self, identity: Identity, key: bytes) -> None:
        self.key, self.public_key, self._identity = key, identity.public_key, identity

    def sign(self, message: bytes) -> bytes:
        return self._identity.sign(message)


def test_row_19_of_two_identities_with_one_wireguard_key_the_lower_counts_whoever_came_first() -> None:
    lower, higher = sorted((BOB, twin_of(BOB)), key=lambda each: each.key)
    first = ALICE_IS_UP.when(lower.says_hello(ALICE), at="1 s").when(higher.says_hello(ALICE), at="2 s")
    assert first.events == (PeerRefused(higher.key, higher.name, TWIN_KEY),)
    last = ALICE_IS_UP.when(higher.says_hello(ALICE), at="1 s").when(lower.says_hello(ALICE), at="2 s")
    assert last.events == (lower.discovered(),)
    for story in (first, last):
        assert [peer.identity for peer in story.mesh.present_peers] == [lower.key]
        again = story.when(higher.says_hello(ALICE, higher.record(boot=2)), at="3 s")
        assert [peer.identity for peer in again.mesh.present_peers] == [lower.key]


def test_row_19_the_twin_of_our_own_identity_is_never_let_in() -> None:
    twin = twin_of(ALICE)
    ALICE_IS_UP.when(twin.says_hello(ALICE), at="1 s").then(PeerRefused(twin.key, twin.name, TWIN_KEY))


RECORDS = [
    (who, who.record(boot=boot, change=change, hostname=f"{who.name}-{number}"))
    for who in (BOB, CAROL)
    for boot, change, number in ((1, 2, 0), (1, 3, 0), (1, 3, 1), (2, 0, 0))
]


@examples(st.permutations(RECORDS))
def test_the_order_in_which_records_are_heard_does_not_matter_for_what_is_held(
    records: list[tuple[Member, PeerRecord]],
) -> None:
    story = ALICE_IS_UP
    for place, (who, record) in enumerate(records, start=1):
        story = story.when(who.replies(ALICE, record), at=f"{place} s")
    reference = ALICE_IS_UP
    for who, record in RECORDS:
        reference = reference.when(who.replies(ALICE, record), at="1 s")
    assert story.mesh.digest == reference.mesh.digest
    assert {key: peer.signed for key, peer in story.mesh.peers.items()} == {
        who.key: who.signed(who.record(boot=2, change=0, hostname=f"{who.name}-0")) for who in (BOB, CAROL)
    }


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_goodbye_of_a_peer_stands_against_all_that_it_said_before(order: tuple[int, ...]) -> None:
    said = [BOB.record(change=3), BOB.record(change=4), BOB.record(change=5, left=True)]
    story = given(*ALICE.joined(), BOB.discovered())
    for place, index in enumerate(order, start=1):
        story = story.when(BOB.replies(ALICE, said[index]), at=f"{place} s")
    assert story.mesh.peers[BOB.key].state == "left"
    assert story.mesh.peers[BOB.key].signed == BOB.signed(said[2])
