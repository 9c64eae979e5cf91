"""What `join` refuses on a machine where WireGuard could work, and that it leaves that machine as it was."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests.namespaces.daemon import WGMESH
from tests.namespaces.lab import FaultyLab
from tests.namespaces.mesh import new_secret
from tests.source import ROOT
from wgmesh.adapters.netns.lab import Node
from wgmesh.adapters.wireguard.requirements import kernel_has_wireguard

pytestmark = pytest.mark.namespaces

WITHOUT_NET_ADMIN = ("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin")
# Wherever Python and the project are installed, nobody has to find them.
AS_NOBODY = (
    *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
    *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
)


@pytest.fixture
def machine(lab: FaultyLab) -> Node:
    """One node on a LAN of its own, and a secret."""
    lab.segment("lan")
    node = lab.node("a")
    lab.plug(node, "lan", "192.168.7.1/24")
    new_secret(lab.directory)
    return node


def join(node: Node, directory: Path, *words: str, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """`wgmesh join` to its end, which is near if it is refused."""
    place = ["--secret-file", str(directory / "secret"), "--state-dir", str(directory / "state")]
    return node.run([*prefix, *WGMESH, "join", *place, *words], cwd=ROOT, check=False)


def test_an_interface_of_somebody_else_is_left_alone(machine: Node, lab: FaultyLab) -> None:
    machine.run(["ip", "link", "add", "wgmesh0", "type", "veth", "peer", "name", "other"])
    before = machine.run(["ip", "link", "show", "wgmesh0"]).stdout
    said = join(machine, lab.directory)
    assert said.returncode == 1
    assert "wgmesh did not make it: choose another name with --interface" in said.stderr
    assert machine.run(["ip", "link", "show", "wgmesh0"]).stdout == before
    assert not (lab.directory / "state").exists()


def test_a_port_in_use_is_refused_before_anything_is_made(machine: Node, lab: FaultyLab) -> None:
    with lab.socket(machine, socket.AF_INET) as taken:
        taken.bind(("0.0.0.0", 21820))
        said = join(machine, lab.directory, "--listen-port", "21820")
    assert said.returncode == 1
    assert "UDP port 21820 is in use: choose another --listen-port" in said.stderr
    assert not (lab.directory / "state").exists()
    assert machine.run(["ip", "link", "show", "wgmesh0"], check=False).returncode != 0


def test_a_missing_capability_is_named(machine: Node, lab: FaultyLab) -> None:
    said = join(machine, lab.directory, prefix=WITHOUT_NET_ADMIN)
    assert said.returncode == 1
    assert "needs the capability CAP_NET_ADMIN" in said.stderr
    assert not (lab.directory / "state").exists()


@pytest.mark.skipif(kernel_has_wireguard(), reason="this kernel has WireGuard")
def test_a_kernel_without_wireguard_is_named_with_what_to_do(machine: Node, lab: FaultyLab) -> None:
    said = join(machine, lab.directory, "--wireguard", "kernel")
    assert said.returncode == 1
    assert "this kernel has no WireGuard: `sudo modprobe wireguard` says why" in said.stderr
    assert not (lab.directory / "state").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be nobody")
def test_a_dry_run_needs_no_root(machine: Node, lab: FaultyLab) -> None:
    said = join(machine, lab.directory, "--dry-run", "--no-dht", "--no-stun", "--hostname", "a", prefix=AS_NOBODY)
    assert said.returncode == 0, said.stderr
    assert said.stderr.splitlines()[0] == "wgmesh: a is a new node; it contacts no host outside its own networks"
    assert "CAP_NET_ADMIN: run this as root, with sudo (a dry run goes on)" in said.stderr
    assert not (lab.directory / "state").exists()
