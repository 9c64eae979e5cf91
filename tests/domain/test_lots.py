from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wgmesh.domain.lots import draw, pick, some

lots = st.binary(min_size=8, max_size=8)
purposes = st.text(max_size=20)


@given(lots, purposes, st.integers(1, 2**32))
def test_a_draw_is_in_its_range_and_repeats(lot: bytes, purpose: str, below: int) -> None:
    assert 0 <= draw(lot, purpose, below) < below
    assert draw(lot, purpose, below) == draw(lot, purpose, below)


@given(lots, st.lists(st.integers(), min_size=1))
def test_a_pick_is_one_of_the_items(lot: bytes, items: list[int]) -> None:
    assert pick(lot, "any", items) in items


def test_draws_of_one_lot_for_two_purposes_have_nothing_to_do_with_each_other() -> None:
    drawn = [(draw(n.to_bytes(8), "trickle", 4), draw(n.to_bytes(8), "stem", 4)) for n in range(1600)]
    assert len(Counter(drawn)) == 16
    assert max(Counter(drawn).values()) < 150


def test_every_item_is_picked_about_as_often() -> None:
    counts = Counter(pick(n.to_bytes(8), "any", "abcd") for n in range(4000))
    assert min(counts.values()) > 900


def test_nothing_can_be_picked_from_nothing() -> None:
    with pytest.raises(ZeroDivisionError):
        pick(bytes(8), "any", [])


def test_a_draw_is_the_same_on_every_machine() -> None:
    assert [draw(bytes(8), "trickle", 1000), draw(b"\1" * 8, "trickle", 1000)] == [606, 909]


@given(lots, st.lists(st.integers(), unique=True), st.integers(0, 9))
def test_some_are_different_items_and_at_most_so_many(lot: bytes, items: list[int], most: int) -> None:
    chosen = some(lot, "any", items, most)
    assert len(chosen) == min(most, len(items)) == len(set(chosen))
    assert set(chosen) <= set(items)


def test_every_item_is_among_some_about_as_often() -> None:
    counts = Counter(item for n in range(2000) for item in some(n.to_bytes(8), "any", "abcd", 2))
    assert min(counts.values()) > 900
