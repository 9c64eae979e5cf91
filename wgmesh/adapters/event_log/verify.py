"""Whether a log is to be believed: every row, in the order in which it lies there, against its place and its chain.

No index and no condition picks the rows, so that none can hide from the check by being odd. What is missing at the very
end does not show: only somebody who has seen a later head could tell.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
from msgspec import Struct

from wgmesh.adapters.event_log.database import (
    EVENTS_TABLE,
    SQLITE_ERRORS,
    STREAM,
    Head,
    Unreadable,
    beginning_of,
    connect_to_read,
    is_damage,
    tables_of,
    unreachable,
)
from wgmesh.domain.errors import UnreadableEvent
from wgmesh.domain.records import CHAIN_BYTES, EVENTS, Catalogue, decode, link

# In the order of the table: whole rows of ours, and any others as what they are not.
_ROWS = f"""
    SELECT originator_id = '{STREAM}' AND typeof(originator_id) = 'text'
           AND typeof(originator_version) = 'integer' AND originator_version > 0
           AND typeof(topic) = 'text' AND typeof(state) = 'blob',
           originator_version, topic, state
    FROM {EVENTS_TABLE}
"""  # noqa: S608 - names of our own

# Sequence, topic, state.
Row = tuple[int, bytes, bytes]


class Carried(Struct, frozen=True):
    """A record with the whole state, behind which the log can begin: its sequence, and its `at` in ms."""

    sequence: int
    at: int


class Verdict(Struct, frozen=True):
    """What verified from the beginning on, and why it ends there: `reason` is empty for a sound log.

    `first_bad` is the first sequence that is missing, changed or misplaced; None where only SQLite's own check of the
    file fails. `unreadable` names the topics, once each, that are sound and that this wgmesh cannot read. `beginning`
    is the record before the first, `carried` are those that verified and hold the whole state.
    """

    records: int
    head: Head
    first_bad: int | None
    reason: str
    unreadable: tuple[Unreadable, ...]
    beginning: Head = Head()
    carried: tuple[Carried, ...] = ()


def verify(path: Path, *, running: bool = True, catalogue: Catalogue = EVENTS) -> Verdict:
    """The verdict on the log at `path`; `running` as in `connect_to_read`. WgmeshError if it cannot be looked at."""
    walk = _Walk(catalogue)
    try:
        with closing(connect_to_read(path, running=running)) as connection:
            return walk.verdict(*walk.through(connection))
    except SQLITE_ERRORS as error:
        if not is_damage(error):
            raise unreachable(path, error) from error
        return walk.verdict(f"SQLite cannot read it: {error}", walk.head.sequence + 1)


def rows_of_ours(connection: sqlite3.Connection) -> Iterator[Row]:
    """The rows as verification meets them, but for those that wgmesh cannot have written."""
    return (row[1:] for row in connection.execute(_ROWS) if row[0])


class _Walk:
    """One pass over the rows; it stops at the first that does not follow from those before."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.head = self._beginning = Head()
        self._catalogue = catalogue
        self._records = 0
        self._unreadable: dict[bytes, Unreadable] = {}
        self._carried: list[Carried] = []

    def through(self, connection: sqlite3.Connection) -> tuple[str, int | None]:
        """Why the log is bad, and from where; ("", None) if it is sound."""
        self.head = self._beginning = beginning_of(connection)
        fault = self._fault_of_rows(connection) if tables_of(connection) else ""
        return (fault, self.head.sequence + 1) if fault else (_fault_of_file(connection), None)

    def verdict(self, reason: str, first_bad: int | None) -> Verdict:
        """What came of the walk."""
        unreadable, carried = tuple(self._unreadable.values()), tuple(self._carried)
        return Verdict(self._records, self.head, first_bad, reason, unreadable, self._beginning, carried)

    def _fault_of_rows(self, connection: sqlite3.Connection) -> str:
        odd = ""
        for is_ours, *row in connection.execute(_ROWS):
            fault = self._fault_of(*row) if is_ours else ""
            if fault:
                return odd or fault
            odd = odd if is_ours else "it is in no row that wgmesh wrote"
        return odd

    def _fault_of(self, sequence: int, topic: bytes, state: bytes) -> str:
        if sequence != self.head.sequence + 1 and not resumes(self.head.sequence, sequence, topic, state):
            return f"it is missing: record {sequence} follows record {self.head.sequence}"
        if self.head.sequence and not self._records and not carries(topic):
            return "the log begins with it, and it does not hold the state that the records before it made"
        chain = link(self.head.chain, sequence, topic, state[CHAIN_BYTES:])
        if chain != state[:CHAIN_BYTES]:
            return "it is not what was written: its chain does not fit"
        self.head = Head(sequence, chain)
        self._records += 1
        self._read(sequence, topic, state)
        return ""

    def _read(self, sequence: int, topic: bytes, state: bytes) -> None:
        try:
            record = decode(sequence, topic.decode(), state, self._catalogue)
        except (UnicodeDecodeError, UnreadableEvent) as error:
            unreadable = Unreadable(sequence, topic.decode(errors="backslashreplace"), str(error))
            self._unreadable.setdefault(topic, unreadable)
            return
        if carries(topic):
            self._carried.append(Carried(sequence, record.at))


def _fault_of_file(connection: sqlite3.Connection) -> str:
    (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    return "" if answer == b"ok" else f"SQLite's check of the file says: {answer.decode()}"


class _Resumption(Struct):
    resumes_at: int


class _Recovery(Struct):
    event: _Resumption


def carries(topic: bytes) -> bool:
    """Whether a record of this topic holds the whole state: a `StateCarried` of any version."""
    return topic.startswith(b"StateCarried.")


def resumes(last: int, sequence: int, topic: bytes, state: bytes) -> bool:
    """Whether this is the one record before which sequences may be missing: a `LogRecovered` of any version."""
    if sequence <= last or not topic.startswith(b"LogRecovered."):
        return False
    try:
        return msgspec.json.decode(state[CHAIN_BYTES:], type=_Recovery).event.resumes_at == sequence
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
