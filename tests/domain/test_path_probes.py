"""Probes as bytes: what a receiver learns of them, and what nobody else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cast import ALICE, BOB, CAROL, SECRET
from wgmesh.domain import stun
from wgmesh.domain.keys import derive, pair_key
from wgmesh.domain.path_probes import NAME_BYTES, Named, answer, is_authentic, read_request, request
from wgmesh.domain.values import Endpoint, Incarnation

KEY = derive(SECRET).probe_key
PAIR = pair_key(KEY, ALICE.identity.private_key, BOB.public_key)
OTHER = pair_key(KEY, ALICE.identity.private_key, CAROL.public_key)
TRANSACTION = bytes(range(12))
PROBE = request(KEY, PAIR, TRANSACTION, ALICE.key, Incarnation(3, 7))
SEEN = Endpoint("203.0.113.9", 40_000)


def test_the_pair_has_one_key_from_both_sides() -> None:
    assert pair_key(KEY, BOB.identity.private_key, ALICE.public_key) == PAIR != OTHER


def test_a_probe_names_its_sender_and_its_number_to_members_alone() -> None:
    assert read_request(KEY, PROBE) == Named(ALICE.key[:NAME_BYTES], Incarnation(3, 7))
    stranger = read_request(bytes(32), PROBE)
    assert stranger is not None
    assert stranger.name != ALICE.key[:NAME_BYTES]
    again = request(KEY, PAIR, bytes(12), ALICE.key, Incarnation(3, 8))
    assert again[20:] != PROBE[20:]


def test_only_who_has_the_pairs_key_can_have_made_it() -> None:
    assert is_authentic(PAIR, PROBE)
    assert not is_authentic(OTHER, PROBE)


@given(bit=st.integers(0, len(PROBE) * 8 - 1))
def test_no_bit_of_it_can_be_turned(bit: int) -> None:
    turned = bytearray(PROBE)
    turned[bit // 8] ^= 1 << bit % 8
    assert not is_authentic(PAIR, bytes(turned))


@pytest.mark.parametrize("seen", [SEEN, Endpoint("2001:db8::9", 40_000)])
def test_an_answer_says_as_whom_one_is_seen_and_is_no_longer_than_the_probe(seen: Endpoint) -> None:
    data = answer(PAIR, TRANSACTION, seen)
    assert is_authentic(PAIR, data)
    assert not is_authentic(OTHER, data)
    assert stun.mapped(data, TRANSACTION) == seen
    assert len(data) <= len(PROBE) == 64


def test_what_else_is_stun_is_no_probe() -> None:
    for other in (answer(PAIR, TRANSACTION, SEEN), answer(PAIR, TRANSACTION, Endpoint("::1", 1)), PROBE[:-1]):
        assert read_request(KEY, other) is None
    assert read_request(KEY, stun.request(TRANSACTION)) is None
    assert read_request(KEY, PROBE[:20] + b"\x80\x22\x00\x14" + PROBE[24:]) is None


@given(st.binary(max_size=80))
def test_any_bytes_are_read(data: bytes) -> None:
    assert read_request(KEY, data) is None
    assert not is_authentic(PAIR, data)
