"""Network address translation as RFC 4787 names it: which port stands for whom, who may answer, and for how long."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from tests.simulation.marks import sometimes
from tests.simulation.world import SECOND

Socket = tuple[str, int]
Scope = Literal["endpoint-independent", "address-dependent", "address-and-port-dependent"]
SCOPES: tuple[Scope, ...] = ("endpoint-independent", "address-dependent", "address-and-port-dependent")
FIRST_PORT, LAST_PORT = 40_000, 65_535


class Mapping(NamedTuple):
    """A port outside stands for a socket inside, towards what `towards` names."""

    inside: Socket
    towards: tuple[object, ...]


class Nat:
    """`mapping` and `filtering` are behaviours, `life` is in µs: what nothing inside refreshes is forgotten."""

    def __init__(self, mapping: Scope, filtering: Scope, now: Callable[[], int], life: int = 120 * SECOND) -> None:
        self.mapping: Scope = mapping
        self.filtering: Scope = filtering
        self.life = life
        self._now = now
        self._ports: dict[Mapping, int] = {}
        self._mappings: dict[int, Mapping] = {}
        self._used: dict[int, int] = {}
        self._spoken: dict[int, dict[tuple[object, ...], int]] = {}
        self._next = FIRST_PORT

    def outward(self, inside: Socket, target: Socket) -> int:
        """The port outside for a datagram from inside; a new one where there is none."""
        mapping = Mapping(inside, _named(target, self.mapping))
        port = self._ports.get(mapping)
        if port is None or self._is_over(port):
            port = self._map(mapping)
        self._used[port] = self._now()
        self._spoken[port][_named(target, self.filtering)] = self._now()
        return port

    def inward(self, port: int, source: Socket) -> Socket | None:
        """Who inside gets a datagram from outside; None if nobody does."""
        mapping = self._mappings.get(port)
        if mapping is None or self._is_over(port):
            return None
        spoken = self._spoken[port].get(_named(source, self.filtering))
        return mapping.inside if spoken is not None and self._now() - spoken <= self.life else None

    def flush(self) -> None:
        """It was switched off and on, or its table overflowed: all mappings are others from now on."""
        sometimes("nat_flushed")
        self._ports, self._mappings, self._used, self._spoken = {}, {}, {}, {}

    def _free_port(self) -> int:
        """The next that stands for nothing, or no longer does."""
        for _ in range(FIRST_PORT, LAST_PORT + 1):
            port, self._next = self._next, FIRST_PORT if self._next == LAST_PORT else self._next + 1
            former = self._mappings.get(port)
            if former is None or self._is_over(port):
                if former is not None and self._ports.get(former) == port:
                    del self._ports[former]
                return port
        raise AssertionError("a NAT has no ports left")

    def _is_over(self, port: int) -> bool:
        return self._now() - self._used[port] > self.life

    def _map(self, mapping: Mapping) -> int:
        port = self._free_port()
        self._ports[mapping], self._mappings[port] = port, mapping
        self._used[port], self._spoken[port] = self._now(), {}
        return port


def _named(socket: Socket, scope: Scope) -> tuple[object, ...]:
    """As much of a socket outside as makes a difference."""
    return {"endpoint-independent": (), "address-dependent": socket[:1]}.get(scope, socket)
