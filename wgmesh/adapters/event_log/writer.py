"""The log as its one writer has it: what `append` returned is on the disk, whole and in its place.

Whoever writes beside us is met by the primary key: a sequence is given out once. What does not fit on the disk is as
if it had not been tried; after any other failure nothing more may be written or acted on.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self, cast

from eventsourcing.persistence import EventStore, PersistenceError, StoredEvent
from eventsourcing.sqlite import SQLiteAggregateRecorder

from wgmesh.adapters.event_log.database import (
    BEGINNINGS_TABLE,
    EVENTS_TABLE,
    PAGE,
    SNAPSHOTS_TABLE,
    STREAM,
    Head,
    unreachable,
)
from wgmesh.adapters.event_log.datastore import (
    SIZE_IN_USE,
    BeginningRecorder,
    LogDatastore,
    SnapshotRecorder,
    create_file,
    make_tables,
    play_back,
)
from wgmesh.adapters.event_log.mapper import Entry, RecordMapper
from wgmesh.adapters.event_log.reader import LogReader
from wgmesh.adapters.event_log.recovery import Recovered, finish, recover, recovery_of
from wgmesh.adapters.event_log.snapshots import sealed
from wgmesh.adapters.event_log.verify import Carried, Verdict, verify
from wgmesh.domain.errors import UnreadableEvent
from wgmesh.domain.events import StateCarried
from wgmesh.domain.records import EVENTS, Catalogue, Record


class EventLog:
    """A log that verified when it was opened. The caller holds the lock of the state directory.

    `head` is the last record, `beginning` the one before the first, and the log can begin at each of those `carried`,
    which hold the whole state; the newest is the last.

    `recovered` is there from a damage until the record numbered `resumes_at` is appended:
    that is the next one, a `LogRecovered`.
    """

    def __init__(self, path: Path, verdict: Verdict, catalogue: Catalogue) -> None:
        self.head = verdict.head
        self.beginning = verdict.beginning
        self.carried = list(verdict.carried)
        self._path = path
        self._datastore = LogDatastore(path)
        self._snapshots = SnapshotRecorder(self._datastore, SNAPSHOTS_TABLE)
        self._beginnings = BeginningRecorder(self._datastore, BEGINNINGS_TABLE)
        self._mapper = RecordMapper(catalogue)
        self._store = EventStore(self._mapper, SQLiteAggregateRecorder(self._datastore, EVENTS_TABLE))
        with self._failing_plainly():
            make_tables(self._datastore)
            self._recovered = recovery_of(self._datastore)

    @classmethod
    def open(cls, path: Path, *, at: int, catalogue: Catalogue = EVENTS) -> Self:
        """The log at `path`, made if there is none, recovered as of `at` (wall clock, ms) if it is damaged.

        UnreadableEvent for the log of a newer wgmesh, which stays as it is; LogFull or LogBroken if it is of no use.
        """
        try:
            finish(path)
            if not path.exists():
                create_file(path)
            play_back(path)
        except (OSError, sqlite3.OperationalError) as error:
            raise unreachable(path, error) from error
        verdict = verify(path, catalogue=catalogue)
        if verdict.unreadable:
            raise UnreadableEvent(f"{verdict.unreadable[0].reason}; install the wgmesh that wrote {path}")
        if verdict.reason:
            recover(path, at, verdict, catalogue)
            verdict = verify(path, catalogue=catalogue)
        return cls(path, verdict, catalogue)

    @property
    def recovered(self) -> Recovered | None:
        """The damage that the log does not tell of yet."""
        return self._recovered if self._recovered and self.head.sequence < self._recovered.resumes_at else None

    @property
    def chain(self) -> bytes:
        """The head of the chain."""
        return self.head.chain

    def append(self, records: Sequence[Record]) -> tuple[Record, ...]:
        """The records with their chains, durable. LogFull: nothing is written. LogBroken: stop."""
        entries = self._mapper.entries(records, self.head)
        self._check_places(entries)
        with self._failing_plainly():
            self._store.put(entries)
        stored = tuple(entry.stored.record for entry in entries)
        self.head = Head(stored[-1].sequence, stored[-1].chain) if stored else self.head
        self.carried += (Carried(each.sequence, each.at) for each in stored if isinstance(each.event, StateCarried))
        return stored

    def records(self, after: int = 0, until: int | None = None) -> Iterator[Record]:
        """The records behind `after`, up to and with `until`, in pages: each read is short."""
        more = True
        while more:
            with self._failing_plainly():
                page = self._store.get(STREAM, gt=after, lte=until, limit=PAGE)
            more = False
            for entry in cast("Iterator[Entry]", page):
                yield entry.stored.record
                after, more = entry.originator_version, True

    @property
    def size_bytes(self) -> int:
        """How much of the file is in use. What was taken out leaves room in it, and does not make it smaller."""
        with self._failing_plainly(), self._datastore.transaction(commit=False) as cursor:
            cursor.execute(SIZE_IN_USE)
            size: int = cursor.fetchone()[0]
        return size

    def begin_at(self, carried: Carried) -> None:
        """Take all records before this one out of the log, all or none of them; errors as in `append`."""
        assert carried in self.carried, "a log begins with a record that holds the state"
        (before,) = self.records(after=carried.sequence - 2, until=carried.sequence - 1)
        with self._failing_plainly():
            self._beginnings.insert_events([StoredEvent(STREAM, before.sequence, "", before.chain)])
        self.beginning = Head(before.sequence, before.chain)
        self.carried = self.carried[self.carried.index(carried) :]

    def save_snapshot(self, sequence: int, chain: bytes, shape: bytes, state: bytes) -> None:
        """Keep the state that the log folds to at this record, beside earlier ones; errors as in `append`."""
        blob = sealed(Head(sequence, chain), shape, state)
        with self._failing_plainly():
            self._snapshots.insert_events([StoredEvent(STREAM, sequence, shape.hex(), blob)])

    def snapshot(self, shape: bytes) -> tuple[int, bytes] | None:
        """The newest snapshot of this shape: its sequence and state."""
        if not self.head.sequence:
            return None
        with LogReader(self._path, running=True) as reader:
            return reader.snapshot(shape)

    def close(self) -> None:
        """Leave one complete file behind, also beside readers that stay."""
        # On a full or failing disk the WAL stays where it is: nothing is lost, the next start reads it.
        with suppress(sqlite3.OperationalError), self._datastore.get_connection(commit=True) as connection:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._datastore.close()

    def _check_places(self, entries: Sequence[Entry]) -> None:
        first = self.recovered.resumes_at if self.recovered else self.head.sequence + 1
        places = [entry.originator_version for entry in entries]
        assert places == list(range(first, first + len(places))), f"the log goes on at {first}, not with {places}"

    @contextmanager
    def _failing_plainly(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, PersistenceError) as error:
            raise unreachable(self._path, error) from error
