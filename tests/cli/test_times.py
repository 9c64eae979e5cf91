"""Times as people type them, on this machine's clock."""

import time

import pytest

from tests.stories import NOON
from wgmesh.cli.times import parse, stamp
from wgmesh.domain.errors import UsageError
from wgmesh.domain.values import DAY, HOUR, MINUTE, SECOND

TWO = NOON + 2 * HOUR


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("-10m", TWO - 10 * MINUTE),
        ("-30s", TWO - 30 * SECOND),
        ("-3h", TWO - 3 * HOUR),
        ("-2d", TWO - 2 * DAY),
        ("12:03", NOON + 3 * MINUTE),
        ("12:00:04", NOON + 4 * SECOND),
        ("9:30", NOON - 150 * MINUTE),
        ("2026-11-22T12:03", NOON + 3 * MINUTE),
        ("2026-11-22 12:03:05.250", NOON + 3 * MINUTE + 5250),
        ("2026-11-22T12:03+01:00", NOON - 57 * MINUTE),
        ("2026-11-22", NOON - 12 * HOUR),
    ],
)
def test_a_time_is_understood(text: str, at: int) -> None:
    assert parse(text, TWO) == at


def test_a_clock_time_that_is_still_to_come_was_yesterday() -> None:
    assert parse("23:50", TWO) == NOON + 11 * HOUR + 50 * MINUTE - DAY


@pytest.mark.parametrize(
    "text", ["", "yesterday", "25:00", "12:60", "-10", "-10y", "10m", "12", "2026-13-01", "-99999999d"]
)
def test_what_is_no_time_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(UsageError, match="is no time: write it like 12:03"):
        parse(text, TWO)


def test_times_are_of_this_machines_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "CET-1")
    time.tzset()
    assert stamp(NOON, TWO) == "13:00:00.000"
    assert parse("13:03", TWO) == NOON + 3 * MINUTE


def test_a_moment_of_another_day_has_its_date() -> None:
    assert stamp(NOON + 4_118, TWO) == "12:00:04.118"
    assert stamp(NOON + 4_118, TWO + DAY) == "2026-11-22 12:00:04.118"
