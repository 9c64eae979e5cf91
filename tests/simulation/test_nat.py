"""NATs behave as RFC 4787 names it: what is mapped, what passes, and what is forgotten."""

import pytest

from tests.simulation.nat import FIRST_PORT, LAST_PORT, Nat, Scope
from tests.simulation.world import SECOND

INSIDE, ONE, SAME_HOST, OTHER = ("192.168.1.2", 7), ("203.0.113.1", 1), ("203.0.113.1", 2), ("203.0.113.2", 1)


class Time:
    now = 0

    def __call__(self) -> int:
        return self.now


@pytest.mark.parametrize(
    ("mapping", "ports"),
    [
        ("endpoint-independent", [0, 0, 0]),
        ("address-dependent", [0, 0, 1]),
        ("address-and-port-dependent", [0, 1, 2]),
    ],
)
def test_how_much_of_the_target_makes_another_mapping(mapping: Scope, ports: list[int]) -> None:
    nat = Nat(mapping, "endpoint-independent", Time())
    assert [nat.outward(INSIDE, target) - FIRST_PORT for target in (ONE, SAME_HOST, OTHER)] == ports


@pytest.mark.parametrize(
    ("filtering", "passes"),
    [
        ("endpoint-independent", [True, True, True]),
        ("address-dependent", [True, True, False]),
        ("address-and-port-dependent", [True, False, False]),
    ],
)
def test_whose_datagrams_pass_to_who_spoke_to_one(filtering: Scope, passes: list[bool]) -> None:
    nat = Nat("endpoint-independent", filtering, Time())
    port = nat.outward(INSIDE, ONE)
    assert [nat.inward(port, source) == INSIDE for source in (ONE, SAME_HOST, OTHER)] == passes
    assert nat.inward(port + 1, ONE) is None


def test_what_nothing_inside_refreshes_is_forgotten_and_mapped_anew() -> None:
    time = Time()
    nat = Nat("endpoint-independent", "address-and-port-dependent", time, life=30 * SECOND)
    port = nat.outward(INSIDE, ONE)
    time.now = 20 * SECOND
    assert nat.outward(INSIDE, OTHER) == port
    time.now = 40 * SECOND
    assert nat.inward(port, OTHER) == INSIDE
    assert nat.inward(port, ONE) is None, "it was not spoken to for 40 s"
    time.now = 51 * SECOND
    assert nat.inward(port, OTHER) is None
    assert nat.outward(INSIDE, ONE) == port + 1


def test_a_flush_forgets_everything_and_no_port_comes_back_soon() -> None:
    nat = Nat("endpoint-independent", "endpoint-independent", Time())
    port = nat.outward(INSIDE, ONE)
    nat.flush()
    assert nat.inward(port, ONE) is None
    assert nat.outward(INSIDE, ONE) == port + 1


def test_ports_begin_again_where_they_end() -> None:
    nat = Nat("address-and-port-dependent", "endpoint-independent", Time())
    nat._next = LAST_PORT
    assert [nat.outward(INSIDE, target) for target in (ONE, OTHER)] == [LAST_PORT, FIRST_PORT]


def test_a_port_that_is_in_use_is_given_to_nobody_else() -> None:
    time = Time()
    nat = Nat("address-and-port-dependent", "endpoint-independent", time, life=30 * SECOND)
    kept = nat.outward(INSIDE, ONE)
    for number in range(LAST_PORT - FIRST_PORT):
        nat.outward(INSIDE, ("203.0.113.9", number))
    time.now = 20 * SECOND
    assert nat.outward(INSIDE, ONE) == kept
    time.now = 31 * SECOND
    again = nat.outward(INSIDE, OTHER)
    assert again != kept
    assert nat.inward(kept, OTHER) == INSIDE
    assert nat.inward(again, ONE) == INSIDE
