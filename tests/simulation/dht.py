"""A small Mainline DHT on the Internet between the segments: honest nodes of our own making, and some that lie.

Its nodes stand where everybody with a router reaches them. They speak the bytes of BEP 5, so what reads them is what
reads strangers in the real daemon.
"""

import socket
from collections.abc import Callable
from random import Random

from tests.simulation.marks import sometimes
from tests.simulation.network import Frame
from tests.simulation.routers import Middle
from tests.simulation.world import MILLISECOND, World
from wgmesh.adapters.dht import krpc
from wgmesh.adapters.dht.bencode import NotBencode
from wgmesh.adapters.dht.compact import ID_BYTES, Contact
from wgmesh.adapters.dht.krpc import Query, Reply
from wgmesh.adapters.dht.mainline import Mainline
from wgmesh.adapters.dht.node_ids import node_id_for
from wgmesh.domain.values import Endpoint

PORT = 6881
# Those that everybody knows, and where a walk begins.
ROUTERS = 2
# So many datagrams of one answer may be lies that are told at once.
BOGUS_PEERS = 60
# UDP over IPv4.
HEADERS = 28


class Server:
    """An honest node: it answers whoever asks."""

    def __init__(self, world: World, middle: Middle, place: int, chance: Random) -> None:
        self.name = f"dht{place}"
        self.endpoint = Endpoint(f"198.18.0.{place + 1}", PORT)
        self.heard_bytes = self.said_bytes = 0
        self._world, self._middle, self.chance = world, middle, chance
        self.node = Mainline(socket.AF_INET, _entropy_of(self.endpoint.ip, chance))
        middle.hosts[self.endpoint.ip] = self

    @property
    def contact(self) -> Contact:
        """As others know it."""
        return Contact(self.node.own_id, self.endpoint)

    def hear(self, frame: Frame) -> None:
        """Somebody asks."""
        if frame.target.port == PORT and isinstance(frame.content, bytes):
            self.heard_bytes += frame.size + HEADERS
            for data in self.answers(frame.content, frame.source):
                self.said_bytes += len(data) + HEADERS
                self._middle.carry(self.name, Frame(self.endpoint, frame.source, len(data), data))

    def answers(self, data: bytes, sender: Endpoint) -> list[bytes]:
        """What goes back to who sent this."""
        try:
            return [each.data for each in self.node.receive(data, sender, self._world.now // MILLISECOND)]
        except NotBencode:
            return []


class Liar(Server):
    """Answers in whatever way hurts: nothing, noise, only itself, peers that are none, wrong transactions."""

    def answers(self, data: bytes, sender: Endpoint) -> list[bytes]:
        """One lie after the other; the truth is the rarest."""
        try:
            asked = krpc.decode(data)
        except NotBencode:
            return []
        if not isinstance(asked, Query):
            return []
        sometimes("dht_lied")
        lies: tuple[Callable[[Query], list[bytes]], ...] = (
            self._eclipse, self._invent, self._garble, self._mistake, lambda _: []
        )  # fmt: skip
        return self.chance.choice(lies)(asked)

    def _eclipse(self, asked: Query) -> list[bytes]:
        """Nobody is near the target but ourselves, under many ids and at many addresses."""
        near = [asked.target[:18] + self.chance.randbytes(2) for _ in range(8)] if asked.target else []
        nodes = [Contact(each, self._somewhere()) for each in near]
        return [krpc.encode(Reply(asked.transaction, self.node.own_id, (self.contact, *nodes), token=b"t"))]

    def _invent(self, asked: Query) -> list[bytes]:
        """Peers that nobody is, victims among them."""
        peers = tuple(self._somewhere() for _ in range(BOGUS_PEERS))
        return [krpc.encode(Reply(asked.transaction, self.node.own_id, (self.contact,), peers, b"t"))]

    def _garble(self, asked: Query) -> list[bytes]:
        """What is no bencode, too deep, or much too long."""
        deep = b"d1:r" + b"l" * 600 + b"e" * 600 + b"1:t" + b"%d:" % len(asked.transaction) + asked.transaction + b"e"
        return [deep, self.chance.randbytes(200), b"d1:t1000:" + bytes(1000) + b"1:y1:re", b"i" + b"9" * 900 + b"e"]

    def _mistake(self, asked: Query) -> list[bytes]:
        """A good answer to what was not asked."""
        return [krpc.encode(Reply(self.chance.randbytes(4), self.node.own_id, values=(self._somewhere(),)))]

    def _somewhere(self) -> Endpoint:
        net = self.chance.choice(("127.0.0", "224.0.0", "172.16.9", "203.0.113", "0.0.0"))
        return Endpoint(f"{net}.{self.chance.randrange(1, 255)}", self.chance.randrange(1, 65_536))


class Dht:
    """So many honest nodes that know each other, and so many liars that they know too."""

    def __init__(self, world: World, middle: Middle, honest: int, liars: int) -> None:
        chance = world.chance("dht")
        self.servers = [Server(world, middle, place, chance) for place in range(honest)]
        self.liars = [Liar(world, middle, honest + place, chance) for place in range(liars)]
        for server in self.servers:
            server.node.add(each.contact for each in (*self.servers, *self.liars))
        self.routers = tuple(server.endpoint for server in self.servers[:ROUTERS])

    @property
    def bytes(self) -> int:
        """All that crossed the wire between it and the rest of the world, with headers, both ways."""
        return sum(each.heard_bytes + each.said_bytes for each in (*self.servers, *self.liars))


def _entropy_of(ip: str, chance: Random) -> Callable[[int], bytes]:
    """Chance, of which the first is the node's id: one that its address allows."""
    drawn = iter((node_id_for(ip, chance.randbytes(ID_BYTES)),))
    return lambda length: next(drawn, None) or chance.randbytes(length)
