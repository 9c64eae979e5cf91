"""When STUN servers are asked, what is made of their answers, and that nothing of it is a flood."""

import itertools

from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL
from tests.playbook import Playbook, given, span
from wgmesh.domain.effects import AskMapping
from wgmesh.domain.events import LayerResumed, LayerSuspended, NatDetected, PeerConnected
from wgmesh.domain.gossip_messages import Seen
from wgmesh.domain.inputs import Due, Listed, Mapped, Networked, Resumed, Suspended, Whispered, Woke
from wgmesh.domain.inquiring import (
    NO_ANSWER,
    NO_PORT,
    NO_SERVER,
    PATIENCE,
    REFRESH_PAUSE,
    SERVER_CAP,
    TRIES,
    VAIN_PAUSE,
)
from wgmesh.domain.own_record import own_endpoints
from wgmesh.domain.packing import pack_endpoint
from wgmesh.domain.peer_record import ClaimedEndpoint
from wgmesh.domain.values import Endpoint, Interface

SERVERS = tuple(Endpoint(f"8.8.4.{number}", 3478) for number in range(1, 5))
FIRST, SECOND_ONE, THIRD, FOURTH = SERVERS
HERE, THERE, BESIDE = (Endpoint("9.9.9.9", port) for port in (40000, 40001, 40002))
ELSEWHERE = Endpoint("9.9.9.8", 40000)
ABLE = given(*ALICE.joined()).when(Networked((ALICE.interface,))).when(Resumed("port"))
ASKING = ABLE.when(Listed(SERVERS), at="1 s").until("1.1 s")


def asked(story: Playbook) -> list[Endpoint]:
    return [effect.server for effect in story.effects if isinstance(effect, AskMapping)]


def questions(story: Playbook, until: str, step: int = 1000) -> list[tuple[int, Endpoint]]:
    """Each question until then, and by when it was asked (ms)."""
    done = []
    for now in range(story.now, span(until) + 1, step):
        story = story.until(f"{now} ms")
        done += [(now, server) for server in asked(story)]
    return done


def answered(story: Playbook, *words: tuple[Endpoint, Endpoint]) -> Playbook:
    for server, seen in words:
        story = story.when(Mapped(server, seen))
    return story


def reflexive(story: Playbook) -> list[Endpoint]:
    return [claim.endpoint for claim in own_endpoints(story.mesh) if claim.kind == "reflexive" and claim.socket == "wg"]


def test_two_servers_are_asked_as_soon_as_there_are_servers_and_a_port_to_speak_from() -> None:
    assert asked(ASKING) == [FIRST, SECOND_ONE]
    late = given(*ALICE.joined()).when(Listed(SERVERS)).until("1 s")
    assert asked(late) == []
    assert asked(late.when(Resumed("port")).until("2 s"))[:2] == [FIRST, SECOND_ONE]


def test_where_two_servers_see_the_same_the_nat_is_easy_and_we_say_where_we_are() -> None:
    first = ASKING.when(Mapped(FIRST, HERE)).then(LayerResumed("stun"))
    story = first.when(Mapped(SECOND_ONE, HERE))
    assert story.events == (NatDetected("easy", HERE, (), (FIRST, SECOND_ONE)),)
    assert own_endpoints(story.mesh)[0] == ClaimedEndpoint("reflexive", "wg", HERE)
    assert story.mesh.nats["IPv4"].kind == "easy"


def test_where_they_see_another_port_each_a_third_is_asked_and_the_nat_is_hard() -> None:
    story = answered(ASKING, (FIRST, HERE), (SECOND_ONE, THERE))
    assert asked(story) == [THIRD]
    assert "IPv4" not in story.mesh.nats
    story = answered(story, (THIRD, BESIDE))
    assert story.events[0] == NatDetected("hard", HERE, (), (FIRST,))
    assert own_endpoints(story.mesh)[-1] == ClaimedEndpoint("reflexive", "wg", HERE)


def test_of_a_hard_nat_another_port_is_no_news() -> None:
    story = answered(ASKING, (FIRST, HERE), (SECOND_ONE, THERE), (THIRD, BESIDE)).until("1 h")
    story = answered(story.until("1 h"), (FIRST, THERE), (SECOND_ONE, BESIDE), (THIRD, HERE))
    assert story.mesh.nats["IPv4"].endpoint == HERE
    assert [event for record in story.records if isinstance(event := record.event, NatDetected)] == [
        NatDetected("hard", HERE, (), (FIRST,))
    ]


def test_row_50_a_server_that_lies_is_outvoted() -> None:
    story = answered(ASKING, (FIRST, ELSEWHERE), (SECOND_ONE, HERE))
    assert (asked(story), reflexive(story)) == ([THIRD], [])
    story = answered(story, (THIRD, HERE))
    assert story.events[0] == NatDetected("easy", HERE, (), (SECOND_ONE, THIRD))


def test_row_50_answers_that_flip_do_not_replace_what_two_have_seen() -> None:
    story = answered(ASKING, (FIRST, HERE), (SECOND_ONE, HERE))
    for _ in range(20):
        story = answered(story, (FIRST, ELSEWHERE), (FIRST, HERE))
        assert reflexive(story) == [HERE]


def test_an_answer_that_comes_alone_counts_after_a_second_and_stands_last() -> None:
    story = answered(ASKING, (FIRST, HERE)).until("1.9 s")
    assert reflexive(story) == []
    story = story.until(f"{1100 + PATIENCE} ms")
    assert story.events == (NatDetected("unknown", HERE, (), (FIRST,)),)
    assert own_endpoints(story.mesh)[-1] == ClaimedEndpoint("reflexive", "wg", HERE)
    late = answered(story, (SECOND_ONE, HERE))
    assert late.events[0] == NatDetected("easy", HERE, (), (FIRST, SECOND_ONE))


def test_a_silent_server_is_asked_three_times_and_another_in_its_place() -> None:
    story = answered(ASKING, (FIRST, HERE)).until("10 s")
    assert asked(story) == [SECOND_ONE] * (TRIES - 1) + [THIRD] * TRIES + [FOURTH] * TRIES
    again = answered(ASKING, (FIRST, HERE)).until("3.3 s")
    assert answered(again, (THIRD, HERE)).events[0] == NatDetected("easy", HERE, (), (FIRST, THIRD))


def test_while_nobody_answers_the_pauses_grow_and_it_is_said_once() -> None:
    story = ASKING.until("12 h")
    told = [record.event for record in story.records if isinstance(record.event, LayerSuspended)]
    assert told == [LayerSuspended("stun", NO_ANSWER)]
    times = [at for at, server in questions(ASKING, "6 h") if server == FIRST]
    rounds = [later - earlier for earlier, later in itertools.pairwise(times) if later - earlier > 10_000]
    assert VAIN_PAUSE <= rounds[0] <= VAIN_PAUSE * 5 // 4 + 10_000
    assert all(pause <= REFRESH_PAUSE * 5 // 4 + 10_000 for pause in rounds)
    assert rounds[-1] >= REFRESH_PAUSE
    assert len(times) <= 20 * TRIES
    again = answered(story, (FIRST, HERE))
    assert again.events[0] == LayerResumed("stun")
    assert again.recent[0].because != ()


def test_what_is_known_is_asked_anew_every_half_hour_without_news() -> None:
    story = answered(ASKING, (FIRST, HERE), (SECOND_ONE, HERE))
    times = [at for at, server in questions(story, "3 h") if server == FIRST]
    assert REFRESH_PAUSE <= times[0] - story.now <= REFRESH_PAUSE * 5 // 4 + 2000
    later = story.until(f"{times[0]} ms")
    assert answered(later, (FIRST, HERE), (SECOND_ONE, HERE)).events == ()


def test_other_networks_and_a_sleep_are_reasons_to_ask_at_once() -> None:
    story = answered(ASKING, (FIRST, HERE), (SECOND_ONE, HERE)).until("1 min")
    wifi = Interface("wlan0", 3, 1500, ("10.7.7.7/24",))
    moved = story.when(Networked((wifi,)), at="2 min")
    assert (moved.mesh.nats, reflexive(moved), moved.state.session.mapped) == ({}, [], {})
    assert asked(moved.until("2 min 1 s"))[:2] == [FIRST, SECOND_ONE]
    assert asked(story.when(Woke(60_000), at="2 min").until("2 min 1 s"))[:2] == [FIRST, SECOND_ONE]


def test_a_member_that_sees_us_elsewhere_is_a_reason_to_ask_once_a_minute() -> None:
    story = answered(ASKING, (FIRST, HERE), (SECOND_ONE, HERE))
    story = story.given(BOB.discovered(), PeerConnected(BOB.key, Endpoint("9.1.1.1", 7))).until("10 min")
    same = story.when(Whispered(BOB.key, Seen(pack_endpoint(HERE)), 0))
    assert asked(same.until("11 min")) == []
    other = story.when(Whispered(BOB.key, Seen(pack_endpoint(THERE)), 0)).until("10 min 1 s")
    assert asked(other)[:2] == [FIRST, SECOND_ONE]
    moved = answered(other, (FIRST, THERE), (SECOND_ONE, THERE))
    assert moved.mesh.nats["IPv4"].endpoint == THERE
    liar = moved.when(Whispered(BOB.key, Seen(pack_endpoint(BESIDE)), 0), at="10 min 2 s")
    assert asked(liar.until("10 min 30 s")) == []


def test_nothing_is_asked_once_the_port_cannot_be_spoken_from() -> None:
    story = ASKING.when(Suspended("port", "no"), at="2 s")
    assert questions(story, "1 h") == []


def test_a_name_that_leads_nowhere_is_said_once() -> None:
    story = ABLE.when(Listed(()), at="1 s").then(LayerSuspended("stun", NO_SERVER))
    story.when(Listed(()), at="2 s").then()
    assert asked(story.when(Listed(SERVERS), at="3 s").until("4 s"))[:2] == [FIRST, SECOND_ONE]


def test_where_the_port_cannot_be_shared_only_answers_from_before_make_the_layer_work() -> None:
    shut = given(*ALICE.joined()).when(Suspended("port", "no"))
    story = shut.when(Listed(SERVERS), at="1 s").then(LayerSuspended("stun", NO_PORT))
    assert asked(story.until("1 h")) == []
    known = answered(shut, (FIRST, HERE), (SECOND_ONE, HERE))
    assert known.when(Listed(SERVERS), at="1 s").then().mesh.works("stun")


def test_the_same_servers_again_are_no_reason_to_ask() -> None:
    story = answered(ASKING, (FIRST, HERE), (SECOND_ONE, HERE)).until("1 min")
    assert asked(story.when(Listed(SERVERS)).until("2 min")) == []


def test_two_ports_of_one_machine_are_one_witness() -> None:
    same = (FIRST, Endpoint(FIRST.ip, 3479), SECOND_ONE)
    assert asked(ABLE.when(Listed(same)).until("0.1 s")) == [FIRST, SECOND_ONE]


def test_each_family_of_the_machine_is_asked_about_on_its_own() -> None:
    six = Endpoint("2001:4860:4860::1", 3478)
    servers = (*SERVERS, six)
    assert six not in asked(ABLE.when(Listed(servers)).until("0.1 s"))
    dual = replace(ALICE.interface, prefixes=(*ALICE.interface.prefixes, "2001:db8:5::5/64"))
    story = ABLE.when(Networked((dual,))).when(Listed(servers)).until("0.1 s")
    assert asked(story) == [FIRST, SECOND_ONE, six]
    seen = Endpoint("2001:db8:5::5", ALICE.wireguard.port)
    story = answered(story, (FIRST, HERE), (SECOND_ONE, HERE), (six, seen)).until("3 s")
    assert {family: nat.kind for family, nat in story.mesh.nats.items()} == {"IPv4": "easy", "IPv6": "none"}
    assert reflexive(story) == [HERE]


def test_more_servers_than_that_are_not_kept() -> None:
    many = tuple(Endpoint(f"8.8.4.{number}", 3478) for number in range(1, 100))
    story = ABLE.when(Listed(many)).until("10 min")
    assert len(story.state.session.servers) == SERVER_CAP


def test_answers_that_came_before_the_interface_had_the_port_count_too() -> None:
    story = answered(given(*ALICE.joined()), (FIRST, HERE), (SECOND_ONE, HERE))
    assert NatDetected("easy", HERE, (), (FIRST, SECOND_ONE)) in story.events


def test_while_two_members_agree_no_server_is_asked() -> None:
    story = answered(ASKING, (FIRST, HERE), (SECOND_ONE, HERE))
    for who, ip in ((BOB, "9.1.1.1"), (CAROL, "9.1.1.2")):
        story = story.given(who.discovered(), PeerConnected(who.key, Endpoint(ip, 7)))
        story = story.when(Whispered(who.key, Seen(pack_endpoint(HERE)), 0))
    assert questions(story, "2 h") == []


def test_a_task_that_another_input_has_settled_asks_nothing() -> None:
    assert asked(ABLE.when(Due("inquire"), at="1 s")) == []
