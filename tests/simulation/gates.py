"""What a relaying daemon's sockets do: a packet that one of a pair sends to the other's gate leaves from its own."""

from collections.abc import Callable, Mapping

from wgmesh.domain.facts import RelayedPair
from wgmesh.domain.values import MINUTE, Endpoint

IDLE = 3 * MINUTE


class Gates:
    """Of one machine, while its daemon runs. `swallows`: it grants, and passes nothing on."""

    def __init__(self) -> None:
        self.swallows = False
        self._pairs: Mapping[bytes, RelayedPair] = {}
        self._ways: dict[tuple[Endpoint, int], tuple[int, Endpoint, bytes]] = {}
        self._heard: dict[bytes, int] = {}
        self._now: Callable[[], int] = lambda: 0

    def follow(
        self, pairs: Mapping[bytes, RelayedPair], address: Callable[[bytes], str], now: Callable[[], int]
    ) -> None:
        """Serve these pairs and no others; `now` is a steady clock in ms."""
        if pairs is self._pairs:
            return
        self._pairs, self._now, self._ways = pairs, now, {}
        self._heard = {key: self._heard.get(key, now()) for key in pairs}
        for key, pair in pairs.items():
            first = Endpoint(address(pair.first), pair.first_port)
            second = Endpoint(address(pair.second), pair.second_port)
            self._ways[first, pair.second_gate] = (pair.first_gate, second, key)
            self._ways[second, pair.first_gate] = (pair.second_gate, first, key)

    def close(self) -> None:
        """The daemon ended, and its sockets with it."""
        self._pairs, self._ways, self._heard = {}, {}, {}

    def way(self, source: Endpoint, gate: int) -> tuple[int, Endpoint] | None:
        """From which gate, and where to, a packet goes on."""
        found = self._ways.get((source, gate))
        if found is None or self.swallows:
            return None
        self._heard[found[2]] = self._now()
        return found[:2]

    def idle(self) -> tuple[bytes, ...]:
        """Pairs that were quiet for too long."""
        return tuple(key for key, heard in self._heard.items() if self._now() - heard >= IDLE)
