"""The disk of a running node fills up: tunnels stay, decisions wait, and the log says afterwards what it missed."""

import json
import sys
import time
from typing import Any

import pytest

from tests.namespaces.daemon import Daemon
from tests.namespaces.lab import FaultyLab, wait_for
from tests.namespaces.mesh import Mesh, new_secret
from tests.source import ROOT
from wgmesh.adapters.state_files.ballast import BALLAST_BYTES

pytestmark = pytest.mark.namespaces

DISK_KIB = 2048
PYTHON = (sys.executable, "-c")
# Turns between a look at the daemon and its next try to write.
UNSEEN = 8


@pytest.fixture
def mesh(lab: FaultyLab) -> Mesh:
    """Two machines; the first keeps its state on a disk of two megabytes."""
    lab.segment("lan")
    mesh = Mesh(lab, new_secret(lab.directory), [])
    node = lab.node("a")
    lab.plug(node, "lan", "192.168.7.1/24")
    disk = lab.directory / "a-wgmesh0"
    disk.mkdir(mode=0o700)
    node.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_KIB}k,mode=700", "tmpfs", str(disk)])
    mesh.daemons.append(Daemon(node, mesh.secret_file, lab.directory))
    mesh.join("b")
    mesh.forms()
    return mesh


def fill(daemon: Daemon) -> None:
    daemon.node.run(["sh", "-c", f"cat /dev/zero >> {daemon.state_dir}/filler"], check=False)


def make_room(daemon: Daemon) -> None:
    daemon.node.run(["rm", f"{daemon.state_dir}/filler"])


def news(daemon: Daemon, number: int) -> None:
    """Something that the daemon records: another network."""
    daemon.node.run(["ip", "addr", "add", f"198.51.100.{number}/32", "dev", "eth0"])
    time.sleep(0.3)


def frozen(daemon: Daemon) -> dict[str, Any] | None:
    """What the daemon says of its disk through its control socket: None while it can write."""
    asked = (
        "import json, sys, pathlib; from wgmesh.adapters.control.client import ask;"
        "print(json.dumps(ask(pathlib.Path(sys.argv[1]), {'verb': 'sample'}, 5)['frozen']))"
    )
    said = daemon.node.run([*PYTHON, asked, str(daemon.state_dir)], cwd=ROOT).stdout
    found: dict[str, Any] | None = json.loads(said)
    return found


def names(daemon: Daemon) -> list[str]:
    return [event["name"] for event in daemon.events()]


def test_a_full_disk_leaves_the_tunnels_up_says_so_and_is_told_of_when_there_is_room(mesh: Mesh) -> None:
    a, b = mesh.daemons
    address, shown = a.status()["node"]["mesh_ipv4"], a.wg_show("allowed-ips")
    written, number = len(a.events()), 0
    while (seen := frozen(a)) is None:  # the ballast makes room once
        number += 1
        assert number < 100, "the disk is never full"
        fill(a)
        news(a, number)
    assert not size_of(a, "ballast")
    assert any(warning.startswith("the disk of the state directory is full") for warning in a.status()["warnings"])
    assert b.node.ping(address)
    assert a.wg_show("allowed-ips") == shown
    assert a.wgmesh("leave", check=False).returncode == 1
    while_frozen = len(a.events())
    for more in range(number + 1, number + 4):
        news(a, more)
    assert len(a.events()) == while_frozen > written
    make_room(a)
    while (now := frozen(a)) is not None:
        seen = now
        time.sleep(0.05)
    gap = next(event for event in a.events() if event["name"] == "LogGap")
    assert gap["since"] == seen["since"]
    assert seen["dropped"] <= gap["dropped"] <= seen["dropped"] + UNSEEN
    assert size_of(a, "ballast") == BALLAST_BYTES
    after = len(a.events())
    news(a, 99)
    wait_for(lambda: "InterfacesChanged" in names(a)[after:], 5, "a decision to be recorded again")
    assert a.wgmesh("events", "--verify").returncode == 0
    assert b.node.ping(address)
    assert a.terminate() == 0


def size_of(daemon: Daemon, name: str) -> int:
    """The size of a file on the node's own disk; 0 while it is not there."""
    said = daemon.node.run(["stat", "-c", "%s", f"{daemon.state_dir}/{name}"], check=False).stdout
    return int(said or 0)
