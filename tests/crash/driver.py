"""The standard library's `sqlite3.connect`, as far as the event log uses it, over `apsw` and a file layer that we see.

Everything of the log itself, `eventsourcing`'s recorders, pool and transactions included, runs as it is; only
the SQLite below it is another build. Errors are those of `sqlite3`, with SQLite's codes.
"""

import errno
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import apsw

from tests.crash.disk import Disk, Refused

VFS_NAME = "recording"
# The WAL is moved into the file after so few pages, so that a short story has many of these moves.
AUTOCHECKPOINT_PAGES = 12
# Journals sync the directory that they are new in with their own first sync (os_unix.c, UNIXFILE_DIRSYNC).
_JOURNALS = apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL

_KINDS = {
    apsw.SQLITE_CONSTRAINT: sqlite3.IntegrityError,
    apsw.SQLITE_CORRUPT: sqlite3.DatabaseError,
    apsw.SQLITE_NOTADB: sqlite3.DatabaseError,
    apsw.SQLITE_ERROR: sqlite3.OperationalError,
}


class RecordingFiles(apsw.VFS):
    """SQLite's own access to files, with every change told to a disk before it is made."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        super().__init__(VFS_NAME, "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if path is None or not self.disk.holds(path):
            return apsw.VFSFile("", name, flags)
        short = path.rpartition("/")[2]
        existed = short in self.disk.names()
        if not existed and flags[0] & apsw.SQLITE_OPEN_CREATE:
            with _failing(apsw.CantOpenError, apsw.SQLITE_CANTOPEN):
                self.disk.create(short)
        return RecordingFile(self.disk, short, name, flags)

    def xDelete(self, name: str, sync_directory: bool) -> None:  # noqa: N802
        if self.disk.holds(name):
            with _failing(apsw.IOError, apsw.SQLITE_IOERR_DELETE):
                self.disk.unlink(name.rpartition("/")[2])
        super().xDelete(name, sync_directory)
        if sync_directory and self.disk.holds(name):
            with _failing(apsw.IOError, apsw.SQLITE_IOERR_DIR_FSYNC):
                self.disk.sync_directory()


class RecordingFile(apsw.VFSFile):
    """One file of it."""

    def __init__(self, disk: Disk, short: str, name: Any, flags: list[int]) -> None:
        self._disk = disk
        self._short = short
        self._names_itself = bool(flags[0] & _JOURNALS) and bool(flags[0] & apsw.SQLITE_OPEN_CREATE)
        super().__init__("", name, flags)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        with _failing(apsw.IOError, apsw.SQLITE_IOERR_READ):
            self._disk.read(self._short)
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        with _failing(apsw.IOError, apsw.SQLITE_IOERR_WRITE):
            self._disk.write(self._short, offset, bytes(data))
        super().xWrite(data, offset)

    def xTruncate(self, size: int) -> None:  # noqa: N802
        with _failing(apsw.IOError, apsw.SQLITE_IOERR_TRUNCATE):
            self._disk.truncate(self._short, size)
        super().xTruncate(size)

    def xSync(self, flags: int) -> None:  # noqa: N802
        with _failing(apsw.IOError, apsw.SQLITE_IOERR_FSYNC):
            self._disk.sync(self._short)
            if self._names_itself:
                self._disk.sync_directory()
                self._names_itself = False
        super().xSync(flags)


@contextmanager
def _failing(kind: type[apsw.Error], code: int) -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        is_full = refused.errno == errno.ENOSPC
        error: Any = (apsw.FullError if is_full else kind)(str(refused))
        error.extendedresult = apsw.SQLITE_FULL if is_full else code
        raise error from refused


class Row(tuple[Any, ...]):
    """A row that also answers to the names of its columns."""

    names: tuple[str, ...]

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(self.names.index(key) if isinstance(key, str) else key)


class Cursor:
    """As sqlite3.Cursor."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._cursor = connection.apsw.cursor()

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> "Cursor":
        with _raising():
            self._cursor.execute(statement, tuple(parameters))
        return self

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> "Cursor":
        with _raising():
            self._cursor.executemany(statement, [tuple(row) for row in rows])
        return self

    def __iter__(self) -> Iterator[Any]:
        while True:
            with _raising():
                row = next(self._cursor, None)
            if row is None:
                return
            yield self._made(row)

    def fetchall(self) -> list[Any]:
        return list(self)

    def fetchone(self) -> Any:
        return next(iter(self), None)

    def close(self) -> None:
        self._cursor.close(True)

    def _made(self, row: tuple[Any, ...]) -> Any:
        if self._connection.row_factory is not None:
            made = Row(row)
            made.names = tuple(name for name, *_ in self._cursor.get_description())
            return made
        if self._connection.text_factory is bytes:
            return tuple(value.encode() if isinstance(value, str) else value for value in row)
        return row


class Connection:
    """As sqlite3.Connection with `isolation_level=None`."""

    def __init__(self, uri: str, timeout: float) -> None:
        self.row_factory: Any = None
        self.text_factory: type = str
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
        with _raising():
            self.apsw = apsw.Connection(uri, flags, vfs=VFS_NAME)
            self.apsw.set_busy_timeout(int(timeout * 1000))
            self.apsw.set_wal_hook(_checkpoint_sometimes)

    def cursor(self) -> Cursor:
        return Cursor(self)

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Cursor:
        return self.cursor().execute(statement, parameters)

    def commit(self) -> None:
        self._end("COMMIT")

    def rollback(self) -> None:
        self._end("ROLLBACK")

    def close(self) -> None:
        with suppress(apsw.Error):  # sqlite3_close_v2, as the standard library calls it, has nothing to say
            self.apsw.close(True)

    def _end(self, statement: str) -> None:
        if self.apsw.in_transaction:
            self.execute(statement)


def _checkpoint_sometimes(connection: apsw.Connection, name: str, pages: int) -> int:
    """What SQLite does by itself after a commit: move the WAL into the file, and let it be if that fails (wal.c)."""
    if pages >= AUTOCHECKPOINT_PAGES:
        with suppress(apsw.Error):
            connection.wal_checkpoint(name, apsw.SQLITE_CHECKPOINT_PASSIVE)
    return apsw.SQLITE_OK


@contextmanager
def _raising() -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        code = getattr(error, "extendedresult", apsw.SQLITE_ERROR)
        made = _KINDS.get(code & 0xFF, sqlite3.OperationalError)(str(error))
        made.sqlite_errorcode = code
        raise made from error


def connect(database: str, *, timeout: float = 5.0, **_: Any) -> Connection:
    """In place of `sqlite3.connect`; the database is a URI."""
    return Connection(database, timeout)
