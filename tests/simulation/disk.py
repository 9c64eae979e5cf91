"""A node's state directory: what is in it when the power comes back. Records are kept as the real log keeps them.

What `append` returned from is on the disk; what it raised on is not. Two logs are alike if their chains are.
"""

from collections.abc import Callable, Sequence

from tests.simulation.marks import sometimes
from wgmesh.domain import records, snapshot
from wgmesh.domain.errors import LogFull, WgmeshError
from wgmesh.domain.folding import fold
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer_record import INCARNATION_END
from wgmesh.domain.records import GENESIS, Record, Stored
from wgmesh.domain.values import MINUTE

# Minutes are counted from 2020: a boot is at least so many.
BOOT_EPOCH = 1_577_836_800_000


class Killed(Exception):
    """The machine or the process ends here, in the middle of whatever it was doing."""


class Backup:
    """A copy of a log, and of the boot counter beside it."""

    def __init__(self, disk: "Disk") -> None:
        self.stored = list(disk.stored)
        self.boot = disk.boot


class Disk:
    """The log, the boot counter, and at times a snapshot. `acknowledged` counts the records that were ever durable."""

    def __init__(self) -> None:
        self.stored: list[Stored] = []
        self.boot = 0
        self._by_now = 0
        self.full = False
        self.dies: str = ""  # `before` or `after`: the next append is where the machine ends
        self.acknowledged = 0
        self.on_append: Callable[[], None] = lambda: None
        self._snapshot: tuple[int, bytes] | None = None

    @property
    def chain(self) -> bytes:
        """The head of the chain."""
        return self.chain_at(len(self.stored))

    def chain_at(self, length: int) -> bytes:
        """The head of the chain when the log had so many records; nothing if it never had."""
        if length > len(self.stored):
            return b""
        return self.stored[length - 1].state[: len(GENESIS)] if length else GENESIS

    def append(self, batch: Sequence[Record]) -> None:
        """Make records durable: all of them, or none."""
        self.on_append()
        dies, self.dies = self.dies, ""
        if dies == "before":
            sometimes("killed_before_commit")
            raise Killed
        if self.full:
            sometimes("disk_full")
            raise LogFull("no space left on device")
        for record in batch:
            self.stored.append(records.encode(record, self.chain))
        self.acknowledged += len(batch)
        if dies == "after":
            sometimes("killed_after_commit")
            raise Killed

    def read(self, after: int = 0) -> list[Record]:
        """The records behind the first so many, read from their bytes."""
        tail = self.stored[after:]
        return [records.decode(after + place, each.topic, each.state) for place, each in enumerate(tail, start=1)]

    def keep_snapshot(self, mesh: Mesh) -> None:
        """As the daemon does once a day and when it ends."""
        if mesh.head.sequence == len(self.stored) > 0:
            self._snapshot = len(self.stored), snapshot.encode(mesh)

    def fold(self) -> Mesh:
        """What the next run begins with: the whole log, or a snapshot and what came after."""
        if self._snapshot is None or self._snapshot[0] > len(self.stored):
            return fold(self.read())
        sometimes("restarted_from_snapshot")
        length, state = self._snapshot
        return fold(self.read(after=length), snapshot.decode(state))

    def next_boot(self, logged: int, wall: int) -> int:
        """The number of a start, durable; WgmeshError where none is left."""
        boot = max(self.boot + 1, logged + 1, (wall - BOOT_EPOCH) // MINUTE, self._by_now)
        if boot >= INCARNATION_END:
            raise WgmeshError("out of starts")
        self.boot = boot
        return boot

    def restore(self, backup: Backup, *, whole: bool = False) -> None:
        """The log is as it was. The boot counter is a file of its own, and further on unless all was restored."""
        sometimes("restored_everything" if whole else "restored_backup")
        self.stored, self._snapshot = list(backup.stored), None
        if whole:
            self._minutes_pass()
            self.boot = backup.boot

    def _minutes_pass(self) -> None:
        """Whoever puts a directory back needs minutes for it, and they count as starts do; machines here have seconds.

        A node whose clock was set back as well stays unheard until it has caught up: what it says counts as replayed.
        """
        self._by_now = self.boot + 1

    def copy(self, other: "Disk") -> None:
        """Be what the other is now."""
        self.stored, self.boot = list(other.stored), other.boot

    def lose(self) -> None:
        """Nothing is left but the seed of the identity."""
        sometimes("lost_log")
        self._minutes_pass()
        self.stored, self._snapshot, self.boot = [], None, 0
