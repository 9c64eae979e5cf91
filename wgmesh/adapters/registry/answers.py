"""What we read of a tracker's JSON: a few fields of issues and comments, strictly, and nothing of all the rest."""

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

Kind = TypeVar("Kind")

# GitHub's limit for a body; ours are a sixteenth of it.
BODY_CAP = 65_536
# Entries hold one sealed datagram each.
ENTRY_BYTES = 1200


class Senseless(Exception):
    """The answer is no JSON of the shape that the tracker documents."""


# What a tracker counts by fits a number of JSON.
Number = Annotated[int, Meta(gt=0, lt=2**53)]


class Issue(Struct, frozen=True):
    """`number` within the repository. `body` may be null."""

    number: Number
    title: str
    body: str | None = None


class Hits(Struct, frozen=True):
    """What GitHub's search says. `incomplete_results`: it ran out of time before it had looked everywhere."""

    items: list[Issue]
    incomplete_results: bool


class Comment(Struct, frozen=True):
    """`id` is unique on the server."""

    id: Number
    updated_at: str
    body: str | None = None


def read(body: bytes, kind: type[Kind]) -> Kind:
    """The answer as this kind; Senseless when it is none."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Senseless("the answer is not what its documentation says") from error


def updated_ms(comment: Comment) -> int:
    """When it was last written, ms since 1970; 0 where the date is none."""
    try:
        return round(datetime.fromisoformat(comment.updated_at).astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return 0


def said_at(headers: Mapping[str, str]) -> int:
    """When the server answered by its own clock, ms since 1970; 0 where it does not say."""
    try:
        return round(parsedate_to_datetime(headers.get("date", "")).timestamp() * 1000)
    except (ValueError, TypeError, OverflowError, OSError):  # TypeError: what Python 3.11 makes of an odd time zone
        return 0


def moment(at: int) -> str:
    """A time (ms since 1970) as trackers take it, to the second before; a server whose clock is odd gets 1970."""
    return datetime.fromtimestamp(max(0, at) // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pack(entry: bytes) -> str:
    """A sealed entry as the text of a body."""
    return base64.b64encode(entry).decode()


def unpack(body: str | None) -> bytes | None:
    """The sealed entry in a body; None where there is none."""
    if body is None or len(body) > BODY_CAP:
        return None
    try:
        entry = base64.b64decode(body.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return entry if len(entry) == ENTRY_BYTES else None
