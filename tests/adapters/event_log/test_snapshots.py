"""A snapshot opens for what it was sealed for, and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wgmesh.adapters.event_log.database import Head
from wgmesh.adapters.event_log.snapshots import MOST_KEPT, opened, sealed, surplus

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


def test_while_there_is_room_all_are_kept() -> None:
    assert surplus({10: 5, 20: 5, 30: 5}, most_bytes=15) == []
    assert surplus({}, most_bytes=0) == []


def test_those_that_lie_closest_together_give_way() -> None:
    assert surplus({100: 1, 200: 1, 210: 1, 220: 1, 400: 1}, most_bytes=4) == [210]
    assert surplus({10: 1, 200: 1, 300: 1}, most_bytes=2) == [10]


def test_the_newest_stays_however_large_it_is() -> None:
    assert surplus({10: 5, 20: 5, 30: 500}, most_bytes=15) == [10, 20]


@given(st.lists(st.integers(1, 10**6), unique=True, max_size=100))
def test_there_are_never_too_many(sequences: list[int]) -> None:
    given_up = surplus(dict.fromkeys(sequences, 1), most_bytes=10**9)
    kept = [sequence for sequence in sequences if sequence not in given_up]
    assert len(kept) == min(len(sequences), MOST_KEPT)
    assert max(kept, default=0) == max(sequences, default=0)
