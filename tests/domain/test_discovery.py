import pytest
from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL, CHALLENGE, DAVE, LAN_PORT, Member
from tests.playbook import Playbook, given, resting, span
from wgmesh.domain.discovery import ANSWERS_A_SECOND, ANSWERS_AT_ONCE
from wgmesh.domain.effects import SendConfirm, SendHello, SendPage, SendReply
from wgmesh.domain.events import (
    EndpointReflected,
    LayerResumed,
    PeerBanned,
    PeerConnected,
    PeerDisconnected,
    PeerDiscovered,
    PeerExpired,
    PeerLeft,
    PeerRefused,
    PeerUpdated,
    SettingsChanged,
)
from wgmesh.domain.identity import Identity
from wgmesh.domain.inputs import Heard
from wgmesh.domain.membership import OTHER_URI
from wgmesh.domain.messages import Reply
from wgmesh.domain.peer_record import PROBE
from wgmesh.domain.values import Endpoint, Incarnation, Interface

ALICE_IS_UP = given(*ALICE.joined())
ALICE_KNOWS_BOB = ALICE_IS_UP.given(BOB.discovered())

HELLO_TO_BOB = SendHello("lan", "eth0", BOB.lan, BOB.key, 1)
REPLY_TO_BOB = SendReply("lan", "eth0", BOB.lan, BOB.key, 1, CHALLENGE)
CONFIRM_TO_BOB = SendConfirm("lan", "eth0", BOB.lan, BOB.key, 1, CHALLENGE)


def test_an_announcement_is_a_hint_that_is_followed_to_its_source() -> None:
    ALICE_IS_UP.when(BOB.announces(), at="1 s").then(HELLO_TO_BOB)


def test_a_reply_that_echoes_our_challenge_makes_a_peer() -> None:
    story = ALICE_IS_UP.when(BOB.announces(), at="1 s").when(BOB.replies(ALICE), at="1.002 s")
    story.then(BOB.discovered(counter=(0, 0)), resting(BOB.observed(), on=PeerDiscovered), CONFIRM_TO_BOB, cause="lan")


def test_both_sides_know_each_other_after_one_and_a_half_round_trips() -> None:
    bob = given(*BOB.joined()).when(ALICE.says_hello(BOB), at="1.001 s")
    bob.then(ALICE.discovered(), SendReply("lan", "eth0", ALICE.lan, ALICE.key, 1, CHALLENGE))
    bob.when(ALICE.confirms(BOB), at="1.003 s").then(resting(ALICE.observed(), on=PeerDiscovered))


def test_an_announcement_without_news_is_nothing() -> None:
    story = ALICE_KNOWS_BOB.when(BOB.announces(), at="1 s")
    story.then()
    assert story.mesh is ALICE_KNOWS_BOB.mesh


def test_an_older_announcement_is_nothing() -> None:
    ALICE_KNOWS_BOB.when(BOB.announces(BOB.record(change=1)), at="1 s").then()


def test_news_of_a_known_peer_is_asked_for_too() -> None:
    ALICE_KNOWS_BOB.when(BOB.announces(BOB.record(change=3)), at="1 s").then(HELLO_TO_BOB)
    restarted = BOB.announces(BOB.record(boot=5, change=0))
    ALICE_KNOWS_BOB.when(restarted, at="1 s").then(replace(HELLO_TO_BOB, boot=5))


def test_who_was_forgotten_is_asked_again_though_its_record_is_the_same() -> None:
    ALICE_KNOWS_BOB.given(PeerExpired(BOB.key, 1)).when(BOB.announces(), at="1 s").then(HELLO_TO_BOB)


def test_who_was_forgotten_is_back_with_the_same_record_when_it_says_hello_to_us_or_replies() -> None:
    forgotten = ALICE_KNOWS_BOB.given(PeerExpired(BOB.key, 1))
    for heard in (BOB.says_hello(ALICE, number=2), BOB.replies(ALICE)):
        back = forgotten.when(heard, at="1 s")
        assert isinstance(back.events[0], PeerDiscovered)


def test_who_was_forgotten_and_asks_for_whoever_is_there_is_answered_and_is_back_when_it_confirms() -> None:
    """It may have forgotten us too: two halves of a mesh that were apart for a day must find together again."""
    forgotten = ALICE_KNOWS_BOB.given(PeerExpired(BOB.key, 1))
    forgotten.when(BOB.says_hello(None), at="1 s").then()
    answered = forgotten.when(BOB.says_hello(None, number=2), at="1 s")
    assert [type(effect) for effect in answered.effects] == [SendReply]
    assert answered.events == ()
    answered.when(BOB.says_hello(None, number=2), at="2 s").then()
    back = answered.when(BOB.confirms(ALICE), at="2 s")
    assert back.events == (BOB.discovered(), BOB.observed())
    assert ALICE_KNOWS_BOB.when(BOB.confirms(ALICE), at="2 s").events == (BOB.observed(),)


def test_two_announcements_within_half_a_second_are_asked_about_once() -> None:
    story = ALICE_IS_UP.when(BOB.announces(), at="1 s").then(HELLO_TO_BOB)
    story.when(BOB.announces(), at="1.4 s").then()
    story.when(BOB.announces(), at="1.5 s").then(HELLO_TO_BOB)
    story.when(CAROL.announces(), at="1.4 s").then(SendHello("lan", "eth0", CAROL.lan, CAROL.key, 1))


def test_a_hint_with_another_uri_of_the_mesh_is_told_and_not_followed() -> None:
    astray = BOB.announces(replace(BOB.record(), parameters=bytes(8)))
    ALICE_IS_UP.when(astray, at="1 s").then(PeerRefused(BOB.key, "bob", OTHER_URI))


def test_a_goodbye_on_the_lan_is_believed_when_its_signature_was_checked() -> None:
    goodbye = BOB.record(change=3, left=True)
    left = PeerLeft(BOB.key, Incarnation(1, 3), BOB.signed(goodbye))
    ALICE_KNOWS_BOB.when(BOB.announces(goodbye), at="1 s").then(resting(left, on=PeerDiscovered))
    ALICE_KNOWS_BOB.when(BOB.announces(goodbye, signed_by_sender=False), at="1 s").then()


FE80 = Endpoint("fe80::2", LAN_PORT, "eth0")


@pytest.mark.parametrize(
    ("sender", "interface", "followed"),
    [
        (BOB.lan, "eth0", True),
        (FE80, "eth0", True),
        (replace(BOB.lan, port=7), "eth0", True),
        (CAROL.lan, "eth0", False),
        (FE80, "eth1", False),
        (replace(FE80, scope=""), "eth0", False),
        (BOB.lan, "eth1", False),
    ],
    ids=[
        "its own address",
        "link-local",
        "any port of it",
        "another machine",
        "another link",
        "no link",
        "named, but not on this link",
    ],
)
def test_a_hint_is_followed_only_where_its_record_lives(sender: Endpoint, interface: str, followed: bool) -> None:
    story = ALICE_IS_UP.when(BOB.announces(sender=sender, interface=interface), at="1 s")
    story.then(*([SendHello("lan", interface, sender, BOB.key, 1)] if followed else []))


def test_a_hint_from_beyond_the_link_is_not_followed_though_its_record_names_the_source() -> None:
    distant = Endpoint("203.0.113.9", LAN_PORT)
    said = BOB.record(endpoints=(replace(BOB.record().endpoints[0], endpoint=Endpoint("203.0.113.9", 1)),))
    ALICE_IS_UP.when(BOB.announces(said, sender=distant), at="1 s").then()


def test_one_of_several_addresses_is_enough() -> None:
    elsewhere = replace(BOB.record().endpoints[0], endpoint=Endpoint("203.0.113.9", 1))
    said = BOB.record(endpoints=(elsewhere, *BOB.record().endpoints))
    ALICE_IS_UP.when(BOB.announces(said), at="1 s").then(HELLO_TO_BOB)


def test_an_endpoint_that_is_not_of_a_lan_makes_no_hint_plausible() -> None:
    said = BOB.record(endpoints=(replace(BOB.record().endpoints[0], kind="static"),))
    ALICE_IS_UP.when(BOB.announces(said), at="1 s").then()


def test_a_link_of_several_networks_is_one_link() -> None:
    interface = Interface("eth0", 2, 1500, ("10.0.0.1/8", "192.168.1.1/24"))
    events = (*ALICE.joined()[:3], replace(ALICE.joined()[3], interfaces=(interface,)))
    given(*events).when(BOB.announces(), at="1 s").then(HELLO_TO_BOB)


def test_a_hello_is_answered_even_without_news() -> None:
    ALICE_KNOWS_BOB.when(BOB.says_hello(ALICE, number=2), at="1 s").then(REPLY_TO_BOB)


def test_a_hello_with_news_is_answered_with_the_incarnation_it_brought() -> None:
    newer = BOB.record(boot=3, change=0)
    story = ALICE_KNOWS_BOB.when(BOB.says_hello(ALICE, newer), at="1 s")
    story.then(resting(BOB.updated(newer, counter=(3, 1)), on=PeerDiscovered), replace(REPLY_TO_BOB, boot=3))


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_row_11_a_hello_whose_counter_was_seen_or_passed_is_never_answered(number: int) -> None:
    story = ALICE_IS_UP.when(BOB.says_hello(ALICE, number=3), at="1 s")
    for later in ("2 s", "1 h"):
        story.when(BOB.says_hello(ALICE, number=number), at=later).then()
    story.when(BOB.says_hello(ALICE, number=4), at="2 s").then(REPLY_TO_BOB)


def test_row_11_the_counter_of_a_hello_without_news_is_remembered_too() -> None:
    story = ALICE_KNOWS_BOB.when(BOB.says_hello(ALICE, number=2), at="1 s").then(REPLY_TO_BOB)
    story.when(BOB.says_hello(ALICE, number=2), at="2 s").then()


def test_row_11_the_counter_of_a_stored_record_is_remembered_over_a_restart() -> None:
    given(*ALICE.joined(), BOB.discovered(counter=(1, 5))).when(BOB.says_hello(ALICE, number=5), at="1 s").then()


@pytest.mark.parametrize(("to", "boot"), [(ALICE, 0), (ALICE, 2), (CAROL, 1)])
def test_a_hello_to_another_start_of_ours_or_to_somebody_else_is_not_answered(to: Member, boot: int) -> None:
    ALICE_IS_UP.when(BOB.says_hello(to, boot=boot), at="1 s").then()


def test_a_hello_to_whoever_is_there_is_answered_only_for_news() -> None:
    ALICE_IS_UP.when(BOB.says_hello(None), at="1 s").then(BOB.discovered(), REPLY_TO_BOB)
    ALICE_KNOWS_BOB.when(BOB.says_hello(None, number=2), at="1 s").then()


def test_who_is_not_let_in_is_not_answered() -> None:
    astray = replace(BOB.record(), parameters=bytes(8))
    story = ALICE_IS_UP.when(BOB.says_hello(ALICE, astray), at="1 s")
    assert story.effects == ()
    assert story.mesh.peers == {}


def answers(story: Playbook, times: list[str]) -> list[bool]:
    answered = []
    for number, at in enumerate(times, start=10):
        story = story.when(BOB.says_hello(ALICE, number=number), at=at)
        answered.append(bool(story.effects))
    return answered


def test_row_12_one_source_is_answered_five_times_at_once_and_twenty_times_a_second() -> None:
    assert (ANSWERS_A_SECOND, ANSWERS_AT_ONCE) == (20, 5)
    burst = answers(ALICE_KNOWS_BOB, ["1 s"] * (ANSWERS_AT_ONCE + 3))
    assert burst == [True] * ANSWERS_AT_ONCE + [False] * 3
    steady = answers(ALICE_KNOWS_BOB, [f"{1000 + 10 * n} ms" for n in range(501)])
    assert sum(steady) == ANSWERS_AT_ONCE + 5 * ANSWERS_A_SECOND
    after_a_rest = answers(ALICE_KNOWS_BOB, ["1 s"] * 6 + ["1 h"] * 6)
    assert after_a_rest == ([True] * 5 + [False]) * 2


def test_row_12_what_one_source_used_up_another_still_has() -> None:
    story = ALICE_KNOWS_BOB
    for number in range(2, 9):
        story = story.when(BOB.says_hello(ALICE, number=number), at="1 s")
    story.then()
    story.when(CAROL.says_hello(ALICE), at="1 s").then(
        CAROL.discovered(), SendReply("lan", "eth0", CAROL.lan, CAROL.key, 1, CHALLENGE)
    )


def test_a_reply_that_nobody_asked_for_is_nothing() -> None:
    ALICE_IS_UP.when(BOB.replies(ALICE, echoed=False), at="1 s").then()


def test_a_reply_of_who_is_not_let_in_is_not_confirmed() -> None:
    story = ALICE_IS_UP.when(BOB.replies(ALICE, replace(BOB.record(), parameters=bytes(8))), at="1 s")
    assert story.effects == ()


def test_a_reply_without_news_is_confirmed_and_tells_the_address() -> None:
    story = ALICE_KNOWS_BOB.when(BOB.replies(ALICE), at="1 s").then(BOB.observed(), CONFIRM_TO_BOB)
    story.when(BOB.replies(ALICE), at="2 s").then(CONFIRM_TO_BOB)


def test_a_reply_that_is_a_goodbye_takes_the_peer_out() -> None:
    goodbye = BOB.record(change=3, left=True)
    story = ALICE_KNOWS_BOB.when(BOB.replies(ALICE, goodbye), at="1 s")
    assert [type(event) for event in story.events] == [PeerLeft]


def test_a_confirm_tells_the_address_once() -> None:
    story = ALICE_KNOWS_BOB.when(BOB.confirms(ALICE), at="1 s").then(resting(BOB.observed(), on=PeerDiscovered))
    story.when(BOB.confirms(ALICE), at="2 s").then()
    elsewhere = BOB.confirms(ALICE, sender=FE80)
    story.when(elsewhere, at="2 s").then(BOB.observed(Endpoint("fe80::2", BOB.wireguard.port, "eth0")))


def test_a_confirm_that_echoes_nothing_of_ours_or_comes_from_nobody_is_nothing() -> None:
    ALICE_KNOWS_BOB.when(BOB.confirms(ALICE, echoed=False), at="1 s").then()
    ALICE_KNOWS_BOB.when(CAROL.confirms(ALICE), at="1 s").then()


def test_row_9_our_own_words_from_another_source_make_no_peer_and_no_answer() -> None:
    newer = ALICE.announces(ALICE.record(boot=9))
    for heard in (newer, ALICE.announces(), ALICE.says_hello(ALICE), ALICE.says_hello(None), ALICE.replies(ALICE)):
        ALICE_IS_UP.when(replace(heard, sender=BOB.lan), at="1 s").then()


def test_row_13_an_old_record_never_moves_a_peer_backwards() -> None:
    story = given(*ALICE.joined(), BOB.discovered(BOB.record(boot=3, change=7)))
    old = BOB.record(boot=3, change=6)
    for heard in (BOB.announces(old), BOB.says_hello(ALICE, old, number=90), BOB.replies(ALICE, old)):
        after = story.when(heard, at="1 s")
        assert after.mesh.peers[BOB.key].incarnation == Incarnation(3, 7)
        assert not [event for event in after.events if isinstance(event, PeerDiscovered | PeerUpdated)]


def test_row_21_nobody_claims_an_address_for_somebody_else() -> None:
    """Carol answers from Bob's address: it becomes a claim on her own WireGuard there, and none on Bob's."""
    story = given(*ALICE.joined(), BOB.discovered(), CAROL.discovered())
    story = story.when(CAROL.confirms(ALICE, sender=BOB.lan), at="1 s")
    story.then(CAROL.observed(Endpoint(BOB.ip, CAROL.wireguard.port)))
    assert story.mesh.peers[BOB.key] == given(*ALICE.joined(), BOB.discovered()).mesh.peers[BOB.key]


def test_when_somebody_was_last_heard_is_noted_to_the_minute() -> None:
    story = ALICE_KNOWS_BOB.when(BOB.announces(), at="10 s")
    assert story.state.session.heard == {BOB.key: span("10 s")}
    assert story.when(BOB.announces(), at="1 min 9 s").state.session.heard == {BOB.key: span("10 s")}
    assert story.when(BOB.announces(), at="1 min 10 s").state.session.heard == {BOB.key: span("1 min 10 s")}


def answering(neighbours: int, **settings: bool) -> int:
    """How many of a hundred announcements by strangers Alice answers, connected with so many on her LAN."""
    crowd = [Member("", Identity.from_seed((n + 99).to_bytes(32)), f"192.168.1.{n + 10}") for n in range(140)]
    story = ALICE_IS_UP.given(SettingsChanged(replace(ALICE.settings, **settings)))
    for each in crowd[:neighbours]:
        story = story.given(each.discovered(), PeerConnected(each.key, each.wireguard))
    answered = 0
    for each in crowd[40:]:
        story = story.when(each.announces())
        answered += bool(story.effects)
    return answered


def test_on_a_lan_of_up_to_ten_everybody_answers() -> None:
    assert answering(10) == 100


def test_above_ten_about_ten_answer_and_the_rest_hear_of_it_by_gossip() -> None:
    assert 10 <= answering(40) <= 40


def test_without_gossip_everybody_answers_on_any_lan() -> None:
    assert answering(40, gossip=False) == 100


def test_who_is_known_by_hearsay_alone_is_asked_when_it_is_heard_on_the_lan() -> None:
    there = Endpoint("fe80::9", 51830, "eth0")
    heard_of = given(*ALICE.joined(), BOB.discovered())
    heard_of.when(BOB.announces(sender=there), at="1 s").then(SendHello("lan", "eth0", there, BOB.key, 1))
    heard_of.given(BOB.observed()).when(BOB.announces(sender=there), at="1 s").then()
    heard_of.given(PeerConnected(BOB.key, BOB.wireguard)).when(BOB.announces(sender=there), at="1 s").then()


def test_who_fell_silent_is_asked_where_it_is_heard_on_a_link_that_it_was_not_on_before() -> None:
    before, now = (Endpoint("fe80::9", BOB.wireguard.port, name) for name in ("eth0", "eth1"))
    met = given(*ALICE.joined(), BOB.discovered(), BOB.observed(before), PeerConnected(BOB.key, before))
    silent, moved = met.given(PeerDisconnected(BOB.key, 1)), BOB.announces(sender=now, interface="eth1")
    silent.when(moved, at="1 s").then(SendHello("lan", "eth1", now, BOB.key, 1))
    silent.when(BOB.announces(sender=before), at="1 s").then()
    met.when(moved, at="1 s").then()


def test_who_is_kept_out_is_not_asked_when_it_announces_itself() -> None:
    ALICE_IS_UP.given(PeerBanned(BOB.public_key)).when(BOB.announces(), at="1 s").then()


def test_over_the_exchange_a_reply_takes_records_along_for_who_holds_others() -> None:
    story = ALICE_IS_UP.given(CAROL.discovered()).when(BOB.says_hello(ALICE, **BOB.there()), at="1 s")
    (reply,) = [effect for effect in story.effects if isinstance(effect, SendReply)]
    assert reply.more == (CAROL.signed(CAROL.record()),)


def test_row_11_a_hello_to_another_start_of_ours_draws_one_of_ours_to_where_we_know_its_sender() -> None:
    hello, story = BOB.says_hello(ALICE, boot=9, number=7, **BOB.there()), ALICE_IS_UP.given(LayerResumed("exchange"))
    known, asked = story.given(BOB.discovered()), SendHello("exchange", "", BOB.exchange, BOB.key, 1)
    for whose, drawn in ((story, []), (known, [asked]), (known.given(PeerBanned(BOB.public_key)), [])):
        heard = whose.when(hello, at="1 s")
        assert [effect for effect in heard.effects if isinstance(effect, SendHello | SendReply)] == drawn


def test_a_hello_out_of_a_tunnel_says_nothing_of_the_underlay() -> None:
    ALICE_IS_UP.when(BOB.says_hello(ALICE, sender=Endpoint(BOB.ipv6, 7)), at="1 s").then()


def test_an_earlier_run_of_who_left_draws_a_hello_of_ours_and_no_answer() -> None:
    left = PeerLeft(BOB.key, Incarnation(5, 3), BOB.signed(BOB.record(boot=5, change=3, left=True)))
    gone = ALICE_IS_UP.given(BOB.discovered(BOB.record(boot=5), counter=(5, 9)), left, LayerResumed("exchange"))
    story = gone.when(BOB.says_hello(ALICE, BOB.record(boot=2), **BOB.there()), at="1 s")
    story.then(SendHello("exchange", "", BOB.exchange, BOB.key, 2))


def seen_at(who: Member, endpoint: Endpoint) -> Heard:
    heard = who.replies(ALICE, **who.there())
    assert isinstance(heard.message, Reply)
    return replace(heard, message=replace(heard.message, seen=endpoint))


def test_an_address_of_ours_that_is_none_of_our_interfaces_is_what_a_nat_made_of_it() -> None:
    outside = Endpoint("203.0.113.9", 40000)
    story = ALICE_IS_UP.given(LayerResumed("exchange"))
    told = story.when(seen_at(BOB, outside), at="1 s")
    assert EndpointReflected(BOB.key, outside) in told.events
    assert EndpointReflected(BOB.key, outside) not in told.when(seen_at(BOB, outside), at="2 s").events
    twice = told.when(seen_at(CAROL, outside), at="2 s")
    assert EndpointReflected(CAROL.key, outside) in twice.events
    assert EndpointReflected(DAVE.key, outside) not in twice.when(seen_at(DAVE, outside), at="3 s").events


def test_what_we_know_of_ourselves_or_cannot_be_is_no_reflection() -> None:
    story = ALICE_IS_UP.given(LayerResumed("exchange"))
    for endpoint in (ALICE.exchange, Endpoint("127.0.0.1", 7)):
        told = story.when(seen_at(BOB, endpoint), at="1 s")
        assert not [event for event in told.events if isinstance(event, EndpointReflected)]


def test_who_replies_with_an_older_record_than_we_hold_gets_its_own_word_back() -> None:
    newer = BOB.record(boot=5, change=1)
    story = given(*ALICE.joined(), BOB.discovered(newer)).when(BOB.replies(ALICE, **BOB.there()), at="1 s")
    assert SendPage("exchange", "", BOB.exchange, (BOB.signed(newer),)) in story.effects


def test_a_probe_is_answered_and_nothing_of_it_is_kept() -> None:
    probe = BOB.says_hello(None, BOB.record(capabilities=PROBE), **BOB.there())
    story = ALICE_IS_UP.given(CAROL.discovered()).when(probe, at="1 s")
    story.then(SendReply("exchange", "", BOB.exchange, BOB.key, 1, CHALLENGE))
