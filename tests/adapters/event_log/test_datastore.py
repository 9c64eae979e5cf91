"""Every connection that writes is durable and alone, and what it makes is for its owner only."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from eventsourcing.persistence import InterfaceError, OperationalError, StoredEvent
from eventsourcing.sqlite import SQLiteAggregateRecorder

from wgmesh.adapters.event_log.database import connect_to_read
from wgmesh.adapters.event_log.datastore import (
    BeginningRecorder,
    LogDatastore,
    SnapshotRecorder,
    create_file,
    make_tables,
    play_back,
)


@pytest.fixture
def datastore(tmp_path: Path) -> Iterator[LogDatastore]:
    create_file(tmp_path / "events.db")
    with closing(LogDatastore(tmp_path / "events.db")) as datastore:
        make_tables(datastore)
        yield datastore


def ask(datastore: LogDatastore, pragma: str) -> object:
    with datastore.get_connection(commit=True) as connection, connection.cursor() as cursor:
        return cursor.execute(f"PRAGMA {pragma}").fetchone()[0]


def test_each_connection_syncs_at_every_commit(datastore: LogDatastore) -> None:
    full = 2
    for _ in range(2):
        assert ask(datastore, "synchronous") == full
        assert ask(datastore, "journal_mode") == "wal"
        with datastore.get_connection(commit=True) as connection:
            connection.close()


def test_there_is_one_connection(datastore: LogDatastore) -> None:
    with datastore.get_connection(commit=False), pytest.raises(OperationalError):
        datastore.pool.get_connection(timeout=0.01)


def test_files_are_for_their_owner_only_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        create_file(tmp_path / "events.db")
        with closing(LogDatastore(tmp_path / "events.db")) as datastore:
            make_tables(datastore)
            modes = {name: (tmp_path / name).stat().st_mode & 0o777 for name in os.listdir(tmp_path)}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(modes, 0o600)
    assert sorted(modes) == ["events.db", "events.db-shm", "events.db-wal"]


def test_a_file_is_made_once(tmp_path: Path) -> None:
    create_file(tmp_path / "events.db")
    with pytest.raises(FileExistsError):
        create_file(tmp_path / "events.db")


def test_the_datastore_makes_no_file(tmp_path: Path) -> None:
    with closing(LogDatastore(tmp_path / "events.db")) as datastore, pytest.raises(InterfaceError):
        make_tables(datastore)
    assert not os.listdir(tmp_path)


def snapshots(datastore: LogDatastore, *saved: tuple[int, int]) -> list[int]:
    """Which are there after these were saved: (sequence, bytes) each, in this order."""
    recorder = SnapshotRecorder(datastore, "snapshots")
    for sequence, size in saved:
        recorder.insert_events([StoredEvent("node", sequence, "shape", bytes(size))])
    return [stored.originator_version for stored in recorder.select_events("node")]


def test_snapshots_of_earlier_records_stay(datastore: LogDatastore) -> None:
    assert snapshots(datastore, (5, 1), (7, 1), (9, 1), (9, 1)) == [5, 7, 9]


def test_the_snapshot_that_was_made_last_is_the_newest(datastore: LogDatastore) -> None:
    assert snapshots(datastore, (5, 1), (7, 1), (6, 1)) == [5, 6]


def test_snapshots_fill_a_share_of_the_file_and_the_newest_is_there_whatever_its_size(datastore: LogDatastore) -> None:
    assert snapshots(datastore, (10, 1400), (20, 1400), (30, 1400)) == [20, 30]
    assert snapshots(datastore, (40, 1_000_000)) == [40]


def test_the_snapshots_of_records_that_are_taken_out_go_too(datastore: LogDatastore) -> None:
    assert snapshots(datastore, (5, 1), (7, 1), (9, 1)) == [5, 7, 9]
    BeginningRecorder(datastore, "beginnings").insert_events([StoredEvent("node", 7, "", b"chain")])
    assert snapshots(datastore) == [9]


def test_where_the_log_begins_and_what_went_before_it_change_together(datastore: LogDatastore) -> None:
    log = SQLiteAggregateRecorder(datastore, "stored_events")
    log.insert_events([StoredEvent("node", sequence, "topic", b"state") for sequence in range(1, 6)])
    beginnings = BeginningRecorder(datastore, "beginnings")
    beginnings.insert_events([StoredEvent("node", 2, "", b"chain")])
    assert [stored.originator_version for stored in log.select_events("node")] == [3, 4, 5]
    change = beginnings.insert_events_statement
    beginnings.insert_events_statement = "INSERT INTO nowhere VALUES (?,?,?,?)"
    with pytest.raises(OperationalError):
        beginnings.insert_events([StoredEvent("node", 4, "", b"later")])
    beginnings.insert_events_statement = change
    assert [stored.originator_version for stored in log.select_events("node")] == [3, 4, 5]
    assert beginnings.select_events("node") == [StoredEvent("node", 2, "", b"chain")]


@pytest.fixture
def hot(tmp_path: Path) -> Path:
    """A log as a crash leaves it before it had a WAL: half a change, and the journal that undoes it."""
    path = tmp_path / "events.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE stored_events (originator_id)")
        connection.execute("PRAGMA cache_size=1")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO stored_events VALUES (?)", [(bytes(4000),)] * 50)
        for part in ("", "-journal"):
            (tmp_path / f"hot.db{part}").write_bytes((tmp_path / f"events.db{part}").read_bytes())
    return tmp_path / "hot.db"


def test_what_a_crash_cut_short_is_undone_before_anybody_reads(hot: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connect_to_read(hot, running=True)
    play_back(hot)
    assert not hot.with_name("hot.db-journal").exists()
    with closing(connect_to_read(hot, running=True)) as connection:
        assert connection.execute("SELECT count(*) FROM stored_events").fetchone() == (0,)


def test_where_nothing_was_cut_short_nothing_is_done(tmp_path: Path) -> None:
    play_back(tmp_path / "events.db")
    assert not os.listdir(tmp_path)


def test_what_cannot_be_undone_because_the_file_is_damaged_is_left_to_verification(hot: Path) -> None:
    hot.write_bytes(b"not a database" * 1000)
    hot.with_name("hot.db-journal").write_bytes(b"nor a journal")
    play_back(hot)
    assert hot.read_bytes().startswith(b"not a database")


def test_what_cannot_be_undone_now_is_an_error(hot: Path) -> None:
    with closing(sqlite3.connect(hot, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        shutil.copy(hot, hot.with_name("hot.db-journal"))
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            play_back(hot)
