"""One directory, as its process sees it and as it would be after power failed.

A written block is on the disk when its file was synced, and a name when its directory was. Before that it may be there
or not, in any order, and of a block that was being written any sectors. Names come in the order in which they were
given, as every journaling file system has it. A kill takes nothing: the system still has what was written.
A failed sync is worse than none: the blocks are lost, and no later sync says so (Rebello et al., ATC 2020).
"""

import errno
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
WRITING = ("create", "write", "truncate", "sync", "rename", "unlink", "sync-directory")


class Refused(OSError):
    """The disk does not do this operation."""


@dataclass
class File:
    """Its content as the process sees it, as it is on the disk, and the writes in between: place and bytes, or size."""

    live: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes] | int] = field(default_factory=list)


@dataclass(frozen=True)
class Left:
    """What a crash left: the files by name."""

    kind: str
    files: dict[str, bytes]

    def put(self, directory: Path) -> None:
        """Make it so in a directory that is still empty; modes are what they were."""
        for name, content in self.files.items():
            path = directory / name
            path.write_bytes(content)
            path.chmod(0o600)


class Disk:
    """Records what is done in one directory. `refuse(operation, name, growth)` may raise Refused."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.operations = 0
        self.refuse: Callable[[str, str, int], None] = lambda *_: None
        self.after: Callable[[], None] = lambda: None
        self._names: dict[str, File] = {}
        self._durable_names: dict[str, File] = {}
        self._renamings: list[tuple[str, str | None, File | None]] = []
        for path in directory.iterdir():
            content = bytearray(path.read_bytes())
            self._names[path.name] = File(content, bytearray(content))
        self._durable_names = dict(self._names)

    def holds(self, path: str | Path) -> bool:
        """Whether the path is of a file in the directory."""
        return Path(path).parent == self.directory

    def names(self) -> list[str]:
        """The files in it."""
        return list(self._names)

    def read(self, name: str) -> None:
        """Something of the file is read."""
        self._begin("read", name)

    def create(self, name: str) -> None:
        """A new name, empty; nothing if it is there."""
        if name not in self._names:
            self._begin("create", name)
            self._name(name, File())

    def write(self, name: str, place: int, data: bytes) -> None:
        """Bytes at a place."""
        file = self._names[name]
        self._begin("write", name, max(0, place + len(data) - len(file.live)))
        file.pending.append((place, data))
        _apply(file.live, (place, data))
        self.after()

    def truncate(self, name: str, size: int) -> None:
        """A new length."""
        self._begin("truncate", name)
        file = self._names[name]
        file.pending.append(size)
        _apply(file.live, size)
        self.after()

    def sync(self, name: str) -> None:
        """All blocks of the file are on the disk; or, where that is refused, lost."""
        file = self._names[name]
        try:
            self._begin("sync", name)
        except Refused:
            file.pending.clear()
            raise
        file.durable, file.pending = bytearray(file.live), []
        self.after()

    def rename(self, old: str, new: str) -> None:
        """Another name."""
        self._begin("rename", old)
        self._renamings.append((new, old, self._names[old]))
        self._names[new] = self._names.pop(old)
        self.after()

    def unlink(self, name: str) -> None:
        """No name."""
        self._begin("unlink", name)
        del self._names[name]
        self._renamings.append((name, None, None))
        self.after()

    def sync_directory(self) -> None:
        """All names are on the disk."""
        self._begin("sync-directory", "")
        self._durable_names, self._renamings = dict(self._names), []
        self.after()

    def length(self, name: str) -> int:
        """How long a file is now."""
        return len(self._names[name].live)

    def content(self, name: str) -> bytes:
        """What the process sees in a file."""
        return bytes(self._names[name].live)

    def crashes(self, chance: random.Random, samples: int = 1) -> Iterator[Left]:
        """What a crash just now may leave: the two extremes, and some of what is between them, so many of each kind."""
        yield Left("killed", {name: bytes(file.live) for name, file in self._names.items()})
        yield Left("all unsynced lost", {name: bytes(file.durable) for name, file in self._durable_names.items()})
        for _ in range(samples):
            yield self._some(chance)
            yield self._torn(chance)

    def _some(self, chance: random.Random) -> Left:
        """Some of the names, in their order; some of the writes, in any order, and of some of these not all sectors."""
        names = dict(self._durable_names)
        for new, old, file in self._renamings[: chance.randint(0, len(self._renamings))]:
            names.pop(old or new, None)
            if file is not None:
                names[new] = file
        return Left("a random part", {name: _partly(file, chance) for name, file in names.items()})

    def _torn(self, chance: random.Random) -> Left:
        """Everything but the last write, of which only some sectors are there."""
        files = {}
        for name, file in self._names.items():
            content = bytearray(file.durable)
            for change in file.pending[:-1]:
                _apply(content, change)
            for change in file.pending[-1:]:
                _tear(content, change, chance)
            files[name] = bytes(content)
        return Left("a torn write", files)

    def _name(self, name: str, file: File) -> None:
        self._names[name] = file
        self._renamings.append((name, None, file))
        self.after()

    def _begin(self, operation: str, name: str, growth: int = 0) -> None:
        self.operations += 1
        self.refuse(operation, name, growth)


def _apply(content: bytearray, change: tuple[int, bytes] | int) -> None:
    if isinstance(change, int):
        content[change:] = bytes(max(0, change - len(content)))
    else:
        place, data = change
        if place > len(content):
            content.extend(bytes(place - len(content)))
        content[place : place + len(data)] = data


def _partly(file: File, chance: random.Random) -> bytes:
    content = bytearray(file.durable)
    for change in chance.sample(file.pending, chance.randint(0, len(file.pending))):
        if chance.random() < 0.5:
            _apply(content, change)
        else:
            _tear(content, change, chance)
    return bytes(content)


def _tear(content: bytearray, change: tuple[int, bytes] | int, chance: random.Random) -> None:
    """Each sector of the write is there or not."""
    if isinstance(change, int):
        return
    place, data = change
    for start in range(0, len(data), SECTOR):
        if chance.random() < 0.5:
            _apply(content, (place + start, data[start : start + SECTOR]))


class FaultAt:
    """Refuses the operation with this number, and with `lasting` every one after it that would be refused then.

    `operations` are the kinds that count, `error` is what they fail with.
    """

    def __init__(self, number: int, error: int, operations: tuple[str, ...] = WRITING, *, lasting: bool) -> None:
        self.number = number
        self.seen = 0
        self.met = False
        self._error = error
        self._operations = operations
        self._lasting = lasting

    def __call__(self, operation: str, name: str, growth: int) -> None:
        if operation not in self._operations:
            return
        self.seen += 1
        if self.seen == self.number or (self._lasting and self.seen > self.number):
            self.met = True
            raise Refused(self._error, errno.errorcode[self._error], name)


class FullAt:
    """From the growing write with this number on there is no room, until something goes or `make_room` is called.

    `contested`: what goes makes no room for us, somebody else is quicker.
    """

    def __init__(self, number: int, disk: Disk, *, contested: bool) -> None:
        self.number = number
        self.seen = 0
        self.met = False
        self.free: int | None = None
        self._disk = disk
        self._contested = contested

    def __call__(self, operation: str, name: str, growth: int) -> None:
        if operation == "unlink" and self.free is not None and not self._contested:
            self.free += self._disk.length(name)
        if not growth:
            return
        self.seen += 1
        if self.seen == self.number:
            self.met, self.free = True, 0
        if self.free is not None and growth > self.free:
            raise Refused(errno.ENOSPC, "ENOSPC", name)
        self.free = None if self.free is None else self.free - growth

    def make_room(self) -> None:
        """Somebody deleted something large."""
        self.free = None
