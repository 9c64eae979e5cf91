"""`--record-inputs FILE`: what the node takes, in a ring of two files, so that what it decided can be decided again.

When FILE is full it becomes FILE.old, and the one before is gone: together they hold the last while, each with its own
beginning. A recording is never worth a node: what cannot be written ends the recording, with a warning, and no more.
"""

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from wgmesh import __version__
from wgmesh.domain.draft import State
from wgmesh.domain.errors import WgmeshError
from wgmesh.node import Decided
from wgmesh.node.recording import FORMAT, Scribe

# Half of the ring. A hundred peers are 1.5 KiB/s of samples, so it takes six hours; ten peers fill it in a week.
HALF_BYTES = 32 * 1024 * 1024

log = logging.getLogger("wgmesh")


class FileRecorder:
    """Records the node with this identity; WgmeshError if what is at `path` is no recording, or it cannot be made."""

    def __init__(self, path: Path, identity: bytes, half_bytes: int = HALF_BYTES) -> None:
        self._path = path
        self._old = path.with_name(f"{path.name}.old")
        self._identity = identity
        self._half_bytes = half_bytes
        self._written = 0
        self._scribe: Scribe | None = None
        try:
            self._check_ours()
            self._descriptor: int | None = self._begin_file()
        except OSError as error:
            raise WgmeshError(f"{path} cannot be recorded to ({error.strerror}): name another file") from error

    def keep(self, before: State, decided: Sequence[Decided]) -> None:
        """Add a turn."""
        if self._descriptor is None:
            return
        try:
            self._write(self._descriptor, before, decided)
        except OSError as error:
            log.warning("recording to %s ends here: %s", self._path, error.strerror)
            self.close()

    def close(self) -> None:
        """Record no more."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _write(self, descriptor: int, before: State, decided: Sequence[Decided]) -> None:
        if self._written >= self._half_bytes:
            self.close()
            self._descriptor = descriptor = self._begin_file()
        first = b""
        if self._scribe is None:
            self._scribe = Scribe()
            first = self._scribe.begin(before, __version__, self._identity)
        turn = first + b"".join(self._scribe.take(each) for each in decided)
        while turn:
            count = os.write(descriptor, turn)
            self._written += count
            turn = turn[count:]

    def _begin_file(self) -> int:
        if self._path.exists():
            self._path.rename(self._old)
        self._written, self._scribe = 0, None
        return os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)

    def _check_ours(self) -> None:
        """What is no recording of wgmesh is not renamed and not written over."""
        for path in (self._path, self._old):
            if path.exists():
                with path.open("rb") as file:
                    if file.read(len(FORMAT)) not in (FORMAT, b""):
                        raise WgmeshError(f"{path} is there and is no recording of wgmesh: name another file")
