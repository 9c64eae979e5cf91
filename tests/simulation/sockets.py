"""The exchange's socket on the underlay and gossip's inside the tunnels, in one run: what they hear waits its turn.

As in the real layers: wrong sizes are thrown away before anything is opened, and what nobody has time for is dropped,
the oldest first.
"""

from collections import deque
from collections.abc import Callable, Iterator

from tests.simulation.network import Frame
from wgmesh.domain.envelope import SIZES, Layer
from wgmesh.domain.values import Endpoint
from wgmesh.node.reception import Arrival

# What waits for the node at most.
DATAGRAMS = 1024


class Sockets:
    """`port` is that of both layers: one on the underlay, one on the mesh's own interface."""

    def __init__(self, port: int, reject: Callable[[str, str, int], None]) -> None:
        self.port = port
        self.dropped = 0
        self._reject = reject
        self._waiting: deque[Arrival] = deque(maxlen=DATAGRAMS)

    def __len__(self) -> int:
        return len(self._waiting)

    def hear(self, frame: Frame) -> bool:
        """Keep a frame that is for the exchange."""
        assert isinstance(frame.content, bytes)
        if frame.target.port != self.port or frame.source.ip.startswith("fe80:"):
            return False
        return self._keep("exchange", frame.source, frame.content)

    def hear_inside(self, source: str, port: int, data: bytes) -> bool:
        """Keep a datagram that came through a tunnel, from this mesh address."""
        return port == self.port and self._keep("gossip", Endpoint(source, port), data)

    def take(self, limit: int, awake: int) -> Iterator[Arrival]:
        """What is worth opening among those that waited longest."""
        for _ in range(min(len(self._waiting), limit)):
            arrival = self._waiting.popleft()
            if len(arrival.data) in SIZES[arrival.layer]:
                yield arrival
            else:
                self._reject("size", arrival.sender.ip, awake)

    def _keep(self, layer: Layer, sender: Endpoint, data: bytes) -> bool:
        self.dropped += len(self._waiting) == DATAGRAMS
        self._waiting.append(Arrival(layer, "", sender, data))
        return True
