"""The way between segments: each has a router, and all routers meet in the middle. Some hide what is behind them.

Addresses of segments without NAT are reached from everywhere; a segment behind a NAT is reached through the mappings
that datagrams from inside made (RFC 4787). Link-local addresses and groups never leave their segment.
"""

from random import Random
from typing import Protocol

from tests.simulation.marks import sometimes
from tests.simulation.nat import Nat
from tests.simulation.network import CALM, Frame, Nic, Segment, Weather
from tests.simulation.network import number as number_of
from tests.simulation.world import MILLISECOND, World
from wgmesh.domain.values import Endpoint

# Between two cities: the delay that nothing shortens, and the mean of what comes on top of it.
DISTANCE = 5 * MILLISECOND
WAITING = 2 * MILLISECOND


class Host(Protocol):
    """Whoever stands on the Internet itself, by one address and without a router of its own."""

    def hear(self, frame: Frame) -> None:
        """A frame arrives."""


class Router:
    """Stands on one segment. `nat` is None where addresses inside are those outside; `public` is its own address."""

    def __init__(self, middle: "Middle", segment: Segment, public: str, nat: Nat | None) -> None:
        self.middle = middle
        self.segment = segment
        self.public = public
        self.nat = nat

    def outward(self, nic: Nic, frame: Frame) -> None:
        """A frame from a station of the segment to somewhere else."""
        if self.nat is not None:
            port = self.nat.outward((frame.source.ip, frame.source.port), (frame.target.ip, frame.target.port))
            frame = frame._replace(source=Endpoint(self.public, port))
        self.middle.carry(nic.station.name, frame)

    def inward(self, sender: str, frame: Frame) -> None:
        """A frame from elsewhere."""
        if self.nat is None:
            self._enter(sender, frame)
            return
        inside = self.nat.inward(frame.target.port, (frame.source.ip, frame.source.port))
        if inside is None:
            sometimes("nat_refused")
        else:
            self._enter(sender, frame._replace(target=Endpoint(*inside)))

    def _enter(self, sender: str, frame: Frame) -> None:
        """Unless the way from one station to the other is cut."""
        owner = self.segment.owners.get(frame.target.ip)
        if owner is not None and (sender, owner.station.name) not in self.middle.cuts:
            self.segment.enter(frame)


class Middle:
    """All that is between the routers. `cuts` are between stations, in one direction, wherever they stand.

    `hosts` stand there themselves, by their addresses.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.weather: Weather = CALM
        self.cuts: dict[tuple[str, str], int] = {}
        self.routers: list[Router] = []
        self.hosts: dict[str, Host] = {}
        self._chance: Random = world.chance("middle")

    def join(self, segment: Segment, nat: Nat | None = None) -> Router:
        """Put a router on a segment that has addresses of its own."""
        assert segment.network
        public = f"198.51.100.{len(self.routers) + 1}" if nat is not None else ""
        router = Router(self, segment, public, nat)
        self.routers.append(router)
        segment.router = router
        return router

    def carry(self, sender: str, frame: Frame) -> None:
        """To the host that is the target, or to the router behind which it is, if there is one."""
        host = self.hosts.get(frame.target.ip)
        router = None if host else self._router_of(frame.target.ip)
        if host is None and router is None:
            return
        weather, chance = self.weather, self._chance
        for _ in range(2 if weather.duplication and chance.random() < weather.duplication else 1):
            if frame.size <= weather.largest and (not weather.loss or chance.random() >= weather.loss):
                delay = DISTANCE + int(chance.expovariate(1.0) * WAITING)
                if host is not None:
                    self.world.after(delay, host.hear, frame)
                elif router is not None:
                    self.world.after(delay, router.inward, sender, frame)

    def _router_of(self, ip: str) -> Router | None:
        for router in self.routers:
            if ip == router.public or (router.nat is None and _is_in(ip, router.segment.network)):
                return router
        return None


def _is_in(ip: str, network: str) -> bool:
    """Is it an address of this /24?"""
    return ":" not in ip and number_of(ip) >> 8 == number_of(f"{network}.0") >> 8
