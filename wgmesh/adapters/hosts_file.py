"""A block of our own in the system's hosts file, and not a byte elsewhere in it.

The file is replaced whole, with the mode, owner and attributes that it had. Where that cannot be, because the file is
mounted into a container or only itself may be written, it is written over, after room for it was made sure of.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from wgmesh.domain.errors import WgmeshError

HOSTS = Path("/etc/hosts")
NEW_FILE_MODE = 0o644
# What stands behind the first mark of a block, for whoever reads the file.
REMARK = b" kept by wgmesh, gone with `wgmesh leave`"


class HostsFile:
    """The file, and the interface whose mesh the block is of: each mesh of a machine has its own."""

    def __init__(self, interface: str, path: Path = HOSTS) -> None:
        self._path = path
        self._begin = f"# BEGIN wgmesh {interface}:".encode()
        self._end = f"# END wgmesh {interface}".encode()

    def write(self, lines: Sequence[str]) -> bool:
        """Make these lines our block, or take it out where there are none; whether the file had to change.

        WgmeshError, a sentence, when it cannot be; then it is as it was.
        """
        path = self._path.resolve()
        try:
            before = path.read_bytes() if path.exists() else b""
            after = self._with(before, [line.encode() for line in lines])
            if after == before:
                return False
            _replace(path, after)
        except OSError as error:
            raise WgmeshError(f"{path} cannot be written ({error.strerror}), so it has no names of peers") from error
        return True

    def _with(self, content: bytes, lines: list[bytes]) -> bytes:
        """The content with our block where it was, or at its end."""
        found = content.split(b"\n")
        block = [self._begin + REMARK, *lines, self._end] if lines else []
        first = next((place for place, line in enumerate(found) if line.startswith(self._begin)), None)
        if first is not None:
            if self._end not in found[first:]:
                raise WgmeshError(f"{self._path} has lost the line {self._end.decode()!r}: remove what is left of it")
            last = found.index(self._end, first)
            return b"\n".join([*found[:first], *block, *found[last + 1 :]])
        if not block:
            return content
        head = content if not content or content.endswith(b"\n") else content + b"\n"
        return head + b"\n".join(block) + b"\n"


def _replace(path: Path, content: bytes) -> None:
    new = path.with_name(f".{path.name}.wgmesh")
    try:
        _write_beside(path, new, content)
        new.rename(path)
        _sync(path.parent)
    except OSError:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        _write_over(path, content)


def _write_beside(path: Path, new: Path, content: bytes) -> None:
    """Another file like this one but for its content."""
    new.unlink(missing_ok=True)  # what a power loss left
    descriptor = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        if path.exists():
            _dress(descriptor, path)
        else:
            os.fchmod(descriptor, NEW_FILE_MODE)
        file.flush()
        os.fsync(descriptor)


def _dress(descriptor: int, like: Path) -> None:
    known = like.stat()
    os.fchown(descriptor, known.st_uid, known.st_gid)
    os.fchmod(descriptor, known.st_mode & 0o7777)
    for name in os.listxattr(like):
        os.setxattr(descriptor, name, os.getxattr(like, name))


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_over(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    with open(descriptor, "wb", closefd=True) as file:
        os.posix_fallocate(descriptor, 0, len(content))
        file.write(content)
        file.truncate()
        file.flush()
        os.fsync(descriptor)
