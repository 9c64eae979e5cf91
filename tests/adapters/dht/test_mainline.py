import socket
from random import Random

import pytest

from tests.adapters.dht.network import Network
from wgmesh.adapters.dht import krpc
from wgmesh.adapters.dht.bencode import NotBencode
from wgmesh.adapters.dht.compact import Contact
from wgmesh.adapters.dht.krpc import Query, Reply
from wgmesh.adapters.dht.mainline import PATIENCE, REACHED_FOR, Mainline
from wgmesh.adapters.dht.node_ids import is_allowed
from wgmesh.domain.values import MINUTE, SECOND, Endpoint

HASH = Random(3).randbytes(20)
ROUTER = Endpoint("203.0.113.1", 6881)
STRANGER = Endpoint("10.0.0.9", 6881)


def lone() -> Mainline:
    node = Mainline(socket.AF_INET, Random(1).randbytes)
    node.routers = (ROUTER,)
    return node


def sent(data: bytes) -> Query:
    message = krpc.decode(data)
    assert isinstance(message, Query)
    return message


@pytest.mark.parametrize("seed", range(5))
def test_thirty_nodes_of_which_six_are_dead_find_an_announcement_within_two_seconds(seed: int) -> None:
    network = Network(seed)
    nodes = network.grown(30)
    network.dead = Random(seed).sample(nodes[1:], 6)
    announcer, seeker = [each for each in nodes if each not in network.dead][3:5]
    began = network.now
    assert network.announce(announcer, HASH, 51821) >= 6
    network.run(100)
    assert network.look_up(seeker, HASH) == (Endpoint(announcer.ip, 51821),)
    assert network.now - began <= 2 * SECOND


def test_eight_dead_nearest_nodes_hide_nothing_for_longer_than_three_seconds() -> None:
    network = Network(5)
    nodes = network.grown(60)
    network.dead = [each.endpoint for each in network.nearest(HASH)[:8]]
    announcer, *_, seeker = [each for each in nodes if each not in network.dead]
    assert network.announce(announcer, HASH, 51821) == 8
    network.run(100)
    began = network.now
    assert network.look_up(seeker, HASH) == (Endpoint(announcer.ip, 51821),)
    assert network.now - began <= 3 * SECOND


def test_a_node_that_knows_nobody_begins_at_a_router() -> None:
    node = lone()
    (query,) = node.settle_in(0)
    assert query.to == ROUTER
    assert sent(query.data).want == (socket.AF_INET, socket.AF_INET6)
    assert Network().nodes == {}
    network = Network()
    network.node()
    results = network.run(SECOND)
    assert not results


def test_row_44_an_answer_of_another_transaction_or_address_is_dropped() -> None:
    node = lone()
    (query,) = node.look_up(HASH, None, 0)
    asked = sent(query.data)
    reply = Reply(asked.transaction, b"r" * 20, values=(Endpoint("192.0.2.9", 1),))
    for data, sender in ((krpc.encode(reply), STRANGER), (krpc.encode(Reply(b"none", b"r" * 20)), ROUTER)):
        with pytest.raises(NotBencode):
            node.receive(data, sender, 1)
    assert node.results(1)[0] == []
    node.receive(krpc.encode(reply), ROUTER, 1)
    assert len(node.results(1)[0]) == 2
    with pytest.raises(NotBencode):
        node.receive(krpc.encode(reply), ROUTER, 1)


def test_a_failure_ends_the_question() -> None:
    node = lone()
    (query,) = node.look_up(HASH, None, 0)
    node.receive(krpc.encode(krpc.Failure(sent(query.data).transaction, 202, b"busy")), ROUTER, 1)
    (walked,), _ = node.results(1)
    assert walked.infohash == HASH


def test_what_is_not_answered_is_forgotten_and_counted() -> None:
    node = lone()
    node.add([Contact(b"c" * 20, STRANGER)])
    for _ in range(3):
        node.look_up(HASH, None, 0)
        node.tick(PATIENCE)
    assert node.contacts() == []
    assert node.wakes() is None


def test_who_asks_us_becomes_a_contact_unless_it_says_that_it_cannot_be_asked() -> None:
    node = lone()
    node.receive(krpc.encode(Query(b"x", "ping", b"h" * 20, read_only=True)), Endpoint("10.0.0.8", 1), 0)
    node.receive(krpc.encode(Query(b"x", "ping", b"s" * 20)), STRANGER, 0)
    assert node.contacts() == [Contact(b"s" * 20, STRANGER)]


def test_an_id_that_its_address_may_not_have_is_never_kept() -> None:
    node = lone()
    node.receive(krpc.encode(Query(b"x", "ping", bytes(20))), Endpoint("43.213.53.83", 1), 0)
    node.add([Contact(bytes(20), Endpoint("43.213.53.83", 1))])
    assert node.contacts() == []


def answered(node: Mainline, seen: str, sender: Endpoint, now: int) -> None:
    (query, *_) = [each for each in node.look_up(HASH, None, now) if each.to == sender]
    node.receive(krpc.encode(Reply(sent(query.data).transaction, b"r" * 20, seen=Endpoint(seen, 5))), sender, now)


def test_our_id_follows_what_others_say_of_our_address() -> None:
    node = lone()
    assert not is_allowed(node.own_id, "198.51.100.7")
    answered(node, "198.51.100.7", ROUTER, 0)
    assert is_allowed(node.own_id, "198.51.100.7")
    assert node.external == "198.51.100.7"


def test_who_refuses_our_id_is_asked_again_with_one_that_fits() -> None:
    node = lone()
    (query,) = node.look_up(HASH, None, 0)
    refusal = krpc.Failure(sent(query.data).transaction, 203, b"invalid node id", Endpoint("198.51.100.7", 5))
    (again,) = node.receive(krpc.encode(refusal), ROUTER, 1)
    assert again.to == ROUTER
    assert is_allowed(sent(again.data).sender, "198.51.100.7")
    refusal = krpc.Failure(sent(again.data).transaction, 203, b"invalid node id", Endpoint("198.51.100.7", 5))
    assert node.receive(krpc.encode(refusal), ROUTER, 2) == []


def test_behind_a_nat_we_ask_not_to_be_kept_until_a_stranger_comes_through() -> None:
    node = lone()
    node.live_at(["192.168.1.2"])
    assert not sent(node.settle_in(0)[0].data).read_only
    answered(node, "198.51.100.7", ROUTER, 0)
    assert sent(node.settle_in(1)[0].data).read_only
    node.receive(krpc.encode(Query(b"x", "ping", b"s" * 20)), STRANGER, 2)
    assert not sent(node.settle_in(3)[0].data).read_only
    assert sent(node.settle_in(2 + REACHED_FOR)[0].data).read_only
    node.live_at(["198.51.100.7"])
    assert not sent(node.settle_in(2 + REACHED_FOR)[0].data).read_only


def test_nodes_of_the_other_family_are_handed_over_once() -> None:
    node, other = lone(), Contact(b"6" * 20, Endpoint("2001:db8::6", 6881))
    (query,) = node.look_up(HASH, None, 0)
    node.receive(krpc.encode(Reply(sent(query.data).transaction, b"r" * 20, nodes=(other,))), ROUTER, 1)
    assert node.strangers() == [other]
    assert node.strangers() == []


def test_a_network_at_rest_says_nothing() -> None:
    network = Network()
    network.grown(10)
    before = network.sent_bytes
    network.run(10 * MINUTE)
    assert network.sent_bytes == before


def test_row_42_nodes_that_return_only_themselves_cost_a_bounded_walk() -> None:
    network = Network()
    nodes = network.grown(10)
    chance = Random(7)
    victim = nodes[-1]

    def lie(node: Mainline) -> None:
        fakes = [Contact(HASH[:10] + chance.randbytes(10), Endpoint(f"10.7.{number}.1", 1)) for number in range(200)]
        node.add(fakes)

    for endpoint in nodes[:-1]:
        lie(network.nodes[endpoint])
    before = network.queries
    network.announce(victim, HASH, 51821)
    assert network.queries - before <= 150
