"""Faults of every day, and what `why` says of them in its first line, on the machine that is asked."""

import time
from pathlib import Path

import pytest

from tests.namespaces.daemon import Daemon
from tests.namespaces.lab import FaultyLab, wait_for
from tests.namespaces.mesh import Mesh, lan_mesh, new_secret
from tests.namespaces.test_exchange import exchange_of

pytestmark = pytest.mark.namespaces

WIREGUARD_PORT = 21820
# Frames that a handshake fits into, and a full packet does not.
SMALL_BYTES = 600
# 200 packets of 1300 bytes and more: what a copy of a file sends before it hangs.
PINGS = 200


def first_line(daemon: Daemon, subject: str) -> str:
    """What `why` answers; nothing while there is no log yet."""
    return daemon.wgmesh("why", subject, check=False).stdout.partition("\n")[0]


def says(daemon: Daemon, subject: str, text: str, within_seconds: float = 30) -> str:
    """The first line once it says that; TimeoutError, with what it says instead, if it never does."""
    try:
        return wait_for(lambda: line if text in (line := first_line(daemon, subject)) else "", within_seconds, text)
    except TimeoutError as error:
        raise AssertionError(daemon.wgmesh("why", subject).stdout) from error


def two(lab: FaultyLab, *options: str) -> tuple[Daemon, Daemon]:
    """Two machines that were just told to join; the first begins handshakes or does not, as their keys have it."""
    lab.segment("lan")
    mesh = Mesh(lab, new_secret(lab.directory), [])
    return mesh.join("a", *options), mesh.join("b", *options)


def with_a_clock_ahead(directory: Path, hours: int) -> dict[str, str]:
    """What makes the programs of one machine believe that it is so much later; durations stay as they are."""
    later = f"import time\nnow = time.time_ns\ntime.time_ns = lambda: now() + {hours * 3600 * 10**9}\n"
    (directory / "sitecustomize.py").write_text(later)
    return {"PYTHONPATH": str(directory)}


def test_a_dead_daemon_an_address_of_dockers_a_clock_and_a_firewall_are_named(lab: FaultyLab) -> None:
    """Asked on `a`. `c`, known by `b` alone, names an address of its containers; `d` lives in the future; `e` is walled
    in; the daemon of `b` is dead."""
    mesh = lan_mesh(lab, "a", "b")
    a, b = mesh.daemons
    c, d, e = (lab.node(name) for name in ("c-3", "d-4", "e-5"))
    lab.segment("behind")
    lab.plug(b.node, "behind", "192.168.8.1/24")
    lab.plug(c, "behind", "192.168.8.2/24")
    for number, node in ((4, d), (5, e)):
        lab.plug(node, "lan", f"192.168.7.{number}/24")
    for node in (a.node, b.node):
        lab.drop(node, e, "meta l4proto udp")
    where = (mesh.secret_file, lab.directory)
    Daemon(c, *where, "--endpoint", f"172.17.0.1:{WIREGUARD_PORT}")
    Daemon(d, *where, "--no-lan", "--peer", exchange_of(a), env=with_a_clock_ahead(lab.directory, hours=3))
    Daemon(e, *where)
    assert "tried" in says(a, "c-3", f"172.17.0.1:{WIREGUARD_PORT} (Docker gives this address to a bridge on every")
    b.kill9()
    line = says(a, "d-4", "is about 3 h ahead of this machine's")
    assert line.startswith("no peer called d-4 was ever discovered: the clock of ")
    assert "at 192.168.7.4" in line
    assert says(a, "e-5", "it does not answer: does a firewall").startswith("e-5 is heard on the LAN at 192.168.7.5, ")
    line = says(a, "b", "its daemon says nothing, while its machine answers", within_seconds=60)
    assert line.startswith("b is connected for ")


def test_udp_that_is_dropped_in_one_direction_is_told_with_the_direction(lab: FaultyLab) -> None:
    lab.segment("lan")
    mesh = Mesh(lab, new_secret(lab.directory), [])
    a = mesh.join("a", "--listen-port", str(WIREGUARD_PORT))
    lab.plug(node := lab.node("b"), "lan", "192.168.7.2/24")
    lab.drop(a.node, node, f"udp dport {WIREGUARD_PORT}")
    b = Daemon(node, mesh.secret_file, lab.directory, "--listen-port", str(WIREGUARD_PORT))
    line = says(a, "b", "what it sends reaches us and what we send does not reach it")
    assert line.startswith("b is not connected: ")
    assert line.endswith("something between drops UDP on the way to b")
    assert f"192.168.7.1:{WIREGUARD_PORT}" in says(b, "a", "never answered")


def test_a_wrong_secret_is_named_on_the_machine_that_has_the_right_one(lab: FaultyLab) -> None:
    mesh = lan_mesh(lab, "a")
    a = mesh.daemons[0]
    lab.plug(node := lab.node("b"), "lan", "192.168.7.2/24")
    Daemon(node, new_secret(lab.directory, name="other"), lab.directory)
    line = says(a, "b", "our secret does not open what comes from")
    assert line.startswith("no peer called b was ever discovered: ")
    assert line.endswith("has that node another secret?")


def test_a_black_hole_for_large_packets_is_suspected(lab: FaultyLab) -> None:
    a, b = two(lab)
    assert a.connected(1, 20)
    assert b.connected(1, 20)
    address = b.status()["node"]["mesh_ipv4"]
    for one, other in ((a.node, b.node), (b.node, a.node)):
        lab.drop(one, other, f"meta length > {SMALL_BYTES}")
    begun = time.monotonic()
    a.node.run(["ping", "-q", "-c", str(PINGS), "-i", "0.01", "-s", "1300", "-W", "1", address], check=False)
    print(f"{PINGS} pings in {time.monotonic() - begun:.1f} s")
    line = says(a, "b", "MTU black hole")
    assert line.startswith("b is connected for ")
