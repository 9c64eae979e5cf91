"""What a node keeps on disk, opened and checked in the order in which nothing is changed before all is known to fit."""

import logging
import os
from pathlib import Path
from typing import Self

from wgmesh import __version__
from wgmesh.adapters import state_files
from wgmesh.adapters.clock import Clock
from wgmesh.adapters.event_log.recovery import Recovered
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.adapters.state_files import Generation, Lock
from wgmesh.daemon.recorder import FileRecorder
from wgmesh.daemon.retention import Retention
from wgmesh.domain import snapshot
from wgmesh.domain.errors import LogFull, WgmeshError
from wgmesh.domain.folding import fold
from wgmesh.domain.identity import Identity
from wgmesh.domain.keys import parameters
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.secret import Secret, fingerprint, parse
from wgmesh.domain.values import DAY, MINUTE
from wgmesh.node import Keyring, Node
from wgmesh.settings import Settings

LOG_NAME = "events.db"
# 2020-01-01 in ms since 1970. A boot is at least the minutes since then, so a lost state directory starts above itself.
BOOT_EPOCH = 1_577_836_800_000
# A snapshot is made after so many records, and once a day: then a start folds no more than that.
SNAPSHOT_RECORDS = 10_000
SNAPSHOT_PAUSE = DAY

log = logging.getLogger("wgmesh")


class Home:
    """A state directory that this process has locked; `recovered` tells of a log that was damaged."""

    def __init__(
        self,
        directory: Path,
        lock: Lock,
        event_log: EventLog,
        keyring: Keyring,
        mesh: Mesh,
        recorder: FileRecorder | None,
    ) -> None:
        self.directory = directory
        self.keyring = keyring
        self.clock = Clock(mesh.head.awake)
        self.node = Node(keyring, event_log, mesh, os.urandom, recorder)
        self.recovered: Recovered | None = event_log.recovered
        self._lock = lock
        self._log = event_log
        self._recorder = recorder
        self._kept = (mesh.head.sequence, self.clock.awake())

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Lock and open it, or make it. WgmeshError, and nothing is changed, for what is not ours or does not fit."""
        directory = state_files.open_directory(Path(settings.state_dir))
        lock = Lock(directory)
        generation, is_first = _generation(directory, settings)
        secret = parse(generation.uri, allow_weak=settings.allow_weak_secret)
        seed = state_files.load_seed(directory)
        event_log = EventLog.open(directory / LOG_NAME, at=_wall_clock())
        mesh = _folded(event_log)
        _check_fits(mesh, seed, secret, directory)
        if is_first:
            state_files.write_generations(directory, [generation])
        keyring = Keyring.of(seed or state_files.make_seed(directory), secret, generation.number)
        recorder = FileRecorder(Path(settings.record_inputs), keyring.identity.key) if settings.record_inputs else None
        return cls(directory, lock, event_log, keyring, mesh, recorder)

    def next_boot(self) -> int:
        """The number of this start, durable."""
        minutes = (_wall_clock() - BOOT_EPOCH) // MINUTE
        return state_files.next_boot(self.directory, self.node.mesh.incarnation.boot, at_least=minutes)

    def free_ballast(self) -> bool:
        """Make room on a full disk; False if it was made before."""
        return state_files.free_ballast(self.directory)

    def renew_ballast(self) -> None:
        """Keep room for the next full disk; while there is none to keep, the log alone has what there is."""
        try:
            state_files.renew_ballast(self.directory)
        except LogFull as error:
            log.warning("%s", error)

    def retention(self, keep: int, cap_bytes: int) -> Retention:
        """What holds the log to its age (ms) and size."""
        return Retention(self._log, keep, cap_bytes)

    def checkpoint(self) -> None:
        """Keep a snapshot when the last is old, so that the next start folds little."""
        records, awake = self._kept
        if self._log.head.sequence - records >= SNAPSHOT_RECORDS or self.clock.awake() - awake >= SNAPSHOT_PAUSE:
            self._snapshot()
            self.renew_ballast()  # where it was given up, and was room enough

    def close(self) -> None:
        """Leave a snapshot and one whole file behind, and the lock to whoever is next."""
        if self._recorder is not None:
            self._recorder.close()
        try:
            self._snapshot()
        finally:
            self._log.close()
            self._lock.release()

    def _snapshot(self) -> None:
        head = self._log.head
        if head.sequence == 0 or head.sequence != self.node.mesh.head.sequence:
            return
        try:
            state = snapshot.encode(self.node.mesh)
            self._log.save_snapshot(head.sequence, head.chain, snapshot.shape(__version__), state)
        except LogFull as error:  # it is a cache: the next start folds the log instead
            log.warning("%s", error)
        self._kept = (head.sequence, self.clock.awake())


def _wall_clock() -> int:
    return Clock().now()[0]


def _folded(event_log: EventLog) -> Mesh:
    kept = event_log.snapshot(snapshot.shape(__version__))
    if kept is None:
        return fold(event_log.records())
    sequence, state = kept
    return fold(event_log.records(after=sequence), snapshot.decode(state))


def _generation(directory: Path, settings: Settings) -> tuple[Generation, bool]:
    """The newest secret of this mesh (what it was told later wins over what it starts with), and is it the first?"""
    known = state_files.read_generations(directory)
    if not known:
        return Generation(1, settings.secret), True
    given = parse(settings.secret, allow_weak=settings.allow_weak_secret)
    joined = [parse(generation.uri, allow_weak=True) for generation in known]
    if all(secret.payload != given.payload for secret in joined):
        raise WgmeshError(
            f"{directory} belongs to the mesh {_name(joined[-1])}, the secret is of {_name(given)}: "
            "name another --state-dir, or remove this one to leave its mesh for good"
        )
    return known[-1], False


def _name(secret: Secret) -> str:
    return fingerprint(secret).hex() or "of a weak secret"


def _check_fits(mesh: Mesh, seed: bytes | None, secret: Secret, directory: Path) -> None:
    if mesh.identity and (seed is None or mesh.identity != Identity.from_seed(seed).key):
        raise WgmeshError(f"{directory} has the log of another node: restore the identity.seed that belongs to it")
    if mesh.parameters and mesh.parameters != parameters(secret):
        raise WgmeshError(f"{directory} joined with another URI of this mesh: use the whole URI, as init printed it")
