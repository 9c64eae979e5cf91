"""Nodes are machines apart, they reach what they are plugged to, and nothing of a laboratory outlives it."""

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.adapters.netns.ranks import USER, run_as
from tests.namespaces.lab import require_namespaces, socket_in, wait_for
from tests.source import ROOT
from wgmesh.adapters.netns.lab import Lab, Node, configure
from wgmesh.domain.errors import WgmeshError

pytestmark = pytest.mark.namespaces

MARK = "WGMESH_TEST_MARK"  # in the environment of a builder, and so of all that it starts

# Builds a laboratory with a busy node, a stopped program and one whose parent is gone, says so, and lingers.
BUILDER = """
import sys, time
from wgmesh.adapters.netns.lab import Lab
with Lab() as lab:
    lan = lab.segment("lan")
    for number in (1, 2):
        lab.plug(lab.node(f"n{number}"), lan, f"10.1.1.{number}/24", f"fd00::{number}/64")
    node = lab.nodes["n1"]
    node.run(["touch", lab.scratch / "made-in-a-node"])
    node.popen(["sleep", "60"])
    node.run(["sh", "-c", "setsid sleep 60 > /dev/null 2>&1 &"])
    stopped = node.popen(["sh", "-c", "kill -STOP $$"])
    while open(f"/proc/{stopped.pid}/stat").read().split()[2] != "T":
        time.sleep(0.001)
    print("pinged" if node.ping("10.1.1.2") and node.ping("fd00::2") else "silence", flush=True)
    time.sleep(float(sys.argv[1]))
"""


def marked(mark: str) -> list[str]:
    """The programs that carry this mark. One that has ended and waits to be asked for its exit code does not count."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (path / "environ").read_bytes().split(b"\0"):
                found.append((path / "cmdline").read_text().replace("\0", " "))
        except (FileNotFoundError, ProcessLookupError, PermissionError):  # it ended while we looked, or is not ours
            continue
    return found


def sleepers(mark: str) -> int:
    return sum(line.startswith("sleep") for line in marked(mark))


def pair(lab: Lab) -> tuple[Node, Node]:
    lan = lab.segment("lan")
    for number, name in enumerate(("a", "b"), start=1):
        lab.plug(lab.node(name), lan, f"10.1.1.{number}/24", f"fd00::{number}/64")
    return lab.nodes["a"], lab.nodes["b"]


def test_nodes_of_a_segment_reach_each_other_and_nobody_else(lab: Lab) -> None:
    a, _ = pair(lab)
    stranger = lab.node("stranger")
    lab.plug(stranger, lab.segment("elsewhere"), "10.1.1.3/24", "fd00::3/64")
    assert a.ping("10.1.1.2")
    assert a.ping("fd00::2")
    assert not a.ping("10.1.1.3", timeout_seconds=0.2)
    assert not a.ping("fd00::3", timeout_seconds=0.2)
    assert "default" not in a.run(["ip", "route"]).stdout + a.run(["ip", "-6", "route"]).stdout


def test_interfaces_are_eth0_eth1_and_link_local_addresses_work_without_any_other(lab: Lab) -> None:
    a, b = lab.node("a"), lab.node("b")
    for segment in (lab.segment("left"), lab.segment("right")):
        for node in (a, b):
            lab.plug(node, segment)
    assert [link.interface for link in a.links] == ["eth0", "eth1"]
    (line,) = b.run(["ip", "-6", "-o", "address", "show", "dev", "eth1"]).stdout.splitlines()
    assert a.ping(line.split()[3].partition("/")[0] + "%eth1")


@pytest.mark.parametrize(("family", "group"), [(socket.AF_INET, "239.192.7.9"), (socket.AF_INET6, "ff02::1")])
def test_multicast_reaches_every_node_of_the_segment(lab: Lab, family: socket.AddressFamily, group: str) -> None:
    a, b = pair(lab)
    index = int(a.run(["cat", "/sys/class/net/eth0/ifindex"]).stdout)
    with socket_in(a.pid, family, socket.SOCK_DGRAM) as sender, socket_in(b.pid, family, socket.SOCK_DGRAM) as receiver:
        receiver.settimeout(5)
        receiver.bind(("", 9001))
        if family == socket.AF_INET:
            interface = struct.pack("4s4si", b"", b"", index)
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface)
            membership = socket.inet_aton(group) + interface[4:]
            receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
            sender.sendto(b"hello", (group, 9001))
        else:
            sender.sendto(b"hello", (group, 9001, 0, index))
        assert receiver.recv(100) == b"hello"


def test_a_node_has_its_own_host_name_run_directory_and_processes(lab: Lab) -> None:
    a, b = lab.node("a"), lab.node("b")
    a.run(["sh", "-c", "mkdir /run/wireguard; echo hello > /run/wireguard/wgmesh0.sock"])
    assert a.run(["hostname"]).stdout == a.run(["cat", "/etc/hostname"]).stdout == "a\n"
    assert b.run(["cat", "/run/wireguard/wgmesh0.sock"], check=False).returncode == 1
    assert a.run(["ls", "/sys/class/net"]).stdout == "lo\n"
    b.popen(["sleep", "60"])
    assert "sleep 60" not in a.run(["sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"]).stdout


def test_a_program_whose_parent_is_gone_leaves_nothing_when_it_ends(lab: Lab) -> None:
    node = lab.node("a")
    node.run(["sh", "-c", "sleep 0.02 &"])  # it has ended when its output has

    def sleepers_left() -> int:
        return node.run(["sh", "-c", "cat /proc/[0-9]*/stat"]).stdout.count("(sleep)")

    wait_for(lambda: sleepers_left() == 1, 2, "the node's first process alone")


def test_a_program_gets_what_it_is_given_and_a_failure_is_told_in_its_own_words(lab: Lab, tmp_path: Path) -> None:
    node = lab.node("a")
    given = node.run(["sh", "-c", 'pwd; echo "$X"; cat'], stdin="in", cwd=tmp_path, env={"X": "environment"})
    assert given.stdout == f"{tmp_path}\nenvironment\nin"
    with pytest.raises(subprocess.CalledProcessError) as failure:
        node.run(["sh", "-c", "echo no such thing >&2; exit 3"])
    assert failure.value.returncode == 3
    assert failure.value.__notes__ == ["on a: no such thing\n"]


def test_a_program_that_takes_too_long_is_ended(lab: Lab) -> None:
    node = lab.node("a")
    with pytest.raises(subprocess.TimeoutExpired):
        node.run(["sleep", "60"], timeout_seconds=0.1)
    assert "sleep 60" not in node.run(["sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"]).stdout


def test_what_ip_refuses_is_said(lab: Lab) -> None:
    with pytest.raises(WgmeshError, match=r"ip says: .*10\.1\.1\.300"):
        configure(lab.pid, "addr add 10.1.1.300/24 dev lo")


def test_a_laboratory_of_three_nodes_stands_in_well_under_a_second() -> None:
    require_namespaces()
    started = time.monotonic()
    with Lab() as lab:
        pair(lab)
        lab.plug(lab.node("c"), "lan", "10.1.1.3/24")
        built = time.monotonic() - started
    closed = time.monotonic() - started - built
    print(f"built in {built * 1000:.0f} ms, gone in {closed * 1000:.0f} ms")
    assert built < 1
    assert closed < 1


def test_from_outside_nothing_of_it_is_to_be_seen(lab: Lab) -> None:
    before = Path("/proc/self/mountinfo").read_text()
    a, _ = pair(lab)
    assert Path("/proc/self/mountinfo").read_text() == before
    held = [os.readlink(f"/proc/{pid}/ns/{kind}") for pid in (lab.pid, a.pid) for kind in ("net", "mnt", "pid")]
    assert not [name for name in held if name in before]  # a namespace that is bound to a file outlives its processes
    assert not [name for name in ("lan", "port0", "port1") if Path("/sys/class/net", name).exists()]
    assert socket.gethostname() != "a"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_when_the_builder_is_ended_no_program_and_no_file_is_left(how: signal.Signals, tmp_path: Path) -> None:
    require_namespaces()
    environment = {**os.environ, MARK: str(tmp_path), "TMPDIR": str(tmp_path)}
    argv = [sys.executable, "-c", BUILDER, "60"]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True) as builder:
        try:
            assert builder.stdout
            assert builder.stdout.readline() == "pinged\n"
            wait_for(lambda: sleepers(str(tmp_path)) == 4, 5, "two nodes and two programs")
            builder.send_signal(how)
            builder.wait(10)
        finally:
            builder.kill()
    wait_for(lambda: not marked(str(tmp_path)), 10, "the end of all programs")
    assert list(tmp_path.iterdir()) == []


def test_a_closed_laboratory_has_ended_all_of_its_programs_when_close_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_namespaces()
    monkeypatch.setenv(MARK, str(tmp_path))
    with Lab() as lab:
        a, _ = pair(lab)
        stopped = a.popen(["sh", "-c", "kill -STOP $$"])
        wait_for(lambda: Path(f"/proc/{stopped.pid}/stat").read_text().split()[2] == "T", 5, "the stop")
        a.run(["sh", "-c", "setsid sleep 60 > /dev/null 2>&1 &"])
        a.run(["touch", lab.scratch / "made-in-a-node"])
        assert [path.name for path in lab.scratch.iterdir()] == ["made-in-a-node"]
        wait_for(lambda: sleepers(str(tmp_path)) == 3, 5, "two nodes and a program whose parent is gone")
    assert marked(str(tmp_path)) == []
    assert stopped.returncode is not None
    assert not lab.scratch.exists()


def test_a_user_without_privilege_has_the_same_laboratory() -> None:
    require_namespaces()
    assert run_as(USER, "import os; print(os.geteuid())") == "1000"
    assert run_as(USER, BUILDER, 0) == "pinged"
