"""LAN segments and what happens to datagrams on them. No segment knows what it carries, or for whom it is bad.

Latency is drawn for each datagram, so they overtake each other. A cut is between two stations, in one direction.
"""

from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import ip_address, ip_interface
from random import Random
from typing import NamedTuple, Protocol

from msgspec import Struct

from tests.simulation.diagram import Tap
from tests.simulation.marks import sometimes
from tests.simulation.world import MILLISECOND, SECOND, World
from wgmesh.domain.values import Endpoint, Interface

# Where LAN announcements go (protocol, section 5). One group stands for the mesh's IPv4 group, one is ff02::1.
LAN_PORT = 51830
GROUP, ALL_NODES = "239.192.0.1", "ff02::1"
# A quiet switched network: a tenth of a millisecond in the mean, never below twenty microseconds.
LATENCY = MILLISECOND // 10
LEAST_LATENCY = 20
# Of the datagrams that are held up, the delay follows a Pareto distribution: most a little, some for seconds.
TAIL = 0.8


class Weather(Struct, frozen=True):
    """How a segment treats datagrams: chances of each fault, mean latency in µs, largest size in bytes."""

    loss: float = 0.0
    duplication: float = 0.0
    corruption: float = 0.0
    truncation: float = 0.0
    held_up: float = 0.0
    latency: int = LATENCY
    largest: int = 65_507


CALM = Weather()


class Frame(NamedTuple):
    """What is on the wire. `size` is in bytes; `content` is bytes of the mesh, or a packet of WireGuard's."""

    source: Endpoint
    target: Endpoint
    size: int
    content: object


class Station(Protocol):
    """Whoever has an interface."""

    name: str

    def hear(self, nic: "Nic", frame: Frame) -> None:
        """A frame arrives."""


class Gateway(Protocol):
    """The way out of a segment."""

    def outward(self, nic: "Nic", frame: Frame) -> None:
        """A frame to who is not on the segment."""


class Nic:
    """An interface of a station: `ipv4` with prefix length or nothing, `link_local` always; on a segment or on none."""

    def __init__(self, station: Station, name: str, index: int, link_local: str) -> None:
        self.station = station
        self.name = name
        self.index = index
        self.link_local = link_local
        self.ipv4 = ""
        self.segment: Segment | None = None

    @property
    def interface(self) -> Interface:
        """As the machine's operating system lists it."""
        prefixes = (*([self.ipv4] if self.ipv4 else []), f"{self.link_local}/64")
        return Interface(self.name, self.index, 1500, prefixes)

    def address(self, like: str) -> str:
        """Our address of the family of another one; empty if we have none."""
        return self.link_local if ":" in like else self.ipv4.partition("/")[0]

    def is_on_link(self, ip: str) -> bool:
        """Is this an address of our own network?"""
        if ":" in ip:
            return ip.startswith("fe80:")
        if not self.ipv4:
            return False
        network, mask = network_and_mask(self.ipv4)
        return number(ip) & mask == network

    def scoped(self, source: Endpoint) -> Endpoint:
        """A source as the kernel tells it: a link-local address comes with the interface that it was met on."""
        return Endpoint(source.ip, source.port, self.name) if source.ip.startswith("fe80:") else source

    def plug(self, segment: "Segment", ipv4: str) -> None:
        """Connect to a segment, with this address."""
        self.unplug()
        self.ipv4, self.segment = ipv4, segment
        segment.add(self)

    def unplug(self) -> None:
        """Leave the segment."""
        if self.segment is not None:
            self.segment.remove(self)
        self.ipv4, self.segment = "", None


class Segment:
    """One broadcast domain. `network` is the start of its IPv4 addresses (/24), or nothing.

    `sent` counts datagrams, `bytes` their sizes; `taps` gets every frame.
    """

    def __init__(self, world: World, name: str, network: str, taps: deque[Tap] | None = None) -> None:
        self.world = world
        self.name = name
        self.network = network
        self.taps = taps if taps is not None else deque(maxlen=0)
        self.weather = CALM
        self.cuts: dict[tuple[str, str], int] = {}
        self.nics: list[Nic] = []
        self.owners: dict[str, Nic] = {}
        self.router: Gateway | None = None
        self.sent = 0
        self.bytes = 0
        self._chance: Random = world.chance(f"segment {name}")

    def add(self, nic: Nic) -> None:
        """A cable is plugged in."""
        self.nics.append(nic)
        self.owners[nic.link_local] = nic
        if nic.ipv4:
            self.owners[nic.address("")] = nic

    def remove(self, nic: Nic) -> None:
        """A cable is pulled."""
        self.nics.remove(nic)
        self.owners = {ip: owner for ip, owner in self.owners.items() if owner is not nic}

    def send(self, nic: Nic, frame: Frame) -> None:
        """To the one station that has the address, if there is one; to all but the sender for a group."""
        self.sent += 1
        self.bytes += frame.size
        self.taps.append(Tap(self.world.now, nic.station.name, frame.source, frame.target, frame.content))
        if frame.target.ip in (GROUP, ALL_NODES):
            for each in self.nics:
                if each is not nic:
                    self._carry(nic, each, frame)
        elif target := self.owners.get(frame.target.ip):
            self._carry(nic, target, frame)
        elif self.router is not None and nic.ipv4 and ":" not in frame.target.ip:
            for copy in self._suffer(frame):
                self.world.after(self._latency(), self.router.outward, nic, copy)

    def enter(self, frame: Frame) -> None:
        """A frame from another segment, to the one station that has the address."""
        if target := self.owners.get(frame.target.ip):
            for copy in self._suffer(frame):
                self._deliver(target, copy, self._latency())

    def reaches(self, one: Nic, other: Nic) -> bool:
        """Is the way from one to the other open?"""
        return (one.station.name, other.station.name) not in self.cuts

    def _carry(self, nic: Nic, target: Nic, frame: Frame) -> None:
        if self.cuts and not self.reaches(nic, target):
            return
        if self.weather is CALM:
            self._deliver(target, frame, self._latency())
            return
        for copy in self._suffer(frame):
            self._deliver(target, copy, self._latency())

    def _suffer(self, frame: Frame) -> Iterator[Frame]:
        """What becomes of a frame: nothing, itself, one that is broken, or two."""
        weather, chance = self.weather, self._chance
        if frame.size > weather.largest:
            sometimes("too_large")
            return
        for _ in range(2 if chance.random() < weather.duplication else 1):
            if chance.random() >= weather.loss:
                yield self._broken(frame)

    def _broken(self, frame: Frame) -> Frame:
        """WireGuard's checksums see every fault; the mesh's own datagrams must be judged by the node."""
        weather, chance, content = self.weather, self._chance, frame.content
        if chance.random() < weather.corruption:
            sometimes("corrupted")
            return frame._replace(content=_flipped(content, chance) if isinstance(content, bytes) else None)
        if chance.random() < weather.truncation:
            sometimes("truncated")
            kept = chance.choice((0, 1, 255, 256, 511, 512, 1199))
            content = content[:kept] if isinstance(content, bytes) else None
            return frame._replace(content=content, size=min(frame.size, kept))
        return frame

    def _latency(self) -> int:
        delay = LEAST_LATENCY + int(self._chance.expovariate(1.0) * self.weather.latency)
        if self.weather.held_up and self._chance.random() < self.weather.held_up:
            delay += min(int(self._chance.paretovariate(TAIL) * 20 * MILLISECOND), 20 * SECOND)
            if delay >= SECOND:
                sometimes("delayed_by_seconds")
        return delay

    def _deliver(self, target: Nic, frame: Frame, delay: int) -> None:
        self.world.after(delay, self._arrive, target, frame)

    def _arrive(self, target: Nic, frame: Frame) -> None:
        if target.segment is self:
            target.station.hear(target, frame)


def _flipped(data: bytes, chance: Random) -> bytes:
    """One bit is not as it was."""
    if not data:
        return data
    place = chance.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]


@lru_cache(maxsize=4096)
def number(ip: str) -> int:
    """An address as a number."""
    return int(ip_address(ip))


@lru_cache(maxsize=4096)
def network_and_mask(prefix: str) -> tuple[int, int]:
    """The network of an address with a prefix length, as numbers."""
    network = ip_interface(prefix).network
    return int(network.network_address), int(network.netmask)
