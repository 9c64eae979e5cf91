"""Whom a node tries over the exchange: Alice has the lowest key, so she begins with everybody."""

import itertools

import pytest
from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL, CHALLENGE, DAVE, ERIN, Member
from tests.playbook import Playbook, given, span
from wgmesh.domain.device import Traffic
from wgmesh.domain.effects import SendConfirm, SendHello
from wgmesh.domain.events import (
    InterfacesChanged,
    LayerResumed,
    PeerBanned,
    PeerConnected,
    PeerDisconnected,
    PeerExpired,
    PeerLeft,
    PeersPurged,
    RecordRenewed,
)
from wgmesh.domain.inputs import Due, Found, Leave, Networked, Resumed, Suspended, Told
from wgmesh.domain.messages import NOBODY
from wgmesh.domain.peer_record import ClaimedEndpoint, SignedRecord
from wgmesh.domain.reaching import A_SECOND, FIRST_PAUSE, FOUND_CAP, KNOCK_CAP, LAN_TRIES, sockets
from wgmesh.domain.values import MINUTE, SECOND, Endpoint, Incarnation

ON = LayerResumed("exchange")
ALICE_IS_UP = given(*ALICE.joined()).given(ON)
ELSEWHERE = Endpoint("203.0.113.9", 52000)


def told_of(who: Member) -> Told:
    return Told("exchange", CAROL.exchange, (SignedRecord(who.record(), who.signed(who.record())),))


def hellos(story: Playbook, until: str, step: int = 50) -> list[tuple[int, SendHello]]:
    """Each Hello until then, and when (ms)."""
    said = []
    for now in range(story.now, span(until) + 1, step):
        story = story.until(f"{now} ms")
        said += [(now, effect) for effect in story.effects if isinstance(effect, SendHello)]
    return said


def test_who_is_heard_of_at_second_hand_is_asked_at_once_by_the_side_that_begins_handshakes() -> None:
    (first, hello), *_ = hellos(ALICE_IS_UP.when(told_of(BOB), at="1 s"), "2 s")
    assert first - SECOND <= 300
    assert hello == SendHello("exchange", "", BOB.exchange, BOB.key, 1)


def test_the_other_side_leaves_it_two_seconds_to_begin() -> None:
    bob = given(*BOB.joined()).given(ON)
    (first, hello), *_ = hellos(bob.when(told_of(ALICE), at="1 s"), "4 s")
    assert 2 * SECOND <= first - SECOND <= 2300
    assert hello.to == ALICE.key


def test_an_unanswered_hello_is_said_again_ever_later_and_every_other_time_to_whoever_is_there() -> None:
    said = hellos(ALICE_IS_UP.when(told_of(BOB)), "40 min", step=100)
    times = [at for at, _ in said]
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    for pause, least in zip(pauses, [*(FIRST_PAUSE << n for n in range(10)), *[5 * MINUTE] * 20], strict=False):
        assert least <= pause <= least * 5 // 4 + 100
    assert [hello.to for _, hello in said[:4]] == [BOB.key, NOBODY, BOB.key, NOBODY]
    assert [hello.boot for _, hello in said[:4]] == [1, 0, 1, 0]
    assert all(hello.address == BOB.exchange for _, hello in said)


def test_a_peer_that_the_log_knows_is_tried_at_the_start() -> None:
    story = given(*ALICE.joined(), BOB.discovered(), CAROL.discovered()).when(Resumed("exchange"), at="1 s")
    assert {hello.to for _, hello in hellos(story, "1250 ms")} == {BOB.key, CAROL.key}


def test_nobody_is_tried_while_the_exchange_does_not_work() -> None:
    off = given(*ALICE.joined(), BOB.discovered()).when(told_of(CAROL), at="1 s")
    assert hellos(off, "1 min", step=1000) == []
    failed = off.when(Suspended("exchange", "port taken"), at="2 min")
    assert hellos(failed, "3 min", step=1000) == []


def test_nobody_is_tried_after_a_goodbye() -> None:
    left = ALICE_IS_UP.given(BOB.discovered()).when(Leave(), at="1 s")
    assert hellos(left, "1 min", step=1000) == []


def test_who_is_connected_is_not_tried_and_who_falls_silent_is_at_once() -> None:
    met = ALICE_IS_UP.when(told_of(BOB)).given(PeerConnected(BOB.key, BOB.wireguard))
    assert hellos(met, "2 min", step=1000) == []
    gone = met.given(at="1 h").when(told_of(CAROL)).given(PeerDisconnected(BOB.key, 1))
    gone = gone.when(Suspended("exchange", "x")).when(Resumed("exchange"))
    assert BOB.key in [hello.to for _, hello in hellos(gone, "1 h 1 s")]


def test_a_connection_of_the_last_run_has_two_seconds_to_show_itself() -> None:
    last_run = given(*ALICE.joined(), BOB.discovered(), PeerConnected(BOB.key, BOB.wireguard), ALICE.started(2))
    story = last_run.when(Resumed("exchange"), at="1 s")
    (first, _), *_ = hellos(story, "5 s")
    assert 3 * SECOND <= first <= 3300
    seen = replace(
        story.state.session, traffic=(Traffic(CAROL.public_key), Traffic(BOB.public_key, True, 5, None, 1, 1))
    )
    alive = Playbook(replace(story.state, session=seen), story.records, story.now)
    assert hellos(alive, "5 min", step=1000) == []


def test_and_once_it_did_none_of_its_addresses_is_tried_though_all_are_due_at_once() -> None:
    claims = tuple(ClaimedEndpoint("lan", "wg", Endpoint(f"203.0.113.{host}", 1)) for host in (1, 2))
    twice = BOB.record(endpoints=claims)
    last_run = given(*ALICE.joined(), BOB.discovered(twice), PeerConnected(BOB.key, BOB.wireguard), ALICE.started(2))
    story = last_run.when(Resumed("exchange"), at="1 s")
    assert len(story.state.session.knocks) == 3
    seen = replace(story.state.session, traffic=(Traffic(BOB.public_key, True, 5, None, 1, 1),))
    alive = Playbook(replace(story.state, session=seen), story.records, story.now)
    assert alive.when(Due("knock"), at="10 s").effects == ()


def test_who_was_just_heard_is_left_to_wireguard_for_six_seconds() -> None:
    story = ALICE_IS_UP.when(BOB.says_hello(ALICE), at="1 s")
    (first, hello), *_ = hellos(story, "10 s")
    assert 7 * SECOND <= first <= 7300
    assert hello.to == BOB.key


def test_an_answer_ends_the_asking_for_a_minute() -> None:
    story = ALICE_IS_UP.when(told_of(BOB)).until("500 ms")
    story = story.when(BOB.replies(ALICE, **BOB.there()), at="600 ms")
    assert SendConfirm("exchange", "", BOB.exchange, BOB.key, 1, CHALLENGE) in story.effects
    said = hellos(story, "5 min", step=1000)
    assert said[0][0] >= MINUTE
    assert said[0][1].address == BOB.exchange


def test_a_connection_ends_it_for_good() -> None:
    story = ALICE_IS_UP.when(told_of(BOB)).until("500 ms")
    story = story.given(PeerConnected(BOB.key, BOB.wireguard))
    assert hellos(story, "30 min", step=1000) == []
    assert hellos(story.given(PeerExpired(BOB.key, 1)), "30 min", step=1000) == []


def test_when_one_is_back_that_was_forgotten_all_others_that_were_are_tried_too_but_not_for_long() -> None:
    """They were cut off from us together, and have forgotten us as well: nobody says anything new of them."""
    story = ALICE_IS_UP.given(BOB.discovered(), CAROL.discovered(), DAVE.discovered(), ERIN.discovered())
    story = story.given(*(PeerConnected(each.key, each.wireguard) for each in (BOB, CAROL, DAVE)))
    story = story.given(*(PeerDisconnected(each.key, 1) for each in (BOB, CAROL, DAVE)))
    story = story.given(*(PeerExpired(each.key, 1) for each in (BOB, CAROL, DAVE, ERIN)), PeerBanned(DAVE.public_key))
    assert hellos(story, "1 min", step=1000) == []
    back = story.when(BOB.says_hello(ALICE, number=2, **BOB.there()), at="1 min")
    said = [hello for _, hello in hellos(back, "10 min", step=500) if hello.address.ip != BOB.ip]
    assert [hello.address for hello in said] == [CAROL.exchange] * LAN_TRIES
    assert [hello.to for hello in said] == [CAROL.key, NOBODY, CAROL.key]


CUT_OFF = ALICE_IS_UP.given(
    *(BOB.discovered(), CAROL.discovered()),
    *(PeerConnected(each.key, each.wireguard) for each in (BOB, CAROL)),
    *(PeerDisconnected(each.key, 1) for each in (BOB, CAROL)),
    *(PeerExpired(each.key, 1) for each in (BOB, CAROL)),
)


def test_where_somebody_is_asked_already_a_forgotten_peer_is_not_tried_beside() -> None:
    named = CUT_OFF.when(Found("peer", (CAROL.exchange,)), at="1 min").until("2 min")
    asked = named.state.session.knocks[CAROL.exchange]
    assert (asked.to, asked.named_by, asked.tries > 1) == (NOBODY, "peer", True)
    back = named.when(BOB.says_hello(ALICE, number=2, **BOB.there()), at="2 min")
    assert back.mesh.peers[BOB.key].present
    assert back.state.session.knocks[CAROL.exchange] == asked, "its pauses go on as they were"


def test_who_is_let_go_for_good_is_tried_no_more() -> None:
    back = CUT_OFF.when(BOB.says_hello(ALICE, number=2, **BOB.there()), at="29 d 23 h 59 min 59.9 s")
    assert CAROL.exchange in back.state.session.knocks
    purged = back.when(Due("forget"), at="30 d")
    assert PeersPurged((CAROL.key,), ()) in purged.events
    assert {hello.address for _, hello in hellos(purged, "30 d 1 min", step=500)} == {BOB.exchange}


def test_news_of_a_silent_peer_begins_anew() -> None:
    story = ALICE_IS_UP.when(told_of(BOB)).until("20 min")
    restarted = BOB.record(boot=5, change=0)
    news = Told("gossip", CAROL.exchange, (SignedRecord(restarted, BOB.signed(restarted)),))
    (first, hello), *_ = hellos(story.when(news, at="20 min"), "20 min 1 s")
    assert first <= span("20 min 300 ms")
    assert hello.boot == 5


def test_where_a_peer_says_no_more_that_it_is_nobody_is_asked() -> None:
    def at(*hosts: int, change: int) -> Told:
        claims = tuple(ClaimedEndpoint("lan", "wg", Endpoint(f"203.0.113.{host}", 1)) for host in hosts)
        record = BOB.record(change=change, endpoints=claims)
        return Told("exchange", CAROL.exchange, (SignedRecord(record, BOB.signed(record)),))

    asked = ALICE_IS_UP.when(at(1, 2, change=3), at="1 s")
    assert {hello.address.ip for _, hello in hellos(asked, "10 s")} == {"203.0.113.1", "203.0.113.2"}
    moved = asked.when(at(2, 3, change=4), at="11 s")
    assert {hello.address.ip for _, hello in hellos(moved, "10 min", step=200)} == {"203.0.113.2", "203.0.113.3"}


def test_ten_hellos_a_second_go_to_all_together_the_least_tried_first() -> None:
    addresses = tuple(Endpoint(f"198.51.100.{n}", 7) for n in range(1, 41))
    story = ALICE_IS_UP.when(Found("peer", addresses))
    said = hellos(story, "4 s", step=10)
    assert {hello.address for _, hello in said} == set(addresses)
    for begin in range(0, 4000, 250):
        assert sum(begin <= at < begin + SECOND for at, _ in said) <= 2 * A_SECOND
    assert len(said) <= 5 * A_SECOND


def test_nobody_keeps_step() -> None:
    addresses = tuple(Endpoint(f"198.51.100.{n}", 7) for n in range(1, 9))
    story = ALICE_IS_UP.when(Found("peer", addresses))
    dues = [knock.due for knock in story.state.session.knocks.values()]
    assert len(set(dues)) == len(dues)


def test_an_address_that_was_named_is_asked_who_is_there_until_somebody_answers() -> None:
    story = ALICE_IS_UP.when(Found("peer", (BOB.exchange,)))
    (_, hello), *_ = hellos(story, "1 s")
    assert hello == SendHello("exchange", "", BOB.exchange, NOBODY, 0)
    answered = story.until("300 ms").when(BOB.replies(ALICE, **BOB.there()), at="400 ms")
    assert answered.state.session.found == {BOB.exchange: BOB.key}
    assert [hello.to for _, hello in hellos(answered, "70 s", step=1000)][:1] == [BOB.key]
    connected = answered.given(PeerConnected(BOB.key, BOB.wireguard))
    assert hellos(connected.when(Found("peer", (BOB.exchange,)), at="1 s"), "10 min", step=1000) == []


def test_an_address_whose_node_is_gone_asks_for_whoever_is_there_now() -> None:
    story = ALICE_IS_UP.when(Found("peer", (BOB.exchange,)), at="1 s")
    story = story.when(BOB.replies(ALICE, **BOB.there()), at="2 s")
    goodbye = BOB.record(change=9, left=True)
    gone = story.when(Told("gossip", CAROL.exchange, (SignedRecord(goodbye, BOB.signed(goodbye)),)), at="3 s")
    assert isinstance(gone.events[0], PeerLeft)
    assert [hello.to for _, hello in hellos(gone, "90 s", step=1000)] == [NOBODY]


def test_an_address_of_nobody_or_our_own_is_not_asked() -> None:
    for address in (Endpoint("127.0.0.1", 7), ALICE.exchange, Endpoint(ALICE.ipv6, 7), Endpoint("fe80::2", 7, "eth0")):
        assert ALICE_IS_UP.when(Found("peer", (address,))).state.session.knocks == {}


def test_tables_are_bounded() -> None:
    assert (KNOCK_CAP, FOUND_CAP) == (1024, 64)
    story = ALICE_IS_UP
    for part in range(4):
        story = story.when(Found("peer", tuple(Endpoint(f"198.51.{part}.{n}", 7) for n in range(200))))
    assert len(story.state.session.found) == FOUND_CAP


def test_other_networks_begin_anew() -> None:
    story = ALICE_IS_UP.when(told_of(BOB)).until("20 min")
    moved = story.when(Networked((replace(ALICE.interface, prefixes=("10.0.0.9/24",)),)), at="20 min")
    assert isinstance(moved.events[0], InterfacesChanged)
    (first, _), *_ = hellos(moved, "20 min 1 s")
    assert first <= span("20 min 300 ms")


def test_where_nobody_answers_our_record_becomes_news_ever_later() -> None:
    story, times = ALICE_IS_UP.when(told_of(BOB)), []
    for now in range(0, 30 * MINUTE, 500):
        story = story.until(f"{now} ms")
        times += [now for event in story.events if isinstance(event, RecordRenewed)]
    pauses = [later - earlier for earlier, later in zip([0, *times], times, strict=False)]
    for pause, least in zip(pauses, [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000], strict=False):
        assert least <= pause <= least + 1000
    assert story.mesh.incarnation > Incarnation(1, 6)


def test_an_answer_or_a_connection_ends_the_renewing() -> None:
    story = ALICE_IS_UP.when(told_of(BOB)).until("5 s")
    answered = story.when(BOB.replies(ALICE, **BOB.there()), at="6 s")
    assert answered.state.session.renew_due is None
    connected = story.given(PeerConnected(BOB.key, BOB.wireguard)).until("30 s")
    assert connected.state.session.renew_due is None
    assert RecordRenewed() not in connected.events


def test_a_hello_on_a_lan_is_said_three_times_in_all() -> None:
    story = given(*ALICE.joined()).when(BOB.announces(), at="1 s")
    assert story.effects == (SendHello("lan", "eth0", BOB.lan, BOB.key, 1),)
    said = [at for at, hello in hellos(story, "1 min") if hello.layer == "lan"]
    assert len(said) == 2
    assert said[0] in range(2000, 2301)
    assert said[1] - said[0] in range(2000, 2551)
    answered = story.when(BOB.replies(ALICE), at="1.5 s")
    assert [hello for _, hello in hellos(answered, "1 min", step=500) if hello.layer == "lan"] == []


def test_but_once_to_a_link_local_address_because_no_record_says_that_it_is_a_members() -> None:
    story = given(*ALICE.joined()).when(BOB.announces(sender=Endpoint("fe80::9", 51830, "eth0")), at="1 s")
    assert len(story.effects) == 1
    assert hellos(story, "1 min", step=500) == []


STATIC = Endpoint("203.0.113.1", 4444)


@pytest.mark.parametrize("seen", [False, True])
def test_the_likeliest_sockets_come_first(seen: bool) -> None:
    claims = (
        ClaimedEndpoint("lan", "wg", BOB.wireguard),
        ClaimedEndpoint("static", "wg", Endpoint("203.0.113.2", 1)),
        ClaimedEndpoint("static", "exchange", STATIC),
        ClaimedEndpoint("reflexive", "wg", Endpoint("203.0.113.3", 1)),
        ClaimedEndpoint("lan", "wg", Endpoint("127.0.0.1", 1)),
    )
    story = given(*ALICE.joined(), BOB.discovered(BOB.record(endpoints=claims)))
    expected = [STATIC, BOB.exchange, Endpoint("203.0.113.2", 52000)]
    if seen:
        story = story.given(BOB.observed(Endpoint("198.51.100.7", 9)), PeerConnected(BOB.key, ELSEWHERE))
        expected = [ELSEWHERE, Endpoint("198.51.100.7", 52000), *expected]
    assert sockets(story.mesh, story.mesh.peers[BOB.key]) == tuple(expected)


def test_an_answer_of_who_is_reached_already_needs_no_other_try() -> None:
    story = ALICE_IS_UP.given(BOB.discovered(), PeerConnected(BOB.key, BOB.wireguard))
    answered = story.when(BOB.replies(ALICE, **BOB.there()), at="1 s")
    assert answered.state.session.knocks == {}
