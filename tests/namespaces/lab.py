"""The laboratory of the demo, with what tests need besides: faults between its nodes, and sockets inside them.

The rule: all faults stand in one set of firewall rules, replaced as a whole, so that there is no moment without rules.
"""

import functools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from tests.lacking import lacks
from tests.namespaces.capture import Capture
from tests.pace import SLOWER
from wgmesh.adapters.netns.lab import Lab, Link, Node, configure
from wgmesh.adapters.netns.program import enter
from wgmesh.domain.errors import WgmeshError

Value = TypeVar("Value")

DELAY_LINE = Path(__file__).with_name("delay_line.py")

# Most conditions start a program, of which an emulated machine must not be busy.
POLL_SECONDS = 0.01 * SLOWER**2

# The first add is for the delete, which must find a table.
NEW_CHAIN = (
    "add table bridge faults",
    "delete table bridge faults",
    "add table bridge faults",
    "add chain bridge faults forward { type filter hook forward priority 0 ; }",
)

# Makes a socket and hands it over, over another one that it was given.
HAND_OVER = """
import socket, sys
family, kind, protocol, channel = map(int, sys.argv[1:])
new = socket.socket(family, kind, protocol)
socket.send_fds(socket.socket(fileno=channel), [b"."], [new.fileno()])
"""


def wait_for(condition: Callable[[], Value], timeout_seconds: float, what: str) -> Value:
    """The first true value of the condition. Raises TimeoutError, saying `what` was waited for."""
    deadline = time.monotonic() + timeout_seconds
    while not (value := condition()):
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{what}: not within {timeout_seconds:g} s")
        time.sleep(POLL_SECONDS)
    return value


@functools.cache
def obstacle() -> str | None:
    """Why this machine can have no laboratory."""
    try:
        with Lab() as lab:
            lab.node("probe")
    except WgmeshError as error:
        return str(error)
    return None


def require_namespaces() -> None:
    """Only where there can be a laboratory."""
    if reason := obstacle():
        lacks(reason)


def socket_in(pid: int, family: int, kind: int, protocol: int = 0) -> socket.socket:
    """A socket of this process that lives in the network of a laboratory's process."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        words = [str(int(word)) for word in (family, kind, protocol, theirs.fileno())]
        argv = [*enter(pid, "net"), sys.executable, "-ISc", HAND_OVER, *words]
        subprocess.run(argv, pass_fds=[theirs.fileno()], check=True)
        _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
    return socket.socket(fileno=descriptors[0])


class FaultyLab(Lab):
    """A laboratory whose cables and nodes can be treated badly; logs and state of its daemons are in `directory`."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.directory = directory
        self._cuts: list[tuple[str, str]] = []
        self._losses: dict[str, float] = {}
        self._drops: list[str] = []

    def cut(self, one: Node, other: Node) -> None:
        """Drop every frame between two nodes, beside what was cut before."""
        self._cuts += _port_pairs([one], [other])
        self._enforce()

    def partition(self, *groups: Iterable[Node]) -> None:
        """Drop every frame between nodes of different groups, and no other: who is in no group still reaches all."""
        sides = [list(group) for group in groups]
        self._cuts = [
            pair for n, one in enumerate(sides) for other in sides[n + 1 :] for pair in _port_pairs(one, other)
        ]
        self._enforce()

    def drop(self, one: Node, other: Node, match: str) -> None:
        """Drop the frames on the way from one node to the other that match, in the words of nft: `udp dport 53`."""
        links = [(there.port, here.port) for there in one.links for here in other.links]
        self._drops += [f'iifname "{there}" oifname "{here}" {match} drop' for there, here in links]
        self._enforce()

    def loss(self, node: Node, percent: float) -> None:
        """Lose so many of the frames to the node, and so many of those from it, at random; 0.01 percent or more."""
        self._losses |= {link.port: percent for link in node.links}
        self._enforce()

    def heal(self) -> None:
        """End all cuts, partitions, drops and losses; what is unplugged stays so.

        Who looked for a neighbour in vain meanwhile looks again within a second (ARP, RFC 4861).
        """
        self._cuts, self._losses, self._drops = [], {}, []
        self._enforce()

    def plug(self, node: Node, segment: str, *addresses: str, one_way_ms: float = 0) -> Link:
        """The same, by a cable so long that each frame takes that time to the node, and as much from it.

        Faults of a long cable are those of any other; but when it is pulled, the node keeps its carrier.
        """
        if not one_way_ms:
            return super().plug(node, segment, *addresses)
        near = super().plug(node, self.segment(f"cable{self._ports}"), *addresses)
        ends = (f"near-{near.port}", f"far-{near.port}")
        words = [*enter(self.pid, "net", "pid"), sys.executable, "-IS", str(DELAY_LINE), str(one_way_ms), *ends]
        line = self.start(words, stdout=subprocess.PIPE)
        assert line.stdout
        with line.stdout as said:
            assert said.readline(), "the delay line has no ends"
        masters = zip(ends, (near.segment, segment), strict=True)
        configure(self.pid, *(f"link set {end} up master {master}" for end, master in masters))
        node.links[-1] = Link(near.interface, ends[1], segment)
        return node.links[-1]

    def unplug(self, node: Node, interface: str = "eth0") -> None:
        """Pull the cable: the interface loses its carrier and keeps its addresses."""
        configure(self.pid, f"link set {_link(node, interface).port} down")

    def replug(self, node: Node, interface: str = "eth0") -> None:
        """Put the cable back in."""
        configure(self.pid, f"link set {_link(node, interface).port} up")

    def readdress(self, node: Node, *addresses: str, interface: str = "eth0") -> None:
        """Give the interface these addresses in place of all that it has, but for its link-local one."""
        added = (f"addr add {address} dev {interface}" for address in addresses)
        configure(node.pid, f"addr flush dev {interface} scope global", *added)

    def socket(self, node: Node, family: int = socket.AF_INET, kind: int = socket.SOCK_DGRAM) -> socket.socket:
        """A socket of this process that lives in the node's network."""
        return socket_in(node.pid, family, kind)

    def capture(self, where: Node | str, interface: str = "eth0") -> Capture:
        """Record from now on what passes a node's interface, or all that passes in a segment, given by its name."""
        pid, device = (where.pid, interface) if isinstance(where, Node) else (self.pid, where)
        return Capture(socket_in(pid, socket.AF_PACKET, socket.SOCK_DGRAM), device)

    def _enforce(self) -> None:
        rules = [f'iifname "{one}" oifname "{other}" drop' for one, other in self._cuts] + self._drops
        for port, percent in self._losses.items():
            chance = f"numgen random mod 10000 <= {round(percent * 100) - 1} drop"
            rules += [f'iifname "{port}" {chance}', f'oifname "{port}" {chance}']
        script = "\n".join([*NEW_CHAIN, *(f"add rule bridge faults forward {rule}" for rule in rules)])
        path = {"PATH": f"{os.environ['PATH']}:/usr/sbin"}  # Debian keeps nft out of a normal user's PATH
        subprocess.run([*enter(self.pid, "net"), "nft", "-f", "-"], input=script, text=True, check=True, env=path)


def _link(node: Node, interface: str) -> Link:
    return next(link for link in node.links if link.interface == interface)


def _port_pairs(ones: Iterable[Node], others: list[Node]) -> list[tuple[str, str]]:
    there = [(a.port, b.port) for one in ones for other in others for a in one.links for b in other.links]
    return there + [(b, a) for a, b in there]
