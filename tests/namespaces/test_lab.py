"""The faults that tests make are real, they end when healed, and captures see what passes."""

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.namespaces.capture import Packet, parse
from tests.namespaces.lab import FaultyLab, wait_for
from tests.source import ROOT
from wgmesh.adapters.netns.lab import Node

pytestmark = pytest.mark.namespaces

SOON_SECONDS = 0.2  # answers take a millisecond here


def build(lab: FaultyLab, *names: str) -> list[Node]:
    lan = lab.segment("lan")
    for number, name in enumerate(names, start=1):
        lab.plug(lab.node(name), lan, f"10.1.1.{number}/24", f"fd00::{number}/64")
    return list(lab.nodes.values())


def reaches(one: Node, number: int) -> tuple[bool, bool]:
    """Over IPv4 and over IPv6."""
    addresses = (f"10.1.1.{number}", f"fd00::{number}")
    four, six = (one.ping(address, timeout_seconds=SOON_SECONDS) for address in addresses)
    return four, six


def reaches_again(one: Node, number: int) -> bool:
    """Over both, once the kernel has got over having asked for its neighbour in vain."""
    return wait_for(lambda: reaches(one, number) == (True, True), 5, f"the way from {one.name} to {number}")


def test_a_partition_separates_the_groups_alone_until_it_is_healed(lab: FaultyLab) -> None:
    a, b, c, d = build(lab, "a", "b", "c", "d")
    lab.partition([a, b], [c])
    assert reaches(a, 3) == reaches(c, 2) == (False, False)
    assert reaches(a, 2) == reaches(a, 4) == reaches(c, 4) == reaches(d, 3) == (True, True)
    lab.partition([b], [c])
    assert reaches_again(a, 3)
    assert reaches(b, 3) == (False, False)
    lab.heal()
    assert reaches_again(c, 2)


def test_cuts_add_up(lab: FaultyLab) -> None:
    a, b, c = build(lab, "a", "b", "c")
    lab.cut(a, b)
    lab.cut(a, c)
    assert reaches(b, 1) == reaches(c, 1) == (False, False)
    assert reaches(b, 3) == (True, True)


def test_so_many_of_the_datagrams_are_lost_as_was_asked_for(lab: FaultyLab) -> None:
    a, b = build(lab, "a", "b")
    with lab.socket(a) as sender, lab.socket(b) as receiver:
        receiver.bind(("10.1.1.2", 9000))
        receiver.setblocking(False)

        def arrived() -> int:
            for _ in range(1000):
                sender.sendto(b"x", ("10.1.1.2", 9000))
            count = 0
            while True:  # delivery within one machine is done when sendto returns
                try:
                    receiver.recv(10)
                except BlockingIOError:
                    return count
                count += 1

        assert reaches_again(a, 2)  # and both know where the other is
        assert arrived() > 200  # as many as the receive buffer holds
        lab.loss(b, 90)
        assert 50 <= arrived() <= 160  # of 1000, 100 with a deviation of 9.5
        lab.loss(b, 100)
        assert arrived() == 0
        lab.heal()
        assert arrived() > 200


def test_on_a_long_cable_each_frame_takes_its_time_and_none_is_lost_or_overtaken(lab: FaultyLab) -> None:
    (near,) = build(lab, "near")
    far = lab.node("far")
    lab.plug(far, "lan", "10.1.1.2/24", "fd00::2/64", one_way_ms=20)
    assert reaches_again(near, 2)
    said = near.run(["ping", "-n", "-i0.005", "-c200", "10.1.1.2"]).stdout
    assert [int(number) for number in re.findall(r"icmp_seq=(\d+)", said)] == list(range(1, 201))
    fastest = re.search(r"rtt min/avg/max/mdev = ([\d.]+)/", said)
    assert fastest, said
    assert 40 <= float(fastest[1]) < 50, said
    lab.cut(near, far)
    assert reaches(near, 2) == reaches(far, 1) == (False, False)


def test_an_unplugged_node_has_no_carrier_and_keeps_its_addresses(lab: FaultyLab) -> None:
    a, _ = build(lab, "a", "b")
    lab.unplug(a)
    state = a.run(["ip", "-br", "link", "show", "eth0"]).stdout
    assert "NO-CARRIER" in state
    assert reaches(a, 2) == (False, False)
    lab.replug(a)
    assert reaches_again(a, 2)


def test_a_node_answers_at_its_new_address_alone(lab: FaultyLab) -> None:
    a, b = build(lab, "a", "b")
    lab.readdress(b, "10.1.1.7/24", "fd00::7/64")
    assert reaches(a, 7) == (True, True)
    assert reaches(a, 2) == (False, False)


@pytest.mark.parametrize(("family", "source", "destination"), [(2, "10.1.1.1", "10.1.1.2"), (10, "fd00::1", "fd00::2")])
def test_a_capture_sees_who_said_what_to_whom(lab: FaultyLab, family: int, source: str, destination: str) -> None:
    a, b = build(lab, "a", "b")
    started = time.monotonic()
    captures = [lab.capture("lan"), lab.capture(a), lab.capture(b)]
    with lab.socket(a, socket.AddressFamily(family)) as sender:
        sender.bind(("", 9000))
        sender.sendto(b"hello", (destination, 9001))
    for capture in captures:
        capture.stop()
        (packet,) = capture.select(lambda packet: packet.protocol == socket.IPPROTO_UDP)
        assert started < packet.time < time.monotonic()
        assert packet == Packet(packet.time, source, destination, socket.IPPROTO_UDP, 9000, 9001, b"hello")


def test_a_capture_of_a_segment_sees_nothing_of_another(lab: FaultyLab) -> None:
    a, _ = build(lab, "a", "b")
    lab.plug(lab.node("c"), lab.segment("quiet"), "10.1.1.3/24")
    with lab.capture("quiet") as quiet, lab.capture("lan") as busy:
        assert a.ping("10.1.1.2")
    assert len(busy.select(lambda packet: packet.protocol == socket.IPPROTO_ICMP)) == 2
    assert quiet.select(lambda packet: packet.protocol == socket.IPPROTO_ICMP) == []


def test_a_capture_outlives_a_pulled_cable(lab: FaultyLab) -> None:
    a, _ = build(lab, "a", "b")
    with lab.capture(a) as capture:
        lab.unplug(a)
        lab.replug(a)
        assert reaches_again(a, 2)
    assert capture.select(lambda packet: packet.protocol == socket.IPPROTO_ICMP)


def test_what_is_not_ip_or_is_cut_short_is_no_packet() -> None:
    assert [parse(packet, 0) for packet in (b"", b"\x00\x01\x08\x00", b"\x45" * 19, b"\x60" * 39)] == [None] * 4


def test_the_faults_of_a_laboratory_are_not_seen_outside_it(lab: FaultyLab) -> None:
    a, b = build(lab, "a", "b")
    lab.cut(a, b)
    assert "faults" not in a.run(["sh", "-c", "PATH=$PATH:/usr/sbin nft list tables"]).stdout


def test_waiting_returns_the_value_or_says_what_did_not_come() -> None:
    values = iter([0, 0, 7])
    assert wait_for(lambda: next(values), 5, "a number") == 7
    with pytest.raises(TimeoutError, match=r"^the impossible: not within 0\.05 s$"):
        wait_for(lambda: False, 0.05, "the impossible")


@pytest.mark.parametrize(("ci", "outcome"), [("", "1 skipped"), ("true", "1 error")])
def test_without_namespaces_tests_skip_with_the_reason_and_fail_in_ci(ci: str, outcome: str, tmp_path: Path) -> None:
    test = f"{Path(__file__).relative_to(ROOT)}::{test_cuts_add_up.__name__}"
    argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'base'}", test]
    environment = {**os.environ, "CI": ci, "PATH": str(tmp_path)}
    done = subprocess.run(argv, cwd=ROOT, env=environment, text=True, capture_output=True, check=False)
    assert "The program ip is missing: run `sudo apt install iproute2`." in done.stdout
    assert outcome in done.stdout.splitlines()[-1]
