"""The one connection that writes: durable when a transaction returns, and alone.

SQLite's own default for `synchronous` differs between distributions, so each connection of the pool is told: FULL
syncs the WAL at every commit, and after a power loss no commit that returned is missing.
"""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import (
    SQLiteAggregateRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
)

from wgmesh.adapters.event_log.database import (
    EVENTS_TABLE,
    SNAPSHOTS_TABLE,
    SQLITE_ERRORS,
    STREAM,
    TABLES,
    is_damage,
    uri_of,
)
from wgmesh.adapters.event_log.snapshots import SHARE, surplus

PRAGMAS = (
    "PRAGMA synchronous=FULL",
    "PRAGMA cache_size=-512",  # KiB: records are appended and read in order, so a larger cache is never hit
    "PRAGMA journal_size_limit=4194304",  # what a slow reader made of the WAL is given back
)
# How much of a file is in use, in bytes. What was taken out leaves room in it, and does not make it smaller.
SIZE_IN_USE = """
    SELECT (page_count - freelist_count) * page_size
    FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()
"""
# What no snapshot beside the newest is. SQLite orders texts behind all numbers.
_ODD_OR_LATER = "typeof(state) != 'blob' OR originator_version < 1 OR originator_version >= ?"
# Nobody else writes, and who does all the same is not waited for: the node stands still meanwhile.
LOCK_TIMEOUT_SECONDS = 1


class _Pool(SQLiteConnectionPool):
    def _create_connection(self) -> SQLiteConnection:
        connection = super()._create_connection()
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(pragma)
        return connection


class LogDatastore(SQLiteDatastore):
    """An existing SQLite file, opened for writing with a pool of one connection."""

    def __init__(self, path: Path) -> None:
        uri = uri_of(path, "mode=rw")
        super().__init__(uri, originator_id_type="text")
        self.pool = _Pool(db_name=uri, lock_timeout=LOCK_TIMEOUT_SECONDS, pool_size=1, max_overflow=0)


class SnapshotRecorder(SQLiteAggregateRecorder):
    """A table of the same form that keeps as many snapshots as there is room for, and always what was written last."""

    def _insert_events(self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        newest = stored_events[-1].originator_version
        c.execute(f"DELETE FROM {SNAPSHOTS_TABLE} WHERE {_ODD_OR_LATER}", (newest,))  # noqa: S608 - our own table
        super()._insert_events(c, stored_events, **kwargs)
        c.execute(f"SELECT originator_version, length(state) FROM {SNAPSHOTS_TABLE}")  # noqa: S608
        sizes: dict[int, int] = dict(c.fetchall())
        c.execute(SIZE_IN_USE)
        in_use: int = c.fetchone()[0]
        for sequence in surplus(sizes, in_use // SHARE):
            c.execute(f"DELETE FROM {SNAPSHOTS_TABLE} WHERE originator_version = ?", (sequence,))  # noqa: S608


class BeginningRecorder(SQLiteAggregateRecorder):
    """Where the log begins: what is written here goes out of the log in the same transaction, it and all before it."""

    def _insert_events(self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        c.execute(f"DELETE FROM {self.events_table_name}")  # noqa: S608 - the name of our own table
        super()._insert_events(c, stored_events, **kwargs)
        through = stored_events[0].originator_version
        for table in (EVENTS_TABLE, SNAPSHOTS_TABLE):
            c.execute(f"DELETE FROM {table} WHERE originator_id = ? AND originator_version <= ?", (STREAM, through))  # noqa: S608


def make_tables(datastore: LogDatastore) -> None:
    """The tables of a log, where they are not there yet."""
    for table in TABLES:
        SQLiteAggregateRecorder(datastore, table).create_table()


def play_back(path: Path) -> None:
    """Undo what a crash cut short before the log had its WAL: only who may write can, so readers would be turned away.

    sqlite3.OperationalError if that cannot be done now; a file that is damaged is left to whoever verifies it.
    """
    if path.with_name(f"{path.name}-journal").exists():
        with closing(sqlite3.connect(uri_of(path, "mode=rw"), uri=True)) as connection:
            try:
                connection.execute("SELECT name FROM sqlite_master").fetchall()
            except SQLITE_ERRORS as error:
                if not is_damage(error):
                    raise


def create_file(path: Path) -> None:
    """An empty file that only its owner may read; SQLite gives its companions the same mode. OSError if it is there."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(descriptor, 0o600)  # whatever the umask
    finally:
        os.close(descriptor)
