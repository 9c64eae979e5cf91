"""A DHT of many nodes in one process, in virtual time: every datagram takes 20 ms, and the dead swallow theirs."""

import heapq
import socket
from collections.abc import Callable
from random import Random

from wgmesh.adapters.dht.compact import Contact
from wgmesh.adapters.dht.mainline import Found, Mainline, Sending, Walked
from wgmesh.domain.values import MINUTE, SECOND, Endpoint

DELAY = 20


class Network:
    """`nodes` by endpoint, in the order in which they were made; `now` in ms."""

    def __init__(self, seed: int = 1) -> None:
        self.now = 0
        self.nodes: dict[Endpoint, Mainline] = {}
        self.dead: list[Endpoint] = []
        self.sent_bytes = 0
        self.queries = 0
        self.found: list[tuple[Endpoint, Found]] = []
        self.walked: list[tuple[Endpoint, Walked]] = []
        self._random = Random(seed)
        self._flying: list[tuple[int, int, Endpoint, Endpoint, bytes]] = []
        self._number = 0

    def node(self, *, knows: list[Endpoint] | None = None) -> Endpoint:
        """A new node at an address of its own; it settles in at once by way of those that it knows."""
        number = len(self.nodes)
        endpoint = Endpoint(f"10.{number // 250}.{number % 250}.1", 6881)
        node = Mainline(socket.AF_INET, self._random.randbytes)
        node.live_at([endpoint.ip])
        node.routers = tuple(knows or ())
        self.nodes[endpoint] = node
        self.send(endpoint, node.settle_in(self.now))
        return endpoint

    def grown(self, count: int) -> list[Endpoint]:
        """So many nodes, each knowing the first; after they have settled in."""
        first = self.node()
        others = [self.node(knows=[first]) for _ in range(count - 1)]
        self.run(5 * SECOND)
        return [first, *others]

    def send(self, sender: Endpoint, sendings: list[Sending]) -> None:
        """Put datagrams on their way."""
        for sending in sendings:
            self._number += 1
            self.queries += b"1:y1:q" in sending.data
            self.sent_bytes += len(sending.data)
            heapq.heappush(self._flying, (self.now + DELAY, self._number, sender, sending.to, sending.data))

    def run(self, span: int, until: Callable[[], bool] = lambda: False) -> bool:
        """Let time pass; True as soon as `until` holds."""
        end = self.now + span
        while self.now < end and not until():
            self._step(end)
        return until()

    def _step(self, end: int) -> None:
        wakes = [wake for node in self.nodes.values() if (wake := node.wakes()) is not None]
        self.now = max(self.now, min([end, *wakes, *(each[0] for each in self._flying[:1])]))
        while self._flying and self._flying[0][0] <= self.now:
            _, _, sender, to, data = heapq.heappop(self._flying)
            if to in self.nodes and to not in self.dead:
                self.send(to, self.nodes[to].receive(data, sender, self.now))
        for endpoint, node in self.nodes.items():
            self.send(endpoint, node.tick(self.now))
            results, sendings = node.results(self.now)
            self.found += [(endpoint, each) for each in results if isinstance(each, Found)]
            self.walked += [(endpoint, each) for each in results if isinstance(each, Walked)]
            self.send(endpoint, sendings)

    def announce(self, endpoint: Endpoint, infohash: bytes, port: int) -> int:
        """One walk that announces, to its end: how many nodes were told."""
        before = len(self.walked)
        self.send(endpoint, self.nodes[endpoint].look_up(infohash, port, self.now))
        assert self.run(MINUTE, lambda: len(self.walked) > before), "a walk ends"
        return self.walked[-1][1].nodes

    def look_up(self, endpoint: Endpoint, infohash: bytes) -> tuple[Endpoint, ...]:
        """One walk, until it comes upon somebody; nobody when it ends without."""
        walked, found = len(self.walked), len(self.found)
        self.send(endpoint, self.nodes[endpoint].look_up(infohash, None, self.now))
        self.run(MINUTE, lambda: len(self.found) > found or len(self.walked) > walked)
        return self.found[-1][1].peers if len(self.found) > found else ()

    def nearest(self, target: bytes) -> list[Contact]:
        """All nodes, nearest to a target first: what a walk should find."""
        contacts = [Contact(node.own_id, endpoint) for endpoint, node in self.nodes.items()]
        return sorted(contacts, key=lambda each: int.from_bytes(each.id) ^ int.from_bytes(target))
