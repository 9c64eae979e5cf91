"""Machines of different networks: no multicast reaches from one to the other, and `--peer` names one address."""

import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.namespaces.daemon import Daemon
from tests.namespaces.lab import FaultyLab, wait_for
from tests.namespaces.mesh import new_secret
from tests.namespaces.test_routes import OFFICE, table
from tests.source import ROOT
from wgmesh.adapters.netns.lab import Node, configure

pytestmark = pytest.mark.namespaces

BUDGETS: dict[str, Any] = tomllib.loads((ROOT / "tests" / "budgets.toml").read_text())["daemon"]
# A machine that is shared takes so much longer; what the processors do for it is much the same.
PATIENCE = 5


def routed(lab: FaultyLab, *names: str) -> list[Node]:
    """Machines of these names, each behind an interface of its own of one router."""
    router = lab.node("router")
    nodes = []
    for number, name in enumerate(names, start=1):
        lab.segment(f"lan{number}")
        lab.plug(router, f"lan{number}", f"10.8.{number}.254/24")
        node = lab.node(name)
        lab.plug(node, f"lan{number}", f"10.8.{number}.1/24")
        configure(node.pid, f"route add default via 10.8.{number}.254")
        nodes.append(node)
    router.run(["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"])
    return nodes


def exchange_of(daemon: Daemon) -> str:
    """Where its exchange is, as `--peer` takes it."""
    started = next(event for event in daemon.events() if event["name"] == "NodeStarted")
    networks = next(event for event in daemon.events() if event["name"] == "InterfacesChanged")
    address = networks["interfaces"][0]["prefixes"][0].partition("/")[0]
    return f"{address}:{started['exchange_port']}"


def mesh_address(daemon: Daemon) -> str:
    return str(daemon.status()["node"]["mesh_ipv6"])


def reaches(one: Daemon, other: Daemon) -> bool:
    return one.node.ping(mesh_address(other), timeout_seconds=0.3)


def processor_seconds(pid: int) -> float:
    """What a process has used of processors since it began, with what it was before `exec`."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bare_start_seconds() -> float:
    """What processors do for two starts of Python: of the command line and, in its place, of the daemon."""
    before = os.times()
    for module in ("wgmesh.cli.join", "wgmesh.daemon.service"):
        subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def test_one_address_of_one_peer_joins_two_networks(lab: FaultyLab) -> None:
    here, there = routed(lab, "a", "b")
    secret = new_secret(lab.directory)
    a = Daemon(here, secret, lab.directory)
    assert a.connected(0)
    b = Daemon(there, secret, lab.directory, "--peer", exchange_of(a))
    wait_for(lambda: reaches(b, a), 10, "a ping from b to a")
    assert reaches(a, b)
    assert f"it contacts {exchange_of(a)}" in b.log.read_text()
    layers = {layer["name"]: layer["state"] for layer in b.status()["layers"]}
    assert layers["exchange"] == "working"


def test_who_knows_a_peer_of_a_peer_reaches_it_directly_and_so_does_a_route_of_a_fourth(lab: FaultyLab) -> None:
    first, second, third, fourth = routed(lab, "a", "b", "c", "d")
    secret = new_secret(lab.directory)
    a = Daemon(first, secret, lab.directory, "--accept-routes", "10.77.0.0/16")
    assert a.connected(0)
    b = Daemon(second, secret, lab.directory, "--peer", exchange_of(a))
    assert b.connected(1, 20), b.log.read_text()
    c = Daemon(third, secret, lab.directory, "--peer", exchange_of(b))
    assert c.connected(0)
    began = time.monotonic()
    wait_for(lambda: reaches(c, a), 10, "a ping from c to a")
    print(f"transitive_ping_seconds {time.monotonic() - began:.2f}")
    assert reaches(a, c)
    (peer,) = [peer for peer in c.peers() if peer["name"] == "a"]
    assert peer["endpoint"].startswith("10.8.1.1:"), "directly, not over anybody"
    seen = len(a.record_names())
    assert " ms as a (" in c.wgmesh("test-peer", exchange_of(a)).stdout
    assert "nothing listens on that port" in c.wgmesh("test-peer", "10.8.3.254:52000", check=False).stderr
    assert "PeerDiscovered" not in a.record_names()[seen:]
    d = Daemon(fourth, secret, lab.directory, "--peer", exchange_of(c), "--advertise-routes", OFFICE)
    wait_for(lambda: OFFICE in table(a.node), 20, "the route of one whom a only heard of")
    wait_for(lambda: b.connected(3, 1) and c.connected(3, 1), 20, "the others to know the fourth")
    assert all(OFFICE not in table(each.node) for each in (b, c, d)), "only whose operator accepts it"


def test_a_warm_restart_without_discovery_comes_back_from_its_log(lab: FaultyLab) -> None:
    here, there = routed(lab, "a", "b")
    secret = new_secret(lab.directory)
    a = Daemon(here, secret, lab.directory, "--no-lan")
    assert a.connected(0)
    b = Daemon(there, secret, lab.directory, "--no-lan", "--peer", exchange_of(a))
    wait_for(lambda: reaches(b, a), 10, "a ping from b to a")
    assert a.connected(1), "its log must know that it was"
    address = mesh_address(b)
    a.kill9()
    configure(a.node.pid, "link del wgmesh0")
    began = time.monotonic()
    a.start()
    wait_for(lambda: a.node.ping(address, timeout_seconds=0.2), BUDGETS["warm_seconds"] * PATIENCE, "a ping to b")
    took, worked = time.monotonic() - began, processor_seconds(a.pid())
    bare = bare_start_seconds()
    print(
        f"warm restart: first ping after {took:.2f} s, {worked:.2f} s of a processor, {bare:.2f} of it Python's start"
    )
    assert worked <= BUDGETS["warm_processor_ratio"] * bare
    wait_for(lambda: b.connected(1, 1), 10, "b to see it")
    a.kill9()
    configure(a.node.pid, "link del wgmesh0")
    a.wgmesh("leave")
    wait_for(lambda: "PeerLeft" in b.record_names(), 10, "a goodbye without daemon, tunnel or LAN")
