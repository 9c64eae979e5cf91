"""The system calls by which a node changes the files beside its log: told to the disk before they are made.

What is written through a Python file is seen when it is synced: it is a write and a sync then, and a crash may come
between the two.
"""

import gc
import os
import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.crash.disk import Disk
from tests.crash.driver import RecordingFiles, connect


@contextmanager
def recorded(disk: Disk) -> Iterator[None]:
    """Whatever is done to the disk's directory in here is recorded there, and may be refused by it."""
    files = RecordingFiles(disk)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", connect)
        # What we refuse reaches SQLite as a code, as it would from the system; apsw tells the exception here as well.
        patch.setattr(sys, "unraisablehook", lambda _: None)
        for name, call in _calls(disk).items():
            patch.setattr(os, name, call)
        yield
        gc.collect()  # what a failed start let go of is closed while its disk is there
    files.unregister()


def _calls(disk: Disk) -> dict[str, Any]:
    real_open, real_fsync, real_rename, real_unlink = os.open, os.fsync, os.rename, os.unlink

    def open_(path: Any, flags: int, mode: int = 0o777, **how: Any) -> int:
        if flags & os.O_CREAT and disk.holds(path) and not Path(path).exists():
            disk.create(Path(path).name)
        return real_open(path, flags, mode, **how)

    def fsync(descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        if path == disk.directory:
            disk.sync_directory()
        elif disk.holds(path) and stat.S_ISREG(os.fstat(descriptor).st_mode):
            disk.write(path.name, 0, path.read_bytes())
            disk.sync(path.name)
        real_fsync(descriptor)

    def rename(old: Any, new: Any, **how: Any) -> None:
        if disk.holds(old) and Path(old).name in disk.names():  # the index of a WAL is SQLite's own and never recorded
            disk.rename(Path(old).name, Path(new).name)
        real_rename(old, new, **how)

    def unlink(path: Any, **how: Any) -> None:
        if disk.holds(path) and Path(path).name in disk.names():
            disk.unlink(Path(path).name)
        real_unlink(path, **how)

    return {"open": open_, "fsync": fsync, "rename": rename, "unlink": unlink}


assert apsw.using_amalgamation, "SQLite's own files are recorded by a build that is apart from the interpreter's"
