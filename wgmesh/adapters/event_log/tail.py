"""The sound end of a damaged log: from a record that holds the whole state to the last, all as it was written.

The rows are read backwards, so that the damage is met last: what is behind it needs nothing that is before it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from msgspec import Struct

from wgmesh.adapters.event_log.database import EVENTS_TABLE, SQLITE_ERRORS, STREAM, Head, connect_to_read
from wgmesh.adapters.event_log.verify import Row, carries, resumes
from wgmesh.domain.errors import UnreadableEvent
from wgmesh.domain.records import CHAIN_BYTES, Catalogue, decode, link

_BACKWARDS = f"""
    SELECT originator_version, topic, state FROM {EVENTS_TABLE}
    WHERE originator_id = '{STREAM}' AND typeof(originator_version) = 'integer'
          AND typeof(topic) = 'text' AND typeof(state) = 'blob'
    ORDER BY originator_version DESC
"""  # noqa: S608 - names of our own


class Tail(Struct, frozen=True):
    """The log from a record that holds the state to its end: so many records behind `beginning`, up to `last`."""

    beginning: Head
    last: int
    records: int


def sound_tail(path: Path, catalogue: Catalogue) -> Tail | None:
    """The longest sound tail of the damaged log at `path`; None if it has none."""
    longest = None
    # An error means that the damage is met: what was found behind it stays found.
    with suppress(*SQLITE_ERRORS), closing(connect_to_read(path, running=True)) as connection:
        for tail in _tails(connection, catalogue):
            longest = tail
    return longest


def rows_backwards(connection: sqlite3.Connection) -> Iterator[Row]:
    """The rows of the log, the last first: sequence, topic, state."""
    yield from connection.execute(_BACKWARDS)


def _tails(connection: sqlite3.Connection, catalogue: Catalogue) -> Iterator[Tail]:
    """Each sound tail, the shortest first."""
    rows = rows_backwards(connection)
    last = later = next(rows, (0, b"", b""))
    for records, row in enumerate(rows, start=1):
        if not _follows(row, later) or not _is_readable(later, catalogue):
            return
        sequence, _, state = row
        if carries(later[1]) and later[0] == sequence + 1:
            yield Tail(Head(sequence, state[:CHAIN_BYTES]), last[0], records)
        later = row


def _follows(row: Row, later: Row) -> bool:
    """Whether the later row is what was written behind this one."""
    (last, _, before), (sequence, topic, state) = row, later
    in_place = sequence == last + 1 or resumes(last, sequence, topic, state)
    return in_place and link(before[:CHAIN_BYTES], sequence, topic, state[CHAIN_BYTES:]) == state[:CHAIN_BYTES]


def _is_readable(row: Row, catalogue: Catalogue) -> bool:
    sequence, topic, state = row
    try:
        decode(sequence, topic.decode(), state, catalogue)
    except (UnicodeDecodeError, UnreadableEvent):
        return False
    return True
