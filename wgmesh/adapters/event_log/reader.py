"""The log as everybody else has it: read in short pages, no daemon needed, never in the way of the one that writes.

What this wgmesh cannot read is passed on as `Unreadable`, so that a newer log still tells most of its story.
"""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from types import TracebackType
from typing import Any, Self

from wgmesh.adapters.event_log.database import (
    EVENTS_TABLE,
    PAGE,
    SNAPSHOTS_TABLE,
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
from wgmesh.adapters.event_log.snapshots import opened
from wgmesh.domain.errors import LogBroken, UnreadableEvent, WgmeshError
from wgmesh.domain.records import CHAIN_BYTES, EVENTS, Catalogue, Record, decode

_PAGE = f"""
    SELECT originator_version, topic, state FROM {EVENTS_TABLE}
    WHERE originator_id = '{STREAM}' AND originator_version > ? AND originator_version <= ?
    ORDER BY originator_version LIMIT {PAGE}
"""  # noqa: S608 - names of our own
_HEAD = f"""
    SELECT originator_version, state FROM {EVENTS_TABLE}
    WHERE originator_id = '{STREAM}' AND typeof(originator_version) = 'integer' AND typeof(state) = 'blob'
    ORDER BY originator_version DESC LIMIT 1
"""  # noqa: S608
# The text of a record begins with `{"at":`, in one way only: its time is found without reading the rest.
_LAST_AT = f"""
    SELECT originator_version FROM {EVENTS_TABLE}
    WHERE originator_id = '{STREAM}' AND typeof(originator_version) = 'integer'
          AND CAST(substr(state, {CHAIN_BYTES + len('{"at":') + 1}, 19) AS INTEGER) <= ?
    ORDER BY originator_version DESC LIMIT 1
"""  # noqa: S608
_FIRST_AT = _LAST_AT.replace("<= ?", ">= ?").replace("DESC", "ASC")
# The rarer a record, the more it tells: roll calls and carried states speak of everybody.
_MENTIONING = f"""
    SELECT originator_version, topic, state FROM {EVENTS_TABLE}
    WHERE originator_id = '{STREAM}' AND originator_version <= ?
          AND topic NOT LIKE 'PeersSighted.%' AND topic NOT LIKE 'StateCarried.%' AND (@words)
    ORDER BY originator_version DESC LIMIT ?
"""  # noqa: S608
_MENTIONS = "instr(state, ?) OR instr(CAST(topic AS BLOB), ?)"
_SNAPSHOTS = f"""
    SELECT originator_version, topic FROM {SNAPSHOTS_TABLE}
    WHERE typeof(originator_version) = 'integer' AND originator_version BETWEEN 1 AND ?
    ORDER BY originator_version DESC
"""  # noqa: S608
_SNAPSHOT = f"SELECT state FROM {SNAPSHOTS_TABLE} WHERE originator_version = ?"  # noqa: S608
_ALL = 2**63 - 1


class LogReader:
    """The log at `path`, which need not be sound. `running` says whether a daemon holds the lock beside it.

    WgmeshError if there is no log, or nothing in it.
    """

    _connection: sqlite3.Connection
    _files: tuple[int, ...]
    _version: int

    def __init__(self, path: Path, *, running: bool, catalogue: Catalogue = EVENTS) -> None:
        self._path = path
        self._running = running
        self._catalogue = catalogue
        self._connect()
        if not tables_of(self._connection) or not self.head.sequence:
            self.close()
            raise WgmeshError(f"{path} holds no records yet: join a mesh first")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @property
    def head(self) -> Head:
        """The last record there is now."""
        found = self._select(_HEAD)
        return Head(found[0][0], found[0][1][:CHAIN_BYTES]) if found else Head()

    @property
    def beginning(self) -> Head:
        """The record behind which the log begins: older ones were taken out."""
        with self._failing_plainly():
            return beginning_of(self._connection)

    def records(self, after: int = 0, until: int | None = None) -> Iterator[Record | Unreadable]:
        """What is behind `after`, up to and with `until`."""
        more = True
        while more:
            page = self._select(_PAGE, after, _ALL if until is None else until)
            for row in page:
                yield self._read(*row)
                after = row[0]
            more = len(page) == PAGE

    def mentioning(self, words: Sequence[str], until: int, limit: int) -> Iterator[Record]:
        """The last records up to `until` that have one of the words in them, newest first; none without words.

        Roll calls and carried states, which name everybody, are left out, and so is what cannot be read.
        """
        query = _MENTIONING.replace("@words", " OR ".join([_MENTIONS] * len(words)))
        sought = [part for word in words for part in [word.encode()] * 2]
        for row in self._select(query, until, *sought, limit) if words else ():
            if isinstance(record := self._read(*row), Record):
                yield record

    def follow(self, after: int, interval_seconds: float) -> Iterator[Record | Unreadable]:
        """What is behind `after` and whatever comes, looked for once an interval; it never ends."""
        while True:
            for record in self.records(after):
                yield record
                after = record.sequence
            while not self.changed():
                sleep(interval_seconds)

    def changed(self) -> bool:
        """Whether anything was written since this was last asked, or since the log was opened."""
        files = _files_of(self._path)
        if files[0] and files != self._files:
            self.close()
            self._connect()
            return True
        before, self._version = self._version, self._data_version()
        return self._version != before

    def chain_of(self, sequence: int) -> bytes | None:
        """The chain of a record, whether or not it can be read; None if there is no such record."""
        found = self._select(_PAGE, sequence - 1, sequence)
        return found[0][2][:CHAIN_BYTES] if found and isinstance(found[0][2], bytes) else None

    def last_at(self, at: int) -> int:
        """The sequence of the last record that was written at or before a time (ms); 0 if there is none."""
        found = self._select(_LAST_AT, min(at, _ALL))
        return found[0][0] if found else 0

    def first_at(self, at: int) -> int:
        """The sequence of the first record that was written at or after a time (ms); behind the last if none was."""
        found = self._select(_FIRST_AT, min(at, _ALL))
        return found[0][0] if found else self.head.sequence + 1

    def snapshot(self, shape: bytes, until: int = _ALL) -> tuple[int, bytes] | None:
        """The newest snapshot of this shape, of a record up to and with `until`: its sequence and state."""
        return next(self.snapshots(shape, until), None)

    def snapshots(self, form: bytes, until: int = _ALL) -> Iterator[tuple[int, bytes]]:
        """Those whose shape begins with `form` and that are of records of this log, newest first."""
        for sequence, topic in self._select(_SNAPSHOTS, until):
            shape = _shape(topic)
            if shape.startswith(form) and (state := self._opened(sequence, shape)) is not None:
                yield sequence, state

    def _opened(self, sequence: int, shape: bytes) -> bytes | None:
        for (blob,) in self._select(_SNAPSHOT, sequence):
            for record in self.records(sequence - 1, sequence) if isinstance(blob, bytes) else ():
                return opened(sequence, blob, shape, record.chain) if isinstance(record, Record) else None
        return None

    def _connect(self) -> None:
        with self._failing_plainly():
            self._connection = connect_to_read(self._path, running=self._running)
            self._version = self._data_version()
        self._files = _files_of(self._path)

    def _data_version(self) -> int:
        version: int = self._select("PRAGMA data_version")[0][0]
        return version

    def _select(self, query: str, *parameters: int | bytes) -> list[Any]:
        with self._failing_plainly():
            return self._connection.execute(query, parameters).fetchall()

    def _read(self, sequence: int, topic: object, state: object) -> Record | Unreadable:
        name = topic.decode(errors="backslashreplace") if isinstance(topic, bytes) else "?"
        try:
            return decode(sequence, name, state if isinstance(state, bytes) else b"", self._catalogue)
        except UnreadableEvent as error:
            return Unreadable(sequence, name, str(error))

    @contextmanager
    def _failing_plainly(self) -> Iterator[None]:
        try:
            yield
        except SQLITE_ERRORS as error:
            if not is_damage(error):
                raise unreachable(self._path, error) from error
            raise LogBroken(f"{self._path} is damaged ({error}): `wgmesh events --verify` says where") from error


def _shape(topic: object) -> bytes:
    """Of what shape a snapshot says it is; nothing for what wgmesh did not write."""
    is_hex = isinstance(topic, bytes) and re.fullmatch(rb"(?:[0-9a-f]{2})*", topic)
    return bytes.fromhex(is_hex[0].decode()) if is_hex else b""


def _files_of(path: Path) -> tuple[int, ...]:
    """Which files the log is: it may be replaced, and a log at rest gets a WAL when a daemon opens it."""
    return tuple(_inode(file) for file in (path, path.with_name(f"{path.name}-wal")))


def _inode(file: Path) -> int:
    try:
        return file.stat().st_ino
    except FileNotFoundError:
        return 0
