"""A snapshot opens for what it was sealed for, and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wgmesh.adapters.event_log.database import Head
from wgmesh.adapters.event_log.snapshots import opened, sealed

CHAIN = b"c" * 16
BLOB = sealed(Head(7, CHAIN), b"shape", b"state")


@given(st.binary())
def test_the_state_comes_back(state: bytes) -> None:
    assert opened(7, sealed(Head(7, CHAIN), b"shape", state), b"shape", CHAIN) == state


@pytest.mark.parametrize(
    ("sequence", "shape", "chain"),
    [(8, b"shape", CHAIN), (7, b"shapes", CHAIN), (7, b"shap", CHAIN), (7, b"shape", b"d" * 16), (7, b"shape", b"")],
)
def test_another_record_or_shape_opens_nothing(sequence: int, shape: bytes, chain: bytes) -> None:
    assert opened(sequence, BLOB, shape, chain) is None


@pytest.mark.parametrize("place", range(len(BLOB)))
def test_a_changed_byte_opens_nothing(place: int) -> None:
    assert opened(7, BLOB[:place] + bytes([BLOB[place] ^ 1]) + BLOB[place + 1 :], b"shape", CHAIN) is None


@pytest.mark.parametrize("length", [0, 15, 16, 31, 32, len(BLOB) - 1])
def test_a_cut_one_opens_nothing(length: int) -> None:
    assert opened(7, BLOB[:length], b"shape", CHAIN) is None
