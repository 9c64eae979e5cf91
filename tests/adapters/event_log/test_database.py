"""Reading a log leaves it alone, and every error is a sentence that names it."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from errno import EDQUOT, EIO, ENOSPC
from pathlib import Path

import pytest

from tests.adapters.event_log import AT, a_log, append
from tests.adapters.machine import let_everybody_in
from wgmesh.adapters.event_log.database import connect_to_read, is_damage, unreachable, uri_of
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.domain.errors import LogBroken, LogFull, WgmeshError

AS_NOBODY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@contextmanager
def nobody() -> Iterator[None]:
    """As a user who may read the file, but not write in its directory."""
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def count_or_error(path: Path, *, running: bool) -> str:
    try:
        with closing(connect_to_read(path, running=running)) as connection:
            return str(connection.execute("SELECT count(*) FROM stored_events").fetchone()[0])
    except sqlite3.OperationalError as error:
        return str(error)


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """A log that everybody may read; the directories of pytest are closed to others."""
    let_everybody_in(tmp_path)
    path = a_log(tmp_path / "events.db", 3)
    path.chmod(0o644)
    return path


def test_a_connection_to_read_cannot_write(tmp_path: Path) -> None:
    path = a_log(tmp_path / "events.db", 1)
    with closing(connect_to_read(path, running=True)) as log, pytest.raises(sqlite3.OperationalError, match="readonly"):
        log.execute("DELETE FROM stored_events")


@AS_NOBODY
def test_a_log_at_rest_is_read_from_a_directory_that_is_not_ours(public: Path) -> None:
    with nobody():
        assert count_or_error(public, running=False) == "3"
    assert os.listdir(public.parent) == ["events.db"]


@AS_NOBODY
def test_a_log_that_a_daemon_may_be_writing_is_never_read_as_unchanging(public: Path) -> None:
    with nobody():
        assert "readonly" in count_or_error(public, running=True)


@AS_NOBODY
def test_a_log_with_a_wal_is_never_read_as_unchanging(public: Path) -> None:
    public.with_name("events.db-wal").write_bytes(b"what a crash left")
    with nobody():
        assert "unable to open" in count_or_error(public, running=False)


@AS_NOBODY
def test_a_live_log_is_read_by_everybody_who_may(public: Path) -> None:
    with closing(EventLog.open(public, at=AT)) as log:
        append(log, 2)
        with nobody():
            assert count_or_error(public, running=True) == "5"


@pytest.mark.parametrize("name", ["a?mode=memory", "per%63ent", "ha#sh", ":memory:", "sp ace", "ümlaut", "line\nend"])
def test_any_name_of_a_directory_will_do(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    path = a_log(tmp_path / name / "events.db", 2)
    assert count_or_error(path, running=False) == "2"
    assert uri_of(path, "mode=ro").count("?") == 1


def test_what_is_missing_or_no_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(WgmeshError, match="does not exist: name the state directory"):
        connect_to_read(tmp_path / "events.db", running=False)
    with pytest.raises(WgmeshError, match="is not a file: name the state directory"):
        connect_to_read(tmp_path, running=False)


@AS_NOBODY
def test_a_directory_that_is_closed_to_us_is_a_sentence(public: Path) -> None:
    public.parent.chmod(0o700)
    with nobody(), pytest.raises(WgmeshError, match="cannot be read: Permission denied"):
        connect_to_read(public, running=False)


def an_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "damage"),
    [
        (sqlite3.SQLITE_CORRUPT, True),
        (sqlite3.SQLITE_CORRUPT_INDEX, True),
        (sqlite3.SQLITE_NOTADB, True),
        (sqlite3.SQLITE_ERROR, True),
        (sqlite3.SQLITE_IOERR, False),
        (sqlite3.SQLITE_IOERR_READ, False),
        (sqlite3.SQLITE_CANTOPEN, False),
        (sqlite3.SQLITE_BUSY, False),
        (sqlite3.SQLITE_FULL, False),
        (sqlite3.SQLITE_READONLY_DIRECTORY, False),
    ],
)
def test_damage_is_the_fault_of_the_file_alone(code: int, damage: bool) -> None:
    assert is_damage(an_error(code)) == damage


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (an_error(sqlite3.SQLITE_FULL), LogFull, "is full: make room"),
        (an_error(sqlite3.SQLITE_IOERR_SHMSIZE), LogFull, "is full: make room"),
        (OSError(ENOSPC, "No space left on device"), LogFull, "is full: make room"),
        (OSError(EDQUOT, "Disk quota exceeded"), LogFull, "is full: make room"),
        (an_error(sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY), LogBroken, "another process has written"),
        (an_error(sqlite3.SQLITE_IOERR_FSYNC), LogBroken, "check its disk"),
        (OSError(EIO, "Input/output error"), LogBroken, "Input/output error"),
    ],
)
def test_an_error_says_what_to_do(error: Exception, kind: type[WgmeshError], sentence: str) -> None:
    said = unreachable(Path("/var/lib/wgmesh/events.db"), error)
    assert type(said) is kind
    assert sentence in str(said)
    assert "/var/lib/wgmesh/events.db" in str(said)
