"""A mesh of real daemons on one LAN of the laboratory, as scenario tests begin."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.namespaces.daemon import WGMESH, Daemon
from tests.namespaces.lab import FaultyLab
from tests.source import ROOT
from wgmesh.domain.secret import format_uri, mint

# How long a mesh may take to form on machines that run everything at once; the figure itself is in the budgets.
FORMING_SECONDS = 20


@dataclass
class Mesh:
    """Daemons that share a secret, in the order in which they were started."""

    lab: FaultyLab
    secret_file: Path
    daemons: list[Daemon]

    def join(self, name: str, *options: str) -> Daemon:
        """One more machine with an address on the LAN, and its daemon."""
        number = len(self.lab.nodes) + 1
        node = self.lab.node(name)
        self.lab.plug(node, "lan", f"192.168.7.{number}/24")
        daemon = Daemon(node, self.secret_file, self.lab.directory, *options)
        self.daemons.append(daemon)
        return daemon

    def forms(self) -> None:
        """Wait until everybody is connected with everybody."""
        for daemon in self.daemons:
            others = len(self.daemons) - 1
            assert daemon.connected(others, FORMING_SECONDS), daemon.log.read_text()


def new_secret(directory: Path, *options: str, name: str = "secret") -> Path:
    """A file with a fresh secret, made by `wgmesh init`."""
    owner = [] if "--no-owner" in options else ["--owner-key", str(directory / f"{name}.owner")]
    done = subprocess.run([*WGMESH, "init", *owner, *options], cwd=ROOT, capture_output=True, text=True, check=True)
    path = directory / name
    path.write_text(done.stdout)
    path.chmod(0o600)
    return path


def mint_secret(directory: Path) -> Path:
    """The same, as `init` would make it without an owner, where the start of a program takes seconds."""
    path = directory / "secret"
    path.touch(0o600)
    path.write_text(format_uri(mint(os.urandom(32))))
    return path


def lan_mesh(lab: FaultyLab, *names: str, options: tuple[str, ...] = (), init: tuple[str, ...] = ()) -> Mesh:
    """A formed mesh of machines with these names on one LAN."""
    lab.segment("lan")
    mesh = Mesh(lab, new_secret(lab.directory, *init), [])
    for name in names:
        mesh.join(name, *options)
    mesh.forms()
    return mesh
