from random import Random

from wgmesh.adapters.dht.compact import Contact
from wgmesh.adapters.dht.contacts import K
from wgmesh.adapters.dht.lookup import BUDGET, PEERS_CAP, SLOW, WINDOW, Lookup
from wgmesh.domain.values import Endpoint

TARGET = bytes(20)
ROUTER = Endpoint("10.9.9.9", 6881)


def node(distance: int) -> Contact:
    return Contact(distance.to_bytes(20), Endpoint(f"10.{distance // 250 % 250}.{distance % 250}.1", 6881))


def walk(*seeds: int, routers: tuple[Endpoint, ...] = ()) -> Lookup:
    return Lookup(TARGET, [node(each) for each in seeds], routers, asks_for_peers=True)


def test_the_nearest_are_asked_first_a_window_at_a_time() -> None:
    lookup = walk(*range(10, 30))
    assert lookup.next(0) == [node(each) for each in range(10, 10 + WINDOW)]
    assert lookup.next(0) == []
    lookup.answer(node(10), [node(3)], [], b"token")
    assert lookup.next(0) == [node(3)]


def test_a_walk_is_over_when_the_nearest_have_answered_and_says_who_they_were() -> None:
    lookup = walk(*range(1, 20))
    for _ in range(20):
        for contact in lookup.next(0):
            lookup.answer(contact, [], [], b"token")
    assert lookup.is_over(0)
    assert lookup.nearest() == [(node(each), b"token") for each in range(1, 1 + K)]
    assert lookup.spent <= K + WINDOW


def test_the_slow_are_passed_over_and_may_still_answer() -> None:
    lookup = walk(1, 2, 3, 4, 5, 6)
    lookup.next(0)
    assert lookup.wakes() == SLOW
    assert lookup.next(SLOW) == [node(6)]
    lookup.answer(node(2), [], [], b"late")
    assert lookup.nearest() == [(node(2), b"late")]


def test_eight_dead_nearest_nodes_cost_two_windows_of_time() -> None:
    lookup, dead, now = walk(*range(1, 30)), [node(each) for each in range(1, 9)], 0
    while not lookup.is_over(now):
        for contact in lookup.next(now):
            if contact not in dead:
                lookup.answer(contact, dead, [], b"token")
        now += SLOW // 2
    assert [contact for contact, _ in lookup.nearest()] == [node(each) for each in range(9, 9 + K)]
    assert now <= 4 * SLOW


def test_nobody_left_to_ask_ends_a_walk() -> None:
    assert walk().is_over(0)
    lookup = walk(1)
    lookup.next(0)
    assert not lookup.is_over(SLOW - 1)
    assert lookup.is_over(SLOW)


def test_a_walk_that_nobody_would_end_is_ended_by_its_budget() -> None:
    lookup, chance, now = walk(2**60), Random(1), 0
    for number in range(10_000):
        for contact in lookup.next(now):
            lookup.answer(
                contact,
                [
                    Contact(
                        bytes(11) + (2**60 - number).to_bytes(9),
                        Endpoint(f"10.{number // 250}.{number % 250}.{each}", chance.randrange(1, 9)),
                    )
                    for each in range(1, 9)
                ],
                [],
                b"",
            )
        now += 1
        if lookup.is_over(now):
            break
    assert lookup.spent <= BUDGET
    assert lookup.is_over(now)


def test_routers_are_asked_where_nobody_is_known() -> None:
    lookup = walk(routers=(ROUTER,))
    assert not lookup.is_over(0)
    assert lookup.next(0) == [Contact(b"", ROUTER)]
    lookup.answer(Contact(b"r" * 20, ROUTER), [node(4)], [], b"")
    assert lookup.next(0) == [node(4)]


def test_who_answers_with_an_error_is_not_asked_again() -> None:
    lookup = walk(1)
    lookup.next(0)
    lookup.fail(node(1).endpoint)
    assert lookup.is_over(0)
    lookup.answer(node(2), [node(1)], [], b"")
    assert lookup.next(0) == []


def test_an_id_that_its_address_may_not_have_is_not_asked() -> None:
    lookup = walk()
    lookup.answer(node(9), [Contact(bytes(20), Endpoint("43.213.53.83", 1)), Contact(b"short", ROUTER)], [], b"")
    assert lookup.next(0) == []


def test_peers_are_told_once_and_so_many_at_most() -> None:
    lookup = walk()
    first, second = Endpoint("192.0.2.1", 1), Endpoint("192.0.2.2", 1)
    lookup.answer(node(1), [], [first], b"")
    assert lookup.news() == (first,)
    lookup.answer(node(2), [], [first, second], b"")
    assert lookup.news() == (second,)
    lookup.answer(node(3), [], [Endpoint("192.0.2.3", port) for port in range(1, 1000)], b"")
    assert len(lookup.news()) == PEERS_CAP - 2
