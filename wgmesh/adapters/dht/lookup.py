"""One walk towards a target: ask the nearest known nodes for nearer ones until the nearest have all answered.

A sliding window of queries instead of rounds: who is slow gives its place in the window to the next, who is dead costs
nothing but that, and a budget ends what would not end. Nobody waits for the last straggler.
"""

from collections.abc import Iterable

from kademlia.node import Node, NodeHeap

from wgmesh.adapters.dht.compact import ID_BYTES, Contact
from wgmesh.adapters.dht.contacts import K
from wgmesh.adapters.dht.node_ids import is_allowed
from wgmesh.domain.values import Endpoint

# Queries on their way at a time (BEP 5 leaves it open; Kademlia's alpha is 3).
WINDOW = 5
# Who has not answered by then (ms) no longer holds a place in the window; most answers take a quarter of it.
SLOW = 700
# Queries of one walk, however many nodes are offered.
BUDGET = 128
# Peers kept of one walk.
PEERS_CAP = 64


class Lookup:
    """`target` and ids are 20 bytes; times are ms. `asks`: get_peers of an infohash, else find_node."""

    def __init__(
        self, target: bytes, seeds: Iterable[Contact], routers: Iterable[Endpoint], asks_for_peers: bool
    ) -> None:
        self.target = target
        self.asks_for_peers = asks_for_peers
        self._peers: dict[Endpoint, bool] = {}
        self.spent = 0
        self._near = NodeHeap(Node(target), K)
        self._routers = list(routers)
        self._asked: dict[Endpoint, int] = {}
        self._passed_over: dict[Endpoint, None] = {}
        self._answered: dict[bytes, tuple[Contact, bytes]] = {}
        self._offer(seeds)

    def next(self, now: int) -> list[Contact]:
        """Whom to ask now; an id of no bytes is a router's, whose id nobody knows."""
        self._pass_over_the_slow(now)
        asking: list[Contact] = []
        while len(self._asked) < WINDOW and self.spent < BUDGET and (contact := self._choose()) is not None:
            self._asked[contact.endpoint] = now
            self.spent += 1
            asking.append(contact)
        return asking

    def _choose(self) -> Contact | None:
        if self._routers:
            return Contact(b"", self._routers.pop())
        for node in self._near.get_uncontacted():
            self._near.mark_contacted(node)
            return Contact(node.id, Endpoint(node.ip, node.port))
        return None

    def _pass_over_the_slow(self, now: int) -> None:
        """Those that answer late are taken back in, should they be near; meanwhile the next nearest are asked."""
        slow = [endpoint for endpoint, since in self._asked.items() if now - since >= SLOW]
        for endpoint in slow:
            del self._asked[endpoint]
            self._passed_over[endpoint] = None
        gone = [node.id for _, node in self._near.heap if Endpoint(node.ip, node.port) in slow]
        self._near.remove(gone)

    def answer(self, contact: Contact, nodes: Iterable[Contact], peers: Iterable[Endpoint], token: bytes) -> None:
        """It answered, soon or late."""
        self._asked.pop(contact.endpoint, None)
        node = Node(contact.id, contact.endpoint.ip, contact.endpoint.port)
        self._near.push(node)
        self._near.mark_contacted(node)
        self._answered[contact.id] = (contact, token)
        self._offer(nodes)
        for peer in peers:
            if len(self._peers) < PEERS_CAP:
                self._peers.setdefault(peer, False)

    def fail(self, endpoint: Endpoint) -> None:
        """It answered with an error."""
        self._asked.pop(endpoint, None)
        self._passed_over[endpoint] = None
        self._near.remove(
            [node.id for _, node in self._near.heap if (node.ip, node.port) == (endpoint.ip, endpoint.port)]
        )

    def ask_again(self, endpoint: Endpoint) -> None:
        """What it refused was our own fault, and is put right."""
        self._routers.append(endpoint)

    def is_over(self, now: int) -> bool:
        """Is there nobody left to ask and nobody left to wait for?"""
        self._pass_over_the_slow(now)
        waits = bool(self._asked) and self.spent <= BUDGET
        return not waits and (self.spent >= BUDGET or (not self._routers and self._near.have_contacted_all()))

    def wakes(self) -> int | None:
        """When the next of the asked becomes slow."""
        return min((since + SLOW for since in self._asked.values()), default=None)

    def news(self) -> tuple[Endpoint, ...]:
        """The peers that were named since this was last asked."""
        news = tuple(peer for peer, told in self._peers.items() if not told)
        self._peers.update(dict.fromkeys(news, True))
        return news

    def nearest(self) -> list[tuple[Contact, bytes]]:
        """The nearest that answered, each with the token it gave."""
        aim = Node(self.target)
        ranked = sorted(self._answered.values(), key=lambda each: aim.distance_to(Node(each[0].id)))
        return ranked[:K]

    def _offer(self, contacts: Iterable[Contact]) -> None:
        """Nodes to be asked: each address once, never again who was passed over, and only under an id it may have."""
        taken = [Endpoint(node.ip, node.port) for _, node in self._near.heap]
        taken += [*self._asked, *self._passed_over, *(contact.endpoint for contact, _ in self._answered.values())]
        known = dict.fromkeys(taken)
        for contact in contacts:
            ip = contact.endpoint.ip
            if contact.endpoint not in known and len(contact.id) == ID_BYTES and is_allowed(contact.id, ip):
                self._near.push(Node(contact.id, ip, contact.endpoint.port))
                known[contact.endpoint] = None
