"""A log is looked at in a copy: the original and its directory stay as they were, whoever has them."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.adapters.event_log import AT, a_log, append, change
from wgmesh.adapters.event_log.borrowed import borrow
from wgmesh.adapters.event_log.verify import verify
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.domain.errors import LogBroken, WgmeshError


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    (tmp_path / "ours").mkdir()
    return tmp_path / "ours"


def all_of(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


def test_a_log_at_rest_is_copied_and_nothing_is_made_beside_it(tmp_path: Path, ours: Path) -> None:
    path = a_log(tmp_path / "theirs.db", 5)
    before = all_of(tmp_path)
    copy = borrow(path, ours, running=False)
    assert verify(copy, running=False).records == 5
    assert all_of(tmp_path) == before


def test_what_only_the_wal_of_a_killed_daemon_has_is_copied_too(tmp_path: Path, ours: Path) -> None:
    killed = tmp_path / "killed"
    killed.mkdir()
    with closing(EventLog.open(tmp_path / "events.db", at=AT)) as log:
        append(log, 5)
        for part in ("", "-wal"):
            shutil.copy(tmp_path / f"events.db{part}", killed / f"events.db{part}")
    before = all_of(killed)
    assert verify(borrow(killed / "events.db", ours, running=False), running=False).records == 5
    assert all_of(killed) == before


def test_what_a_crash_cut_short_is_undone_in_the_copy(tmp_path: Path, ours: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "events.db", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE stored_events (originator_id, originator_version, topic, state)")
        connection.execute("PRAGMA cache_size=1")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO stored_events VALUES ('node', 1, 'X', ?)", [(bytes(4000),)] * 50)
        for part in ("", "-journal"):
            shutil.copy(tmp_path / f"events.db{part}", tmp_path / f"hot.db{part}")
    assert verify(borrow(tmp_path / "hot.db", ours, running=False), running=False).records == 0
    assert (tmp_path / "hot.db-journal").stat().st_size


def test_a_log_that_is_being_written_is_copied_as_of_one_moment(tmp_path: Path, ours: Path) -> None:
    with closing(EventLog.open(tmp_path / "events.db", at=AT)) as log:
        append(log, 2000)
        copy = borrow(tmp_path / "events.db", ours, running=True)
        append(log, 2000)
        assert verify(copy, running=False).records == 2000
        append(log, 1)


def test_a_damaged_one_is_copied_as_it_lies(tmp_path: Path, ours: Path) -> None:
    path = a_log(tmp_path / "events.db", 500)
    content = path.read_bytes()
    path.write_bytes(content[:8192] + os.urandom(4096) + content[12288:])
    for running in (True, False):
        assert borrow(path, ours, running=running).read_bytes()[8192:] == path.read_bytes()[8192:]
    change(a_log(tmp_path / "other.db", 5), "UPDATE stored_events SET topic = 'X' WHERE originator_version = 3")
    assert verify(borrow(tmp_path / "other.db", ours, running=True), running=False).first_bad == 3
    path.write_bytes(b"no database at all" * 300)
    assert borrow(path, ours, running=True).read_bytes() == path.read_bytes()


def test_what_is_not_there_is_a_sentence(tmp_path: Path, ours: Path) -> None:
    with pytest.raises(WgmeshError, match="does not exist"):
        borrow(tmp_path / "events.db", ours, running=False)
    path = a_log(tmp_path / "events.db", 1)
    with pytest.raises(LogBroken, match=r"events\.db cannot be used"):
        borrow(path, tmp_path / "nowhere", running=False)
