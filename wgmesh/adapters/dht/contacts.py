"""The nodes of the DHT that this one knows, near ones more than far ones: kademlia's buckets, asked exactly.

kademlia's own search through its table misses up to a third of the nearest nodes, and one lost packet costs it a
contact. Here the nearest are the nearest, and who is silent three times in a row goes.
"""

import ipaddress

from kademlia.node import Node
from kademlia.routing import RoutingTable

from wgmesh.adapters.dht.compact import Contact
from wgmesh.domain.values import Endpoint

# Nodes in a bucket and in an answer (BEP 5).
K = 8
# Queries that may stay unanswered, one after the other, before a contact goes.
PATIENCE = 3


class Contacts:
    """A table around our own id (20 bytes). One contact an address: who has many ids gets one place."""

    def __init__(self, own_id: bytes) -> None:
        self._table = RoutingTable(None, K, Node(own_id))
        self._failures: dict[bytes, int] = {}
        self._places: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._places)

    def add(self, contact: Contact) -> None:
        """It answered, or asked: it is there. A full bucket keeps the old ones, which have proven to last."""
        self._failures.pop(contact.id, None)
        place = _place(contact.endpoint)
        if self._places.get(place, contact.id) != contact.id:
            return
        node = Node(contact.id, contact.endpoint.ip, contact.endpoint.port)
        if node.long_id == self._table.node.long_id:
            return
        if self._put(node):
            self._places[place] = contact.id

    def _put(self, node: Node) -> bool:
        """Into its bucket, which is split while it is full and our own id is in its range."""
        while True:
            index = self._table.get_bucket_for(node)
            bucket = self._table.buckets[index]
            if bucket[node.id] is not None or len(bucket) < K:
                return bool(bucket.add_node(node))
            if not bucket.has_in_range(self._table.node):
                return False
            self._table.split_bucket(index)

    def fail(self, node_id: bytes) -> None:
        """It did not answer."""
        self._failures[node_id] = self._failures.get(node_id, 0) + 1
        if self._failures[node_id] >= PATIENCE:
            self.remove(node_id)

    def remove(self, node_id: bytes) -> None:
        """Forget it."""
        self._failures.pop(node_id, None)
        self._table.remove_contact(Node(node_id))
        self._places = {place: held for place, held in self._places.items() if held != node_id}

    def closest(self, target: bytes, most: int = K) -> list[Contact]:
        """The nodes nearest to a target, nearest first."""
        aim = Node(target)
        nodes = [node for bucket in self._table.buckets for node in bucket.get_nodes()]
        return [_contact(node) for node in sorted(nodes, key=aim.distance_to)[:most]]

    def all(self) -> list[Contact]:
        """Everybody."""
        return [_contact(node) for bucket in self._table.buckets for node in bucket.get_nodes()]


def _contact(node: Node) -> Contact:
    return Contact(node.id, Endpoint(node.ip, node.port))


def _place(endpoint: Endpoint) -> str:
    """One machine's worth of addresses: an IPv4 address, a /64 of IPv6."""
    address = ipaddress.ip_address(endpoint.ip)
    return endpoint.ip if address.version == 4 else address.packed[:8].hex()
