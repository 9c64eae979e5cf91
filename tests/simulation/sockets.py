"""The exchange's socket on the underlay, gossip's inside the tunnels, WireGuard's port: what is heard waits.

As in the real layers: wrong sizes are thrown away before anything is opened, and what nobody has time for is dropped,
the oldest first.
"""

from collections import deque
from collections.abc import Callable, Iterator

from tests.simulation.network import Frame
from wgmesh.domain.envelope import SIZES, Layer
from wgmesh.domain.stun import MAGIC
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
        self._packets: deque[tuple[Endpoint, bytes]] = deque(maxlen=DATAGRAMS)

    def __len__(self) -> int:
        return len(self._waiting) + len(self._packets)

    def hear(self, frame: Frame) -> bool:
        """Keep a frame that is for the exchange."""
        assert isinstance(frame.content, bytes)
        if frame.target.port != self.port or frame.source.ip.startswith("fe80:"):
            return False
        return self._keep("exchange", frame.source, frame.content)

    def hear_inside(self, source: str, port: int, data: bytes) -> bool:
        """Keep a datagram that came through a tunnel, from this mesh address."""
        return port == self.port and self._keep("gossip", Endpoint(source, port), data)

    def hear_beside(self, frame: Frame) -> bool:
        """Keep what came to WireGuard's port if it bears STUN's mark, as the filter in the kernel does."""
        assert isinstance(frame.content, bytes)
        if frame.content[4:8] != MAGIC.to_bytes(4):
            return False
        self.dropped += len(self._packets) == DATAGRAMS
        self._packets.append((frame.source, frame.content))
        return True

    def packets(self) -> Iterator[tuple[Endpoint, bytes]]:
        """What came to WireGuard's port, the oldest first."""
        while self._packets:
            yield self._packets.popleft()

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
