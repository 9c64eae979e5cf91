"""Addresses with a common beginning keep exactly that, and what a range means stays."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wgmesh.redaction.addresses import SPECIAL, WELL_KNOWN, Address, is_well_known, pseudonym, says_nothing

secrets = st.binary(min_size=32, max_size=32)
# Near special ranges as well as anywhere.
special = st.sampled_from((*SPECIAL, *WELL_KNOWN)).flatmap(
    lambda network: st.integers(0, network.num_addresses - 1).map(lambda place: network[place])
)
fours, sixes = st.ip_addresses(v=4), st.ip_addresses(v=6)


def shared_bits(one: Address, other: Address) -> int:
    return one.max_prefixlen - (int(one) ^ int(other)).bit_length()


@pytest.mark.parametrize("kind", [fours, sixes], ids=["IPv4", "IPv6"])
def test_two_addresses_begin_alike_for_as_long_as_before(kind: "st.SearchStrategy[Address]") -> None:
    @given(secrets, kind, st.integers(0, 127), st.integers(0, 2**128 - 1))
    def holds(secret: bytes, one: Address, shared: int, rest: int) -> None:
        width = one.max_prefixlen
        kept = min(shared, width)
        mask = (1 << width - kept) - 1
        other = type(one)(int(one) & ~mask | rest & mask)
        assert shared_bits(pseudonym(secret, one), pseudonym(secret, other)) == shared_bits(one, other)

    holds()


@given(secrets, st.one_of(fours, sixes, special))
def test_an_address_is_in_the_same_special_ranges_as_before(secret: bytes, address: Address) -> None:
    shown = pseudonym(secret, address)
    for network in (*SPECIAL, *WELL_KNOWN):
        assert (shown in network) == (address in network), network


@given(secrets, st.one_of(fours, sixes, special))
def test_python_calls_it_what_it_called_it_before(secret: bytes, address: Address) -> None:
    shown = pseudonym(secret, address)
    for kind in ("is_loopback", "is_link_local", "is_multicast", "is_unspecified"):
        assert getattr(shown, kind) == getattr(address, kind), kind


@given(secrets, st.sampled_from(WELL_KNOWN))
def test_well_known_addresses_stand_for_themselves(secret: bytes, network: ipaddress.IPv4Network) -> None:
    assert is_well_known(network[0])
    if network.num_addresses == 1:
        assert pseudonym(secret, network[0]) == network[0]


@given(st.lists(secrets, min_size=40, max_size=40, unique=True))
def test_a_network_stands_for_itself_only_if_it_is_all_of_a_special_range(several: list[bytes]) -> None:
    for text, expected in (("10.0.0.0/8", True), ("0.0.0.0/0", True), ("fd00::/8", True), ("10.64.0.0/12", False)):
        network = ipaddress.ip_network(text)
        always = all(pseudonym(secret, network[0]) in network for secret in several)
        assert says_nothing(network) == expected == always


def test_another_secret_gives_other_addresses() -> None:
    address = ipaddress.ip_address("203.0.113.7")
    shown = {pseudonym(bytes([number]) * 32, address) for number in range(32)}
    assert len(shown) == 32
    assert not is_well_known(address)
