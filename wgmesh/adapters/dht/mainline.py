"""A node of BitTorrent's Mainline DHT (BEP 5) for one family of addresses, without its socket: bytes in, bytes out.

It walks only when it is asked to, and answers whoever asks it; between walks it says nothing.
"""

import socket
from collections.abc import Callable, Iterable, Sequence
from itertools import count

from msgspec import Struct

from wgmesh.adapters.dht import krpc
from wgmesh.adapters.dht.answering import Answering
from wgmesh.adapters.dht.bencode import NotBencode
from wgmesh.adapters.dht.compact import ID_BYTES, Contact
from wgmesh.adapters.dht.contacts import Contacts
from wgmesh.adapters.dht.krpc import Failure, Message, Query, Reply
from wgmesh.adapters.dht.lookup import Lookup
from wgmesh.adapters.dht.node_ids import is_allowed, node_id_for
from wgmesh.adapters.dht.swarms import Swarms
from wgmesh.domain.values import MINUTE, SECOND, Endpoint

# An answer that comes later than this answers nothing.
PATIENCE = 8 * SECOND
# Queries on their way; the oldest is given up first.
PENDING_CAP = 512
# With fewer contacts than this a walk begins at the routers too.
FEW = 8
# Contacts that a walk begins with: the nearest eight may all be dead.
SEEDS = 32
# So many nodes must say the same of our address before our id follows it.
WITNESSES = 3
# Who asked us without being asked proves that we can be reached; for so long.
REACHED_FOR = 15 * MINUTE
SECRET_BYTES = 32
# Nodes of the other family that one turn may hand over.
STRANGERS_CAP = 32

Entropy = Callable[[int], bytes]


class Sending(Struct, frozen=True):
    """A datagram that is to go out."""

    to: Endpoint
    data: bytes


class Found(Struct, frozen=True):
    """Peers of `infohash` that this walk had not come upon before."""

    infohash: bytes
    peers: tuple[Endpoint, ...]


class Walked(Struct, frozen=True):
    """A walk for `infohash` has ended: so many nodes near it answered, and were told of us if that was asked for."""

    infohash: bytes
    nodes: int


class _Pending(Struct, frozen=True):
    contact: Contact
    since: int
    lookup: Lookup | None


class Mainline:
    """`entropy(n)`: n random bytes. `family`: whose addresses it speaks to. All times are ms of one steady clock."""

    def __init__(self, family: socket.AddressFamily, entropy: Entropy) -> None:
        self.family = family
        self.own_id = entropy(ID_BYTES)
        self.routers: tuple[Endpoint, ...] = ()
        self.external: str = ""
        self._strangers: list[Contact] = []
        self._entropy = entropy
        self._contacts = Contacts(self.own_id)
        self._swarms = Swarms(entropy(SECRET_BYTES))
        self._answering = Answering(self.own_id, self._contacts, self._swarms)
        self._numbers = count(1)
        self._pending: dict[bytes, _Pending] = {}
        self._lookups: dict[Lookup, int] = {}
        self._witnesses: dict[Endpoint, str] = {}
        self._reached: int | None = None
        self._own_ips: tuple[str, ...] = ()

    def contacts(self) -> list[Contact]:
        """Everybody in the table."""
        return self._contacts.all()

    def add(self, contacts: Iterable[Contact]) -> None:
        """Nodes that were good when they were last seen."""
        for contact in contacts:
            if is_allowed(contact.id, contact.endpoint.ip):
                self._contacts.add(contact)

    def strangers(self) -> list[Contact]:
        """Nodes of the other family that were named since this was last asked (BEP 32)."""
        strangers, self._strangers = self._strangers[:STRANGERS_CAP], []
        return strangers

    def is_lonely(self) -> bool:
        """Does it know so few that a walk has to begin at the routers?"""
        return len(self._contacts) < FEW

    def live_at(self, ips: Sequence[str]) -> None:
        """The addresses that this machine has itself."""
        self._own_ips = tuple(ips)

    def look_up(self, infohash: bytes, announce_port: int | None, now: int) -> list[Sending]:
        """Begin a walk for the peers of an infohash; with a port, announce it there when the walk is over."""
        lookup = Lookup(infohash, self._contacts.closest(infohash, SEEDS), self._beginning(), asks_for_peers=True)
        self._lookups[lookup] = announce_port or 0
        return self._go_on(lookup, now)

    def settle_in(self, now: int) -> list[Sending]:
        """Walk to our own place, so that we know our neighbours and they us."""
        lookup = Lookup(
            self.own_id, self._contacts.closest(self.own_id, SEEDS), self._beginning(), asks_for_peers=False
        )
        self._lookups[lookup] = 0
        return self._go_on(lookup, now)

    def _beginning(self) -> tuple[Endpoint, ...]:
        return self.routers if self.is_lonely() else ()

    def receive(self, data: bytes, sender: Endpoint, now: int) -> list[Sending]:
        """A datagram came; NotBencode when it is none of ours or theirs."""
        message = krpc.decode(data)
        if isinstance(message, Query):
            return self._answer(message, sender, len(data), now)
        pending = self._pending.get(message.transaction)
        if pending is None or pending.contact.endpoint != sender:
            raise NotBencode("unasked")
        del self._pending[message.transaction]
        return self._take(pending, message, now)

    def _answer(self, query: Query, sender: Endpoint, size: int, now: int) -> list[Sending]:
        data = self._answering.answer(query, sender, size, now)
        self._reached = now
        if data is not None and not query.read_only and is_allowed(query.sender, sender.ip):
            self._contacts.add(Contact(query.sender, sender))
        return [] if data is None else [Sending(sender, data)]

    def _take(self, pending: _Pending, message: Message, now: int) -> list[Sending]:
        lookup, endpoint = pending.lookup, pending.contact.endpoint
        before = self.own_id
        if not isinstance(message, Query) and message.seen is not None:
            self._believe(message.seen.ip, endpoint)
        if isinstance(message, Reply):
            contact = Contact(message.sender, endpoint)
            if is_allowed(contact.id, endpoint.ip):
                self._contacts.add(contact)
            if lookup is not None:
                nearer = [
                    each for each in message.nodes if (":" in each.endpoint.ip) == (self.family == socket.AF_INET6)
                ]
                self._strangers += [each for each in message.nodes if each not in nearer]
                lookup.answer(contact, nearer, message.values, message.token)
        elif isinstance(message, Failure) and lookup is not None:
            lookup.fail(endpoint)
            if self.own_id != before:  # it refused an id that we no longer have
                lookup.ask_again(endpoint)
        return self._go_on(lookup, now) if lookup is not None else []

    def _believe(self, ip: str, witness: Endpoint) -> None:
        """What nodes say of our address decides our id (BEP 42), once enough of them agree."""
        if len(self._witnesses) >= PENDING_CAP:
            return
        self._witnesses[witness] = ip
        agree = sum(said == ip for said in self._witnesses.values())
        if agree < min(WITNESSES, max(1, len(self.routers))):
            return
        self.external = ip
        if not is_allowed(self.own_id, ip):
            self._move(ip)

    def _move(self, ip: str) -> None:
        """Take an id that our address allows; who was near the old one is kept where it still fits."""
        known = self._contacts.all()
        self.own_id = node_id_for(ip, self._entropy(ID_BYTES))
        self._contacts = Contacts(self.own_id)
        self._answering = Answering(self.own_id, self._contacts, self._swarms)
        self.add(known)

    def tick(self, now: int) -> list[Sending]:
        """Time has passed: who did not answer is counted, walks go on and end."""
        late = [transaction for transaction, each in self._pending.items() if now - each.since >= PATIENCE]
        for transaction in late:
            contact = self._pending.pop(transaction).contact
            if contact.id:
                self._contacts.fail(contact.id)
        return [sending for lookup in list(self._lookups) for sending in self._go_on(lookup, now)]

    def wakes(self) -> int | None:
        """When `tick` has something to do."""
        edges = [each.since + PATIENCE for each in self._pending.values()]
        edges += [wakes for lookup in self._lookups if (wakes := lookup.wakes()) is not None]
        return min(edges, default=None)

    def results(self, now: int) -> tuple[list[Found | Walked], list[Sending]]:
        """What walks came upon since this was last asked, those that have ended, and the announcements that follow."""
        results, sendings = list[Found | Walked](), list[Sending]()
        for lookup, port in list(self._lookups.items()):
            if peers := lookup.news():
                results.append(Found(lookup.target, peers))
            if lookup.is_over(now):
                del self._lookups[lookup]
                nearest = lookup.nearest()
                sendings += [
                    self._announce(lookup, each, token, port, now) for each, token in nearest if port and token
                ]
                if lookup.asks_for_peers:
                    results.append(Walked(lookup.target, len(nearest)))
        return results, sendings

    def _announce(self, lookup: Lookup, contact: Contact, token: bytes, port: int, now: int) -> Sending:
        query = Query(b"", "announce_peer", self.own_id, lookup.target, token, port)
        return self._ask(contact, query, None, now)

    def _go_on(self, lookup: Lookup, now: int) -> list[Sending]:
        verb = "get_peers" if lookup.asks_for_peers else "find_node"
        want = (socket.AF_INET, socket.AF_INET6) if not self._contacts else ()
        query = Query(b"", verb, self.own_id, lookup.target, want=want)
        return [self._ask(contact, query, lookup, now) for contact in lookup.next(now)]

    def _ask(self, contact: Contact, query: Query, lookup: Lookup | None, now: int) -> Sending:
        """Send a query under a transaction id that cannot be guessed from outside."""
        transaction = (next(self._numbers) % 2**16).to_bytes(2) + self._entropy(2)
        if len(self._pending) >= PENDING_CAP:
            del self._pending[next(iter(self._pending))]
        self._pending[transaction] = _Pending(contact, now, lookup)
        asked = Query(
            transaction,
            query.verb,
            query.sender,
            query.target,
            query.token,
            query.port,
            self._is_hidden(now),
            query.want,
        )
        return Sending(contact.endpoint, krpc.encode(asked))

    def _is_hidden(self, now: int) -> bool:
        """Nobody could ask us (BEP 43): our address as seen is not ours, and no stranger has come through lately."""
        reached = self._reached is not None and now - self._reached < REACHED_FOR
        return bool(self.external) and self.external not in self._own_ips and not reached
