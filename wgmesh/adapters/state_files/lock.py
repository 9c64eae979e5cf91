"""`lock`: who runs the node. The lock is the kernel's and goes with its process; the pid inside is for people."""

import fcntl
import os
from pathlib import Path
from time import monotonic, sleep

from wgmesh.adapters.state_files.private import PRIVATE
from wgmesh.domain.errors import WgmeshError

NAME = "lock"
# Somebody who only asks holds the lock for microseconds; a daemon that starts just then tries again for so long.
PATIENCE_SECONDS = 0.25
_PAUSE_SECONDS = 0.01
_PID_BYTES = 20


class Lock:
    """Held from its making to `release` or the end of the process. WgmeshError, with the pid, if somebody has it."""

    def __init__(self, directory: Path) -> None:
        path = directory / NAME
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE)
            taken = _try_for(self._descriptor, PATIENCE_SECONDS)
            pid = _write_pid(self._descriptor) if taken else _pid_in(self._descriptor)
        except OSError as error:
            raise WgmeshError(f"{path} cannot be written ({error.strerror}): check its directory and disk") from error
        if not taken:
            self.release()
            raise WgmeshError(f"wgmesh runs on {directory} already, as process {pid}: stop that one first")

    def release(self) -> None:
        """Let go of it; the file stays, since somebody may be waiting for it."""
        os.close(self._descriptor)


def lock_holder(directory: Path) -> int | None:
    """The pid of the running daemon, 0 if it has not said yet; None if none runs. WgmeshError if we may not ask."""
    path = directory / NAME
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise WgmeshError(f"{path} cannot be read ({error.strerror}): ask as the user who runs wgmesh") from error
    try:
        return None if _try(descriptor, fcntl.LOCK_SH) else _pid_in(descriptor)
    finally:
        os.close(descriptor)


def _try_for(descriptor: int, patience_seconds: float) -> bool:
    deadline = monotonic() + patience_seconds
    while not _try(descriptor, fcntl.LOCK_EX):
        if monotonic() > deadline:
            return False
        sleep(_PAUSE_SECONDS)
    return True


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid_in(descriptor: int) -> int:
    content = os.pread(descriptor, _PID_BYTES, 0).strip()
    return int(content) if content.isdigit() else 0


def _write_pid(descriptor: int) -> int:
    os.fchmod(descriptor, PRIVATE)
    # As wide as any pid and in one write: nobody reads half of one.
    os.pwrite(descriptor, b"%-19d\n" % os.getpid(), 0)
    return os.getpid()
