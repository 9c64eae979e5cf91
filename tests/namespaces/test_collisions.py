"""Two nodes derive one IPv4 address: who keeps it, who moves, and that everybody's log says so and remembers."""

import time
from pathlib import Path

import pytest

from tests.namespaces.daemon import Daemon
from tests.namespaces.lab import FaultyLab, wait_for
from tests.namespaces.mesh import new_secret
from wgmesh.domain.identity import Identity
from wgmesh.domain.keys import parameters
from wgmesh.domain.parameters import ipv4_of
from wgmesh.domain.secret import parse

pytestmark = pytest.mark.namespaces

# A conflict stands for 10 s before it is settled, and an address is settled after as many.
SETTLING_SECONDS = 11


def colliding_seeds(secret_file: Path) -> tuple[bytes, bytes]:
    """Two seeds whose nodes derive one address; the first has the lower WireGuard key."""
    mesh = parameters(parse(secret_file.read_text()))
    taken: dict[str, bytes] = {}
    for number in range(1, 1000):
        seed = number.to_bytes(32, "big")
        address = ipv4_of(mesh, Identity.from_seed(seed).public_key, 0)
        if address in taken:
            low, high = sorted((taken[address], seed), key=lambda each: Identity.from_seed(each).public_key)
            return low, high
        taken[address] = seed
    raise AssertionError("a thousand nodes on fourteen addresses collide")


def start(lab: FaultyLab, name: str, secret_file: Path, seed: bytes, *, apart: bool = False) -> Daemon:
    """A machine on the LAN whose node has this seed; `apart`: cut off from the others until the lab is healed."""
    others = list(lab.nodes.values())
    node = lab.node(name)
    lab.plug(node, "lan", f"192.168.7.{len(lab.nodes)}/24")
    if apart:
        lab.partition(others, [node])
    directory = lab.directory / f"{name}-wgmesh0"
    directory.mkdir(0o700)
    (directory / "identity.seed").touch(0o600)
    (directory / "identity.seed").write_bytes(seed)
    daemon = Daemon(node, secret_file, lab.directory)
    assert daemon.connected(0), daemon.log.read_text()
    return daemon


def address(daemon: Daemon) -> str:
    return str(daemon.status()["node"]["mesh_ipv4"])


def outcomes(daemon: Daemon) -> list[tuple[str, str, str]]:
    events = daemon.events()
    found = [event for event in events if event["name"] == "AddressCollisionResolved"]
    return [(event["address"], event["kept_by"], event["given_up_by"]) for event in found]


def identity(daemon: Daemon) -> str:
    return str(daemon.status()["node"]["identity"])


def test_of_two_that_were_settled_apart_the_lower_key_keeps_the_address(lab: FaultyLab) -> None:
    lab.segment("lan")
    secret = new_secret(lab.directory, "--subnet", "10.99.0.0/28")
    low_seed, high_seed = colliding_seeds(secret)
    high, low = start(lab, "high", secret, high_seed), start(lab, "low", secret, low_seed, apart=True)
    shared = address(low)
    assert address(high) == shared
    time.sleep(SETTLING_SECONDS)
    lab.heal()
    wait_for(lambda: address(high) != shared, 40, "the higher key to move")
    assert address(low) == shared
    expected = [(shared, identity(low), identity(high))]
    wait_for(lambda: outcomes(low) == outcomes(high) == expected, 10, "the outcome in both logs")
    moved = address(high)
    assert low.connected(1, 20)
    assert low.node.ping(moved)
    assert high.node.ping(shared)
    for daemon in (low, high):
        daemon.restart()
        assert daemon.connected(1, 20)
    assert (address(low), address(high)) == (shared, moved)
    assert outcomes(low) == outcomes(high) == expected


def test_a_newcomer_gives_way_whatever_its_key(lab: FaultyLab) -> None:
    lab.segment("lan")
    secret = new_secret(lab.directory, "--subnet", "10.99.0.0/28")
    low_seed, high_seed = colliding_seeds(secret)
    settled = start(lab, "settled", secret, high_seed)
    shared = address(settled)
    time.sleep(SETTLING_SECONDS)
    newcomer = start(lab, "newcomer", secret, low_seed)
    wait_for(lambda: address(newcomer) != shared, 5, "the newcomer to give way")
    assert address(settled) == shared
    assert settled.connected(1, 20)
    assert settled.node.ping(address(newcomer))
    expected = [(shared, identity(settled), identity(newcomer))]
    wait_for(lambda: outcomes(settled) == outcomes(newcomer) == expected, 10, "the outcome in both logs")
