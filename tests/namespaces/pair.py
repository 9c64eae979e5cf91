"""Two machines whose mesh serves many tests, on each WireGuard back end that works here: starting takes longest.

The rule: a test leaves both running, plugged in and connected; where it failed to, the next one finds them mended.
"""

import shutil
import time
from pathlib import Path

from tests.namespaces.daemon import Daemon
from tests.namespaces.lab import FaultyLab, wait_for
from tests.namespaces.mesh import Mesh, mint_secret
from tests.pace import SLOWER
from wgmesh.adapters.netns.lab import Node
from wgmesh.adapters.wireguard.requirements import kernel_has_wireguard

# Where the kernel has no WireGuard, `./run test-kernel` runs these tests in one that has.
BACK_ENDS = tuple(
    name for name, works in (("userspace", shutil.which("wireguard-go")), ("kernel", kernel_has_wireguard())) if works
)
FORMING_SECONDS = 30 * SLOWER
FOREIGN = "lABnFzyaUiMgNQ1Zy7TAGOYzQkSQHMW5fLJDP2ohcm8="


class Pair(Mesh):
    """Two machines on one LAN. On each somebody has a WireGuard of his own, and /proc/sys is read-only."""

    def __init__(self, lab: FaultyLab, back_end: str) -> None:
        lab.segment("lan")
        super().__init__(lab, mint_secret(lab.directory), [])
        self.back_end = back_end
        for number, name in enumerate(("a", "b"), start=1):
            node = lab.node(name)
            lab.plug(node, "lan", f"192.168.7.{number}/24")
            self._furnish(node)
            self.daemons.append(Daemon(node, self.secret_file, lab.directory, *back_end_options(back_end)))

    def mend(self) -> None:
        """Have both running, plugged in and connected."""
        self.lab.heal()
        for daemon in self.daemons:
            self.lab.replug(daemon.node)
            if daemon.program.poll() is not None:
                daemon.start()
        one, other = self.daemons
        for daemon in self.daemons:
            await_record(daemon, "PeerConnected")
        wait_for(lambda: reaches(one, other) and reaches(other, one), FORMING_SECONDS, "the mesh")

    def _furnish(self, node: Node) -> None:
        node.run(["mount", "-o", "bind,ro", "/proc/sys", "/proc/sys"])
        made = (
            ["wireguard-go", "wg7"]
            if self.back_end == "userspace"
            else ["ip", "link", "add", "wg7", "type", "wireguard"]
        )
        node.run(made)
        node.run(["sh", "-c", f"wg genkey | wg set wg7 private-key /dev/stdin listen-port 7777 peer {FOREIGN}"])


def back_end_options(back_end: str) -> tuple[str, ...]:
    """For `join`: `auto` takes the kernel's WireGuard where there is one, so the other must be asked for."""
    return ("--no-dht", "--wireguard", "userspace") if back_end == "userspace" else ("--no-dht",)


def addresses(daemon: Daemon) -> tuple[str, ...]:
    """IPv4 and IPv6 in the mesh, as its interface has them; nothing while there is none."""
    shown = daemon.node.run(["ip", "-br", "addr", "show", "dev", daemon.interface], check=False).stdout.split()
    return tuple(address.partition("/")[0] for address in shown[2:4])


def reaches(one: Daemon, other: Daemon, timeout_seconds: float = 0.5) -> bool:
    """Over IPv6, through the tunnel."""
    found = addresses(other)
    return len(found) == 2 and one.node.ping(found[1], timeout_seconds=timeout_seconds * SLOWER)


def await_record(daemon: Daemon, name: str, seen: int = 0, timeout_seconds: float = FORMING_SECONDS) -> None:
    """Wait until it is in the log, behind the first so many records."""
    end = time.monotonic() + timeout_seconds
    while name not in daemon.record_names()[seen:]:
        assert time.monotonic() < end, f"no {name}: {daemon.log.read_text()}"
        assert daemon.program.poll() is None, daemon.log.read_text()
        time.sleep(0.1 * SLOWER**2)


def print_logs(directory: Path) -> None:
    """What all daemons said so far; pytest shows it if the test has failed."""
    for log in sorted(directory.glob("*.log")):
        print(f"--- {log.name}\n{log.read_text(errors='replace')}")
