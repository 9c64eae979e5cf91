"""The sockets of the LAN layer in one run: what they hear waits in a bounded queue, what they say goes everywhere.

As in the real layer: a group socket and one of our own for each family of each interface; wrong sizes, strangers to the
link and repeats are thrown away before anything is opened.
"""

from collections import deque
from collections.abc import Callable, Iterator

from tests.simulation.marks import sometimes
from tests.simulation.network import ALL_NODES, GROUP, LAN_PORT, Frame, Nic
from tests.simulation.sieve import Sieve
from wgmesh.domain.inputs import Input, Resumed, Suspended
from wgmesh.domain.values import Endpoint, Interface
from wgmesh.node import Outgoing
from wgmesh.node.reception import Arrival

# What waits for the node at most.
DATAGRAMS = 1024
EPHEMERAL = range(32_768, 61_000)


class Lan:
    """`port` is that of our own sockets; `nic` finds an interface, `reject` counts what is not for us."""

    def __init__(self, port: int, nic: Callable[[str], Nic], reject: Callable[[str, str, int], None]) -> None:
        self.port = port
        self.dropped = 0
        self._nic = nic
        self._reject = reject
        self._sieve = Sieve()
        self._followed: tuple[Interface, ...] | None = None
        self._waiting: deque[tuple[Nic, Frame]] = deque(maxlen=DATAGRAMS)

    def __len__(self) -> int:
        return len(self._waiting)

    def follow(self, interfaces: tuple[Interface, ...]) -> list[Input]:
        """Serve these; how the layer is now, if they are others than before."""
        if interfaces == self._followed:
            return []
        self._followed = interfaces
        return [Resumed("lan") if interfaces else Suspended("lan", "no network interface is up")]

    def hear(self, nic: Nic, frame: Frame) -> bool:
        """Keep a frame that is for one of our sockets."""
        to_group = frame.target.port == LAN_PORT and frame.target.ip in (GROUP, ALL_NODES)
        if not to_group and frame.target.port != self.port:
            return False
        if not any(each.name == nic.name and serves(each, frame.target.ip) for each in self._followed or ()):
            return False
        if len(self._waiting) == DATAGRAMS:
            sometimes("inbox_overflow")
            self.dropped += 1
        self._waiting.append((nic, frame))
        return True

    def take(self, limit: int, awake: int) -> Iterator[Arrival]:
        """What is worth opening among the frames that waited longest."""
        for _ in range(min(len(self._waiting), limit)):
            nic, frame = self._waiting.popleft()
            data = frame.content
            assert isinstance(data, bytes)
            fault = self._sieve.fault(data, nic.is_on_link(frame.source.ip))
            if fault:
                self._reject(fault, frame.source.ip, awake)
            elif self._sieve.repeats(data, awake):
                sometimes("repeat_sieved")
            else:
                yield Arrival("lan", nic.name, nic.scoped(frame.source), data)

    def send(self, outgoing: Outgoing, awake: int) -> None:
        """To the groups of every interface, or to one station."""
        if outgoing.address is None:
            self._sieve.repeats(outgoing.data, awake)
            targets = [Endpoint(GROUP, LAN_PORT), Endpoint(ALL_NODES, LAN_PORT)]
        else:
            targets = [Endpoint(outgoing.address.ip, outgoing.address.port)]
        for interface in self._followed or ():
            if outgoing.interface in ("", interface.name):
                for to in targets:
                    self._transmit(interface, to, outgoing.data)

    def _transmit(self, interface: Interface, to: Endpoint, data: bytes) -> None:
        """From our socket of that family, if there is one."""
        nic = self._nic(interface.name)
        if nic.segment is not None and serves(interface, to.ip):
            nic.segment.send(nic, Frame(Endpoint(nic.address(to.ip), self.port), to, len(data), data))


def serves(interface: Interface, ip: str) -> bool:
    """Are there sockets of this family?"""
    return any((":" in prefix) == (":" in ip) for prefix in interface.prefixes)
