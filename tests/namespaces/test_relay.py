"""Two machines behind routers that give every target another port, and a public one that both reach."""

import re
import socket
import time
from pathlib import Path

import pytest

from tests.namespaces.daemon import Daemon
from tests.namespaces.lab import FaultyLab, wait_for
from tests.namespaces.mesh import new_secret
from tests.namespaces.test_exchange import exchange_of
from wgmesh.adapters.netns.lab import Node, configure
from wgmesh.domain.folding import fold

pytestmark = pytest.mark.namespaces

RANDOM_PORTS = """
table inet nat {
    chain out { type nat hook postrouting priority 100; oifname "eth1" masquerade random,fully-random; }
}
"""
# From a machine's router to anywhere else: 80 ms there and back between two. Without, much goes well by chance.
ONE_WAY_MS = 20
# What the echoes carry: ping repeats it.
PATTERN = b"only the two of "
A_SECOND = 20
ANSWERED = re.compile(r"bytes from .* icmp_seq=(\d+)")


def home(lab: FaultyLab, number: int) -> Node:
    """A machine behind a router of its own, whose other side is on the Internet."""
    router, node = lab.node(f"router{number}"), lab.node("ab"[number - 1])
    lab.plug(router, lab.segment(f"lan{number}"), f"192.168.{number}.254/24")
    lab.plug(router, "internet", f"203.0.113.{number}/24", one_way_ms=ONE_WAY_MS)
    lab.plug(node, f"lan{number}", f"192.168.{number}.1/24")
    configure(node.pid, f"route add default via 192.168.{number}.254")
    router.run(["nft", "-f", "-"], stdin=RANDOM_PORTS)
    router.run(["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"])
    return node


def path(daemon: Daemon, name: str) -> str:
    """How this daemon reaches another, by its log: read here, for a verb takes a second to start."""
    peers = fold(daemon.records()).peers.values()
    states = ["relayed" if peer.relayed else peer.state for peer in peers if peer.hostname == name]
    return states[0] if states else "unknown"


class Pings:
    """Echo requests from a machine to an address, 20 a second until stopped; all numbers are theirs, from 1 on."""

    def __init__(self, node: Node, address: str, log: Path) -> None:
        self._log = log
        with log.open("w") as file:
            argv = ["ping", "-n", "-O", "-i", str(1 / A_SECOND), "-p", PATTERN.hex(), address]
            self._program = node.popen(argv, stdout=file, stderr=file)

    def stop(self) -> None:
        self._program.terminate()

    def newest(self) -> int:
        """The last one that was answered."""
        return max(self._answered(), default=0)

    def missing(self, after: int = 0) -> list[int]:
        """Those that were not answered, between this one and the last that was."""
        answered = self._answered()
        return [number for number in range(after + 1, self.newest() + 1) if number not in answered]

    def _answered(self) -> list[int]:
        return [int(number) for number in ANSWERED.findall(self._log.read_text())]


def echoes(directions: tuple[Pings, Pings], what: str) -> list[int]:
    """Wait for a second's echoes in both directions; the last ones."""
    before = [each.newest() for each in directions]
    wait_for(lambda: all(each.newest() >= at + A_SECOND for each, at in zip(directions, before, strict=True)), 20, what)
    return [each.newest() for each in directions]


def test_who_cannot_meet_directly_meets_through_a_third_and_directly_once_it_can(lab: FaultyLab) -> None:
    lab.segment("internet")
    public = lab.node("c")
    lab.plug(public, "internet", "203.0.113.3/24")
    one, other = home(lab, 1), home(lab, 2)
    secret = new_secret(lab.directory)
    c = Daemon(public, secret, lab.directory, "--no-dht")
    assert c.connected(0)
    options = ("--no-dht", "--no-relay", "--peer", exchange_of(c))
    a, b = (Daemon(node, secret, lab.directory, *options) for node in (one, other))
    began = time.monotonic()
    wait_for(lambda: path(a, "b") == path(b, "a") == "relayed", 60, "a relayed way between a and b")
    print(f"relayed_seconds {time.monotonic() - began:.1f}")

    to_b, to_a = (str(daemon.status()["node"]["mesh_ipv4"]) for daemon in (b, a))
    with lab.capture(public) as outside, lab.capture(public, "wgmesh0") as inside:
        pings = (Pings(one, to_b, lab.directory / "to_b"), Pings(other, to_a, lab.directory / "to_a"))
        echoes(pings, "echoes through the relay")
    passed = inside.select(lambda packet: packet.protocol == socket.IPPROTO_UDP and len(packet.payload) > 100)
    assert len(passed) >= 8 * A_SECOND, "the relay passes each of them in, and out again"
    assert not [each for each in (*outside.packets, *inside.packets) if PATTERN * 2 in each.payload]
    [counted] = [peer["rx_bytes"] for peer in a.peers() if peer["name"] == "b"]
    assert counted > A_SECOND * len(PATTERN), "what came through the relay is counted"

    began = time.monotonic()
    lab.plug(one, "internet", "203.0.113.9/24", one_way_ms=ONE_WAY_MS)
    wait_for(lambda: path(a, "b") == path(b, "a") == "connected", 60, "the direct way between a and b")
    print(f"direct_seconds {time.monotonic() - began:.1f}")
    direct = echoes(pings, "echoes on the direct way")
    print(f"answered {direct}")
    assert [each.missing() for each in pings] == [[], []], "not one echo is lost on the way to direct"

    pulled = time.monotonic()
    configure(one.pid, "link set eth1 down")
    wait_for(lambda: path(a, "b") == path(b, "a") == "relayed", 60, "the relayed way again")
    back = time.monotonic() - pulled
    echoes(pings, "echoes through the relay again")
    gaps = [len(each.missing(last)) / A_SECOND for each, last in zip(pings, direct, strict=True)]
    for each in pings:
        each.stop()
    print(f"back_seconds {back:.1f} lost_seconds {gaps}")
    assert max(gaps) <= back + 1, "lost is what was sent before it was noticed"
    assert {peer["path"] for peer in a.peers() if peer["name"] == "b"} == {"relayed"}
    assert a.status()["counts"]["relayed"] == 1
    assert "relayed through c" in a.wgmesh("why", "b").stdout
    a.wgmesh("leave")
    assert "wgmesh0" not in one.run(["ip", "link"]).stdout
