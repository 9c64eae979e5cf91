"""Rare paths are named once, and a long run must take each."""

from collections import Counter

import pytest

from tests.simulation import marks
from tests.source import sources


def test_only_a_path_of_the_list_can_be_marked() -> None:
    with pytest.raises(AssertionError, match="not in the list"):
        marks.sometimes("never heard of")


def test_a_path_that_was_never_taken_is_told() -> None:
    seen = Counter(dict.fromkeys(marks.RARE, 1))
    assert marks.missing(seen) == []
    del seen["rekeyed"]
    assert marks.missing(seen) == ["rekeyed: a session was replaced while it lived"]


def test_every_path_of_the_list_is_marked_somewhere() -> None:
    text = "".join(source.text for source in sources("tests/simulation") if source.path.name != "marks.py")
    assert [name for name in marks.RARE if f'"{name}"' not in text] == []
