"""Files that only their owner may read, and that are there whole or not at all.

A file is written under another name, synced, and only then given its own, so that power may fail at any moment. One
that others could have read or put there is not believed: it may be known, or not be ours.
"""

import os
import stat
from errno import EDQUOT, ELOOP, ENOSPC
from pathlib import Path
from shlex import quote

from wgmesh.domain.errors import LogFull, WgmeshError

PRIVATE = 0o600


def read_private(path: Path, limit: int) -> bytes | None:
    """The content of a file of at most `limit` bytes; None if there is none.

    WgmeshError, with what to do, for a link, somebody else's file, one that others may read, or a longer one.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == ELOOP:
            raise WgmeshError(f"{path} is a symbolic link: put the file itself there") from error
        raise _failed("read", path, error) from error
    try:
        _check_private(path, os.fstat(descriptor), limit)
        with open(descriptor, "rb", closefd=False) as file:
            return file.read()
    except OSError as error:
        raise _failed("read", path, error) from error
    finally:
        os.close(descriptor)


def write_private(path: Path, content: bytes) -> None:
    """Make or replace a file; durable on return. LogFull or WgmeshError: it is as it was before."""
    new = path.with_name(f"{path.name}.new")
    try:
        new.unlink(missing_ok=True)  # what a power loss left
        _write_synced(new, content)
        new.rename(path)
        sync_directory(path.parent)
    except OSError as error:
        raise _failed("written", path, error) from error


def check_owner(path: Path, found: os.stat_result, mode: int) -> None:
    """WgmeshError, with the fix, unless `path` is ours and not open to others; `mode` is what it should have."""
    if found.st_uid != os.geteuid():
        fix = f"chown {os.geteuid()} {quote(str(path))}"
        raise WgmeshError(f"{path} belongs to user {found.st_uid}: run `{fix}` if you trust what is in it")
    if found.st_mode & 0o077:
        fix = f"chmod {mode:o} {quote(str(path))}"
        is_mode = stat.S_IMODE(found.st_mode)
        raise WgmeshError(f"{path} is open to other users (mode {is_mode:04o}): run `{fix}` if you trust them so far")


def sync_directory(directory: Path) -> None:
    """Make the names in it durable; OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_private(path: Path, found: os.stat_result, limit: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise WgmeshError(f"{path} is not a file: move it away")
    check_owner(path, found, PRIVATE)
    if found.st_size > limit:
        raise WgmeshError(f"{path} is longer than wgmesh ever makes it: restore it from a backup, or move it away")


def _write_synced(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, PRIVATE)
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, PRIVATE)  # whatever the umask
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except OSError:
        path.unlink()
        raise


def _failed(what: str, path: Path, error: OSError) -> WgmeshError:
    if error.errno in (ENOSPC, EDQUOT):
        return LogFull(f"the disk that holds {path.parent} is full: make room on it")
    return WgmeshError(f"{path} cannot be {what} ({error.strerror}): check its directory, disk and owner")
