"""How the log lies in SQLite, and what SQLite's errors mean to a user.

One node is one stream: `originator_id` is always `node` and `originator_version` the sequence of the record. Reading
changes nothing in the file, and no transaction outlives a call: one that stays open would let the WAL grow for ever.
"""

import sqlite3
from errno import EDQUOT, ENOSPC
from pathlib import Path

from msgspec import Struct

from wgmesh.domain.errors import LogBroken, LogFull, WgmeshError
from wgmesh.domain.records import CHAIN_BYTES, GENESIS

STREAM = "node"
EVENTS_TABLE = "stored_events"
SNAPSHOTS_TABLE = "snapshots"
RECOVERIES_TABLE = "recoveries"
# The record before the first, where older ones were taken out: its sequence, and its chain as state.
BEGINNINGS_TABLE = "beginnings"
TABLES = (EVENTS_TABLE, SNAPSHOTS_TABLE, RECOVERIES_TABLE, BEGINNINGS_TABLE)
# Records a read: a page of the longest records is 2 MiB, and a writer never waits for it.
PAGE = 2000

# A damaged schema can make the text of an error undecodable, and then that is the error.
SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
# No room for the data, or for the index of the WAL beside it; either way nothing of the transaction is in the log.
_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
# The machine or its operator stands in the way; what is in the file may be sound.
_OUTSIDE = (
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
)


class Head(Struct, frozen=True):
    """The last record, of the log or of what was before it: its sequence and chain."""

    sequence: int = 0
    chain: bytes = GENESIS


class Unreadable(Struct, frozen=True):
    """A record that is sound but that this wgmesh cannot read, and why: `reason` is a sentence that names it."""

    sequence: int
    topic: str
    reason: str


def uri_of(path: Path, options: str) -> str:
    """The SQLite URI of a file, whatever characters its name has."""
    return f"{path.absolute().as_uri()}?{options}"


def connect_to_read(path: Path, *, running: bool) -> sqlite3.Connection:
    """A connection that cannot write and gives text as bytes; WgmeshError if there is no log, else SQLITE_ERRORS.

    SQLite makes an index beside the file. Where that may not be, a log that no daemon has open (`running`) and that was
    closed in good order, so that it has no WAL, is read as the unchanging file that it is.
    """
    check_is_file(path)
    try:
        connection = _connect(path, "mode=ro")
    except sqlite3.OperationalError:
        if running or path.with_name(f"{path.name}-wal").exists():
            raise
        connection = _connect(path, "immutable=1")
    if _is_of_others(tables_of(connection)):
        connection.close()
        raise WgmeshError(f"{path} is a database, but not a log of wgmesh: name another state directory")
    return connection


def tables_of(connection: sqlite3.Connection) -> list[str]:
    """The names in the file; none in a log that was never written to."""
    return [name.decode(errors="replace") for (name,) in connection.execute("SELECT name FROM sqlite_master")]


def beginning_of(connection: sqlite3.Connection) -> Head:
    """The record behind which the log begins, read by a connection of `connect_to_read`; GENESIS for a whole log."""
    if BEGINNINGS_TABLE not in tables_of(connection):
        return Head()
    found = connection.execute(f"SELECT originator_version, state FROM {BEGINNINGS_TABLE}").fetchone()  # noqa: S608
    match found:
        case (int(sequence), bytes(chain)) if sequence > 0 and len(chain) == CHAIN_BYTES:
            return Head(sequence, chain)
    return Head()


def check_is_file(path: Path) -> None:
    """WgmeshError, with what to do, unless there is a file that can be looked at."""
    try:
        is_file = path.is_file()
    except OSError as error:
        raise WgmeshError(f"{path} cannot be read: {error.strerror}") from error
    if not is_file:
        what = "is not a file" if path.exists() else "does not exist"
        raise WgmeshError(f"{path} {what}: name the state directory of a node that has joined a mesh")


def _connect(path: Path, options: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri_of(path, options), uri=True, isolation_level=None, check_same_thread=False)
    connection.text_factory = bytes
    try:
        tables_of(connection)  # only now does SQLite look into the file
    except SQLITE_ERRORS:
        connection.close()
        raise
    return connection


def _is_of_others(tables: list[str]) -> bool:
    return bool(tables) and not any(table in tables for table in TABLES)


def is_damage(error: Exception) -> bool:
    """Whether the file is at fault, and not what stands between us and it."""
    return _code_of(error) & 0xFF not in _OUTSIDE


def unreachable(path: Path, error: BaseException) -> WgmeshError:
    """The sentence for what SQLite, `eventsourcing` on its behalf, or the system raised over the log at `path`."""
    origin = error.__cause__ if isinstance(error.__cause__, sqlite3.Error) else error
    code = _code_of(origin)
    if code in _FULL or (isinstance(origin, OSError) and origin.errno in (ENOSPC, EDQUOT)):
        return LogFull(f"the disk that holds {path} is full: make room on it")
    if code & 0xFF == sqlite3.SQLITE_CONSTRAINT:
        return LogBroken(f"another process has written to {path}: stop it, then start wgmesh again")
    reason = origin.strerror if isinstance(origin, OSError) else origin
    return LogBroken(f"{path} cannot be used ({reason}): check its disk and that this user may write there")


def _code_of(error: BaseException) -> int:
    # What the sqlite3 module itself complains of has no code.
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code
