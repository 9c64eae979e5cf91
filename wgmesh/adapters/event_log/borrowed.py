"""Somebody's log, to be looked at: copied before SQLite opens it, so that nothing is made or changed beside it.

A log is data. No path in it is followed, and nothing that it names is imported.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from wgmesh.adapters.event_log.database import SQLITE_ERRORS, check_is_file, connect_to_read, is_damage, unreachable
from wgmesh.adapters.event_log.datastore import play_back

# What SQLite has beside a log that was not closed in good order; the index of the WAL is made anew.
_PARTS = ("", "-wal", "-journal")


def borrow(path: Path, directory: Path, *, running: bool) -> Path:
    """A copy of the log at `path` in a directory of ours; `running` says whether a daemon writes it meanwhile.

    WgmeshError if there is no log, or no room for the copy.
    """
    check_is_file(path)
    copy = directory / "borrowed.db"
    try:
        if running:
            _back_up(path, copy)
        else:
            _copy(path, copy)
            play_back(copy)
    except (OSError, sqlite3.OperationalError) as error:
        raise unreachable(path, error) from error
    return copy


def _copy(path: Path, copy: Path) -> None:
    for part in _PARTS:
        original = path.with_name(path.name + part)
        if original.is_file():
            shutil.copyfile(original, copy.with_name(copy.name + part))


def _back_up(path: Path, copy: Path) -> None:
    """One moment of a log that is being written, without standing in the way; a damaged one is copied as it lies."""
    try:
        with closing(connect_to_read(path, running=True)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    except SQLITE_ERRORS as error:
        if not is_damage(error):
            raise
        _copy(path, copy)
