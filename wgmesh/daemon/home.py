"""What a node keeps on disk, opened: lock, seed, secret, boot count, log and what it folds to."""
import os
from pathlib import Path

from wgmesh import __version__
from wgmesh.adapters.clock import Clock
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.domain import snapshot
from wgmesh.domain.mesh import Mesh, fold
from wgmesh.domain.secret import parse
from wgmesh.node import Keyring, Node
from wgmesh.settings import Settings


class Home:
    def __init__(self, settings: Settings) -> None:
        self.directory = Path(settings.state_dir)
        self.directory.mkdir(0o700, exist_ok=True)
        seed = self.directory / "identity.seed"
        if not seed.exists():
            seed.write_bytes(os.urandom(32))
        self.keyring = Keyring.of(seed.read_bytes(), parse(settings.secret))
        import time
        self.log = EventLog.open(self.directory / "events.db", at=int(time.time() * 1000))
        mesh = fold(self.log.records())
        self.clock = Clock(mesh.head.awake)
        self.node = Node(self.keyring, self.log, mesh, os.urandom)
        self.recovered = self.log.recovered

    def next_boot(self) -> int:
        return self.node.mesh.incarnation.boot + 1

    def free_ballast(self) -> bool:
        return False

    def renew_ballast(self) -> None:
        pass

    def checkpoint(self) -> None:
        pass

    def close(self) -> None:
        self.log.close()
