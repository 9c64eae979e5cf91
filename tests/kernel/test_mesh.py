"""Two real daemons on the kernel's own WireGuard. One mesh for all that is told here: a start costs many seconds.

Where the kernel has no WireGuard, `./run test-kernel` runs these tests in one that has.
"""

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.namespaces.daemon import Daemon
from tests.namespaces.lab import FaultyLab, require_namespaces, wait_for
from tests.namespaces.mesh import Mesh, new_secret
from wgmesh.adapters.event_log.reader import LogReader
from wgmesh.adapters.netns.lab import Node
from wgmesh.adapters.wireguard.requirements import kernel_has_wireguard
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.records import Record

pytestmark = pytest.mark.namespaces

if not kernel_has_wireguard():
    pytest.skip("this kernel has no WireGuard: ./run test-kernel", allow_module_level=True)

# In an emulated machine a program takes seconds to start, and this is for one that is busy as well.
PATIENCE_SECONDS = 90
# The budget of a daemon with a hundred peers; ours have one.
PRIVATE_KB = 25_000
FOREIGN = "lABnFzyaUiMgNQ1Zy7TAGOYzQkSQHMW5fLJDP2ohcm8="


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """Two machines on one LAN. On each somebody has a WireGuard of his own, and /proc/sys is read-only."""
    require_namespaces()
    directory = tmp_path_factory.mktemp("kernel")
    with FaultyLab(directory) as lab:
        lab.segment("lan")
        mesh = Mesh(lab, new_secret(directory), [])
        for number, name in enumerate(("a", "b"), start=1):
            node = lab.node(name)
            lab.plug(node, "lan", f"192.168.7.{number}/24")
            furnish(node)
            mesh.daemons.append(Daemon(node, mesh.secret_file, directory))
        for daemon in mesh.daemons:
            await_event(daemon, "PeerConnected")
        yield mesh
    for log in sorted(directory.glob("*.log")):
        print(f"--- {log.name}\n{log.read_text(errors='replace')}")


def furnish(node: Node) -> None:
    node.run(["mount", "-o", "bind,ro", "/proc/sys", "/proc/sys"])
    node.run(["ip", "link", "add", "wg7", "type", "wireguard"])
    node.run(["sh", "-c", f"wg genkey | wg set wg7 private-key /dev/stdin listen-port 7777 peer {FOREIGN}"])


def names(daemon: Daemon) -> list[str]:
    """What its log tells, read here: a verb of the command line takes seconds to start."""
    try:
        with LogReader(daemon.state_dir / "events.db", running=True) as reader:
            return [type(record.event).__name__ for record in reader.records() if isinstance(record, Record)]
    except WgmeshError:  # it is not there, or has no record yet
        return []


def await_event(daemon: Daemon, name: str, seen: int = 0) -> None:
    """Wait until it is in the log, behind the first so many records."""
    for _ in range(PATIENCE_SECONDS):
        if name in names(daemon)[seen:]:
            return
        assert daemon.program.poll() is None, daemon.log.read_text()
        time.sleep(1)
    raise AssertionError(f"no {name}: {daemon.log.read_text()}")


def addresses(daemon: Daemon) -> tuple[str, str]:
    """On the interface itself."""
    shown = daemon.node.run(["ip", "-br", "addr", "show", "dev", "wgmesh0"]).stdout.split()
    ipv4, ipv6 = (address.partition("/")[0] for address in shown[2:4])
    return ipv4, ipv6


def foreign(daemon: Daemon) -> str:
    return daemon.node.run(["wg", "showconf", "wg7"]).stdout


def settings_of(dump: str) -> list[tuple[str, ...]]:
    """What `wg show dump` says but for counters and times."""
    interface, *peers = (line.split("\t") for line in dump.splitlines())
    return [tuple(interface), *((peer[0], peer[1], peer[2], peer[3], peer[7]) for peer in peers)]


def private_kb(daemon: Daemon) -> int:
    """The memory that is the daemon's alone, but for what of its files nobody else has mapped just now."""
    lines = Path(f"/proc/{daemon.pid()}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty"))


def test_auto_takes_the_kernels_wireguard_and_both_reach_each_other_over_ipv4_and_ipv6(mesh: Mesh) -> None:
    a, b = mesh.daemons
    assert a.status()["node"]["wireguard"] == "kernel"
    for one, other in ((a, b), (b, a)):
        assert one.node.run(["pidof", "wireguard-go"], check=False).returncode == 1
        assert "wireguard" in one.node.run(["ip", "-d", "link", "show", "wgmesh0"]).stdout
        assert all(one.node.ping(address, timeout_seconds=10) for address in addresses(other))
        assert private_kb(one) < PRIVATE_KB


def test_a_daemon_killed_in_the_middle_loses_no_packet_and_changes_nothing_when_it_comes_back(mesh: Mesh) -> None:
    a, b = mesh.daemons
    shown, seen = a.wg_show("dump"), len(names(a))
    ping = b.node.popen(["ping", "-n", "-q", "-i0.2", addresses(a)[0]], stdout=subprocess.PIPE)
    time.sleep(1)
    a.kill9()
    time.sleep(1)
    a.start()
    await_event(a, "NodeStarted", seen)
    time.sleep(2)
    ping.send_signal(signal.SIGINT)
    said, _ = ping.communicate(timeout=30)
    assert " 0% packet loss" in said, said
    assert settings_of(a.wg_show("dump")) == settings_of(shown)
    assert set(names(a)[seen:]) <= {"NodeStarted", "ClockStepped", "LayerResumed"}


def test_drift_by_hand_is_repaired_and_what_somebody_else_put_there_stays(mesh: Mesh) -> None:
    a, b = mesh.daemons
    before = foreign(a)
    ipv4 = addresses(a)[0]
    a.node.run(["wg", "set", "wgmesh0", "peer", FOREIGN, "allowed-ips", "10.250.0.1/32"])
    a.node.run(["wg", "set", "wgmesh0", "peer", b.wg_show("public-key").strip(), "remove"])
    a.node.run(["ip", "addr", "del", f"{ipv4}/32", "dev", "wgmesh0"])
    a.node.run(["ip", "link", "set", "wgmesh0", "mtu", "1300"])
    wait_for(lambda: b.node.ping(ipv4, timeout_seconds=2), PATIENCE_SECONDS, "the device to be mended")
    wait_for(lambda: "mtu 1420" in a.node.run(["ip", "link", "show", "wgmesh0"]).stdout, 20, "the MTU")
    assert FOREIGN in a.wg_show("peers")
    assert foreign(a) == before


def test_an_interface_that_was_deleted_by_hand_is_made_again_over_a_line_that_loses_and_delays(mesh: Mesh) -> None:
    a, b = mesh.daemons
    a.node.run(["tc", "qdisc", "add", "dev", "eth0", "root", "netem", "loss", "10%", "delay", "50ms"])
    address = addresses(b)[1]
    b.node.run(["ip", "link", "delete", "wgmesh0"])
    wait_for(lambda: a.node.ping(address, timeout_seconds=2), PATIENCE_SECONDS, "the tunnel")
    said = a.node.run(["ping", "-n", "-i0.2", "-c25", address], check=False).stdout
    a.node.run(["tc", "qdisc", "del", "dev", "eth0", "root"])
    loss = re.search(r"(\d+)(?:\.\d+)?% packet loss", said)
    fastest = re.search(r"rtt min/avg/max/mdev = ([\d.]+)/", said)
    assert loss, said
    assert fastest, said
    assert int(loss[1]) < 40, said
    assert float(fastest[1]) >= 50, said
    assert a.program.poll() is None
    assert b.program.poll() is None


def test_leave_takes_away_what_is_ours_and_nothing_else(mesh: Mesh) -> None:
    a, b = mesh.daemons
    before = foreign(a)
    a.wgmesh("leave")
    links = a.node.run(["ip", "-o", "link"]).stdout
    assert "wgmesh0" not in links
    assert "wg7" in links
    assert foreign(a) == before
    wait_for(lambda: b.wg_show("peers") == "", PATIENCE_SECONDS, "the peer to be taken off the device")
