from wgmesh.adapters.dht import krpc
from wgmesh.adapters.dht.answering import AMPLIFICATION, ANSWERS_AT_ONCE, SOURCES_CAP, Answering
from wgmesh.adapters.dht.compact import Contact
from wgmesh.adapters.dht.contacts import Contacts
from wgmesh.adapters.dht.krpc import METHOD_UNKNOWN, PROTOCOL_ERROR, Failure, Query, Reply
from wgmesh.adapters.dht.swarms import Swarms
from wgmesh.domain.values import Endpoint

OWN, THEM, HASH = bytes(20), b"t" * 20, b"h" * 20
SENDER = Endpoint("10.0.0.7", 6881)


class Us:
    def __init__(self, contacts: int = 20) -> None:
        self.contacts, self.swarms = Contacts(OWN), Swarms(b"secret")
        for number in range(contacts):
            self.contacts.add(Contact(bytes([number]) * 20, Endpoint(f"10.1.{number}.1", 6881)))
        self.answering = Answering(OWN, self.contacts, self.swarms)

    def answers(self, query: Query, sender: Endpoint = SENDER, now: int = 0) -> krpc.Message:
        size = len(krpc.encode(query))
        data = self.answering.answer(query, sender, size, now)
        assert data is not None
        assert len(data) <= AMPLIFICATION * size
        return krpc.decode(data)


def test_a_ping_is_answered_with_our_id_and_its_own_address() -> None:
    assert Us().answers(Query(b"x", "ping", THEM)) == Reply(b"x", OWN, seen=SENDER)


def test_find_node_gets_the_nearest_that_we_know() -> None:
    us = Us()
    reply = us.answers(Query(b"x", "find_node", THEM, HASH))
    assert isinstance(reply, Reply)
    assert list(reply.nodes) == us.contacts.closest(HASH)[: len(reply.nodes)]
    assert len(reply.nodes) >= 7


def test_who_brings_its_token_announces_and_is_found() -> None:
    us = Us(contacts=2)
    asked = us.answers(Query(b"x", "get_peers", THEM, HASH))
    assert isinstance(asked, Reply)
    assert asked.values == ()
    us.answers(Query(b"x", "announce_peer", THEM, HASH, asked.token, 51821))
    us.answers(Query(b"x", "announce_peer", THEM, HASH, asked.token))
    found = us.answers(Query(b"x", "get_peers", THEM, HASH), Endpoint("10.0.0.8", 1))
    assert isinstance(found, Reply)
    assert found.values == (SENDER, Endpoint(SENDER.ip, 51821))


def test_row_44_a_token_given_to_another_address_announces_nothing() -> None:
    us = Us()
    token = us.swarms.token("10.0.0.8", 0)
    assert us.answers(Query(b"x", "announce_peer", THEM, HASH, token, 1)) == Failure(b"x", PROTOCOL_ERROR, b"bad token")
    assert us.swarms.peers(HASH, 0) == []


def test_an_unknown_verb_is_told_so() -> None:
    assert Us().answers(Query(b"x", "vote", THEM)) == Failure(b"x", METHOD_UNKNOWN, b"Method Unknown")


def test_no_answer_is_three_times_its_query_even_where_a_swarm_is_full() -> None:
    us = Us()
    for number in range(60):
        us.swarms.put(HASH, Endpoint(f"10.2.0.{number + 1}", 1), 0)
    reply = us.answers(Query(b"x", "get_peers", THEM, HASH))
    assert isinstance(reply, Reply)
    assert reply.values
    assert reply.token


def test_a_query_too_short_for_any_answer_gets_none() -> None:
    us = Us()
    us.swarms.put(HASH, Endpoint("10.2.0.1", 1), 0)
    assert us.answering.answer(Query(b"x", "get_peers", THEM, HASH), SENDER, 10, 0) is None


def test_a_source_gets_twenty_answers_a_second_and_others_are_not_held_up() -> None:
    us, ping = Us(), Query(b"x", "ping", THEM)
    answered = [us.answering.answer(ping, SENDER, 60, 0) is not None for _ in range(50)]
    assert answered == [True] * ANSWERS_AT_ONCE + [False] * (50 - ANSWERS_AT_ONCE)
    assert us.answering.answer(ping, Endpoint("10.0.0.8", 1), 60, 0) is not None
    assert us.answering.answer(ping, SENDER, 60, 50) is not None


def test_row_31_sources_without_number_take_bounded_room() -> None:
    us, ping = Us(0), Query(b"x", "ping", THEM)
    for number in range(SOURCES_CAP + 10):
        us.answering.answer(ping, Endpoint(f"10.{number // 62500}.{number // 250 % 250}.{number % 250}", 1), 60, 0)
    assert len(us.answering._sources) == SOURCES_CAP
