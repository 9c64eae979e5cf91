"""The DHT's sockets for one mesh: one a family of addresses, asleep while nobody speaks and no walk is under way."""

import socket
from collections.abc import Callable, Iterable, Sequence
from errno import EADDRINUSE

import anyio
from anyio import to_thread

from wgmesh.adapters.dht.bencode import NotBencode
from wgmesh.adapters.dht.compact import Contact
from wgmesh.adapters.dht.mainline import Entropy, Found, Mainline, Sending, Walked
from wgmesh.domain.values import SECOND, Endpoint

FAMILIES = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6"}
# The longest datagram that is worth reading: an Ethernet frame's.
READ_BYTES = 1500
# What one wake-up reads at most.
TURN = 128
# While nothing is due the next look is far away.
FOREVER_MS = 3600 * SECOND


class Dht:
    """`port`: UDP, both families; where it is taken, any other.

    `bootstrap`: (host, port) of nodes to begin at, looked up whenever they are needed.
    `deliver` gets what walks come upon, and their ends; `reject` a reason and the source of what was none of BEP 5.
    """

    def __init__(
        self,
        port: int,
        bootstrap: Sequence[tuple[str, int]],
        deliver: Callable[[Found | Walked], None],
        reject: Callable[[str, str], None],
        entropy: Entropy,
        awake_ms: Callable[[], int],
    ) -> None:
        self._port, self._bootstrap = port, bootstrap
        self._deliver, self._reject, self._awake_ms = deliver, reject, awake_ms
        self._nodes = {family: Mainline(family, entropy) for family in FAMILIES}
        self._sockets: dict[socket.AddressFamily, socket.socket] = {}
        self._wanted: list[tuple[bytes, int | None]] = []
        self._stir = anyio.Event()

    def open(self) -> dict[str, str]:
        """Take the port; by family the reason why no port can be had. What is open stays so."""
        return {name: reason for family, name in FAMILIES.items() if (reason := self._open(family))}

    def close(self) -> None:
        """Give the port back."""
        for opened in self._sockets.values():
            opened.close()
        self._sockets = {}

    def live_at(self, ips: Sequence[str]) -> None:
        """The machine's own addresses."""
        for node in self._nodes.values():
            node.live_at(ips)

    def add(self, contacts: Iterable[Contact]) -> None:
        """Nodes known from before."""
        for contact in contacts:
            self._node_for(contact.endpoint).add([contact])

    def contacts(self, family: socket.AddressFamily) -> list[Contact]:
        """The nodes of a family that are known now, to be kept for the next start."""
        return self._nodes[family].contacts()

    def look_up(self, infohash: bytes, announce_port: int | None) -> None:
        """Walk for the peers of an infohash, over both families; with a port, announce it there."""
        self._wanted.append((infohash, announce_port))
        self._stir.set()

    async def run(self) -> None:
        """Serve until cancelled."""
        try:
            async with anyio.create_task_group() as tasks:
                for family, opened in self._sockets.items():
                    tasks.start_soon(self._read, family, opened)
                await self._walk()
        finally:
            self.close()

    async def _walk(self) -> None:
        while True:
            self._stir = anyio.Event()
            await self._begin()
            now = self._awake_ms()
            for family, node in self._nodes.items():
                self._send(family, node.tick(now))
                self._conclude(family, now)
            with anyio.move_on_after(self._pause_ms(now) / SECOND):
                await self._stir.wait()

    async def _begin(self) -> None:
        """Begin the walks that were asked for; a node that knows too few others is shown the routers again."""
        wanted, self._wanted = self._wanted, []
        if not wanted:
            return
        if any(node.is_lonely() for node in self._nodes.values()):
            await self._resolve()
        for infohash, port in wanted:
            for family, node in self._nodes.items():
                self._send(family, node.look_up(infohash, port, self._awake_ms()))

    async def _resolve(self) -> None:
        found = [each for host, port in self._bootstrap for each in await to_thread.run_sync(_resolved, host, port)]
        for family, node in self._nodes.items():
            node.routers = tuple(each for each in found if _family(each) == family)

    async def _read(self, family: socket.AddressFamily, opened: socket.socket) -> None:
        while True:
            await anyio.wait_readable(opened)
            for data, sender in _arrivals(opened):
                self._receive(family, data, sender)
            self._stir.set()

    def _receive(self, family: socket.AddressFamily, data: bytes, sender: Endpoint) -> None:
        try:
            self._send(family, self._nodes[family].receive(data, sender, self._awake_ms()))
        except NotBencode:
            self._reject("dht", sender.ip)

    def _conclude(self, family: socket.AddressFamily, now: int) -> None:
        node = self._nodes[family]
        results, sendings = node.results(now)
        self._send(family, sendings)
        self.add(node.strangers())
        for each in results:
            self._deliver(each)

    def _send(self, family: socket.AddressFamily, sendings: Iterable[Sending]) -> None:
        opened = self._sockets.get(family)
        for sending in sendings:
            if opened is None:
                return
            try:
                opened.sendto(sending.data, (sending.to.ip, sending.to.port))
            except OSError:  # the network's weather: who is not reached does not answer, and that is counted
                continue

    def _pause_ms(self, now: int) -> int:
        edges = [wakes for node in self._nodes.values() if (wakes := node.wakes()) is not None]
        return max(1, min(edges, default=now + FOREVER_MS) - now)

    def _node_for(self, endpoint: Endpoint) -> Mainline:
        return self._nodes[_family(endpoint)]

    def _open(self, family: socket.AddressFamily) -> str:
        if family in self._sockets:
            return ""
        opened = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            if family == socket.AF_INET6:
                opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            _bind(opened, self._port)
        except OSError as error:
            opened.close()
            return error.strerror or str(error)
        self._sockets[family] = opened
        return ""


def _family(endpoint: Endpoint) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in endpoint.ip else socket.AF_INET


def _bind(opened: socket.socket, port: int) -> None:
    """To this port; where it is taken, to any: who finds us learns the port from our datagrams."""
    try:
        opened.bind(("", port))
    except OSError as error:
        if error.errno != EADDRINUSE:
            raise
        opened.bind(("", 0))


def _resolved(host: str, port: int) -> list[Endpoint]:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except OSError:  # no DNS is no fault of the DHT: known nodes are asked, and the name again at the next walk
        return []
    return [Endpoint(str(address[0]), port) for *_, address in answers]


def _arrivals(opened: socket.socket) -> Iterable[tuple[bytes, Endpoint]]:
    for _ in range(TURN):
        try:
            data, (ip, port, *_) = opened.recvfrom(READ_BYTES)
        except OSError:  # nothing more, or the network is gone: either way there is nothing to hand on
            return
        yield data, Endpoint(ip, port)
