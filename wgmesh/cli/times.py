"""Times as people type and read them: on this machine's clock and in its zone, milliseconds inside."""

import re
from datetime import UTC, datetime, timedelta

_AGO = re.compile(r"-(\d{1,9})([smhd])", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def now() -> int:
    """The wall clock, ms since 1970."""
    from wgmesh.adapters.clock import Clock

    return Clock().now()[0]


def parse(text: str, at: int) -> int:
    """`12:03` (the last time it was that), `2026-11-22T12:03`, `-10m`: as ms since 1970; `at` is now."""
    from wgmesh.domain.errors import UsageError

    try:
        return int(_moment(text, local(at)).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text!r} is no time: write it like 12:03, 2026-11-22T12:03 or -10m") from error


def _moment(text: str, present: datetime) -> datetime:
    if ago := _AGO.fullmatch(text):
        return present - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    if clock := _CLOCK.fullmatch(text):
        hour, minute, second = (int(part or 0) for part in clock.groups())
        moment = present.replace(hour=hour, minute=minute, second=second, microsecond=0)
        return moment if moment <= present else moment - timedelta(days=1)
    return datetime.fromisoformat(text).astimezone()


def local(at: int) -> datetime:
    """The moment in this machine's zone."""
    return datetime.fromtimestamp(at / 1000, UTC).astimezone()


def stamp(at: int, present: int) -> str:
    """`12:00:04.118`, with the date before it when that was another day."""
    moment, today = local(at), local(present)
    clock = f"{moment:%H:%M:%S}.{at % 1000:03d}"
    return clock if moment.date() == today.date() else f"{moment:%Y-%m-%d} {clock}"
