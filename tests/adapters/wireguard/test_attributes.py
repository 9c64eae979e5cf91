"""Attributes as bytes: what is written is read, and what is none is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wgmesh.adapters.wireguard.attributes import MOST_BYTES, attribute, attributes, nested


def test_an_attribute_is_padded_and_its_length_is_not() -> None:
    assert attribute(2, b"abcde").hex() == "09000200" + b"abcde".hex() + "000000"
    assert attribute(2, b"") == bytes.fromhex("04000200")


def test_the_flag_of_those_that_hold_others_is_no_part_of_their_kind() -> None:
    data = nested(8, attribute(1, b"x"), attribute(2, b"yz"))
    assert data[2:4].hex() == "0880"
    [(kind, inner)] = attributes(data)
    assert kind == 8
    assert list(attributes(inner)) == [(1, b"x"), (2, b"yz")]


@given(st.lists(st.tuples(st.integers(0, 0x3FFF), st.binary(max_size=70))))
def test_what_is_written_is_read(values: list[tuple[int, bytes]]) -> None:
    assert list(attributes(b"".join(attribute(kind, value) for kind, value in values))) == values


def test_an_attribute_ends_at_64_kib() -> None:
    assert list(attributes(attribute(1, bytes(MOST_BYTES)))) == [(1, bytes(MOST_BYTES))]
    with pytest.raises(AssertionError):
        attribute(1, bytes(MOST_BYTES + 1))


@pytest.mark.parametrize("data", [b"\1", b"\4\0\1", b"\3\0\1\0", b"\5\0\1\0", b"\x04\x00\x01\x00\xff"])
def test_what_are_no_attributes_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="an attribute"):
        list(attributes(data))


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        list(attributes(data))
    except ValueError:
        return
