import pytest
from hypothesis import given
from hypothesis import strategies as st

from wgmesh.adapters.dht.bencode import DEPTH_CAP, NotBencode, Value, decode, encode

VALUES = st.recursive(
    st.integers(-(10**17), 10**17) | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.binary(max_size=6), inner, max_size=4),
    max_leaves=12,
)


def depth(value: Value) -> int:
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1


@given(VALUES)
def test_a_value_comes_back_as_it_was_written(value: Value) -> None:
    if depth(value) <= DEPTH_CAP:
        assert decode(encode(value)) == value


@given(st.binary(max_size=60))
def test_what_can_be_read_is_written_one_way_only(data: bytes) -> None:
    try:
        value = decode(data)
    except NotBencode:
        return
    assert encode(value) == data


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"i", b"ie", b"i-e", b"i-0e", b"i01e", b"i1", b"i 1e", b"i1_0e", b"i+1e", b"i" + b"9" * 5000 + b"e"),
        *(b"-1:a", b"01:a", b"2:a", b"4294967296:a", b"1a", b":", b"1"),
        *(b"l", b"li1e", b"d", b"d1:ai1e", b"di1ei2ee", b"d1:a"),
        *(b"d1:bi1e1:ai2ee", b"d1:ai1e1:ai2ee", b"i1ei2e", b"i1e ", b"x", b"e"),
        *(b"l" * 500 + b"e" * 500, b"d1:a" * 500),
    ],
)
def test_row_43_anything_less_than_strict_is_refused(data: bytes) -> None:
    with pytest.raises(NotBencode):
        decode(data)
