import pytest
from hypothesis import given
from hypothesis import strategies as st

from wgmesh.adapters.registry.answers import (
    BODY_CAP,
    ENTRY_BYTES,
    Comment,
    Issue,
    Senseless,
    moment,
    pack,
    read,
    unpack,
    updated_ms,
)


@given(st.binary(min_size=ENTRY_BYTES, max_size=ENTRY_BYTES))
def test_an_entry_comes_back_from_a_body(entry: bytes) -> None:
    assert unpack(pack(entry)) == entry
    assert unpack(f"\r\n{pack(entry)}\n") == entry


@given(st.text(max_size=100) | st.none())
def test_row_38_any_text_is_an_entry_or_none(body: str | None) -> None:
    assert unpack(body) is None


def test_row_38_a_body_of_any_size_costs_little() -> None:
    assert unpack("A" * (BODY_CAP + 1)) is None


def test_issues_are_read_without_all_that_we_do_not_need() -> None:
    assert read(b'[{"number": 7, "title": "t", "body": null, "user": {"login": "x"}}]', list[Issue]) == [Issue(7, "t")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[{}]",
        b'[{"number": true, "title": "t"}]',
        b'[{"number": 1e999, "title": ""}]',
        b'[{"number": 9007199254740992, "title": ""}]',
    ],
)
def test_row_5_what_is_no_answer_is_senseless(body: bytes) -> None:
    with pytest.raises(Senseless):
        read(body, list[Issue])


@pytest.mark.parametrize(
    ("text", "at"), [("1970-01-01T00:00:01Z", 1000), ("1970-01-01T01:00:01+01:00", 1000), ("soon", 0), ("", 0)]
)
def test_dates_are_read_as_ms_or_as_long_ago(text: str, at: int) -> None:
    assert updated_ms(Comment(1, text)) == at


@pytest.mark.parametrize(
    ("at", "text"),
    [(1_767_268_800_999, "2026-01-01T12:00:00Z"), (0, "1970-01-01T00:00:00Z"), (-1 << 50, "1970-01-01T00:00:00Z")],
)
def test_a_moment_is_said_to_the_second_that_has_begun(at: int, text: str) -> None:
    assert moment(at) == text
