"""The gossip layer's sockets, inside the tunnels: they live on the mesh's own interface and on no other.

So whatever they hear came through WireGuard, and its source address is its sender. They speak IPv6; who has none of it
is heard and answered over IPv4. When the interface is made anew (the process that carried it died), they are, too.
"""

import socket
from collections.abc import Callable

import anyio
from anyio.abc import TaskGroup

from wgmesh.adapters.udp import Datagram, arrivals, send, tunnel_socket
from wgmesh.domain.values import Endpoint

FAMILIES = (socket.AF_INET6, socket.AF_INET)
# Members that speak over IPv4 and are remembered for it: as many as a mesh may have.
IPV4_CAP = 1024
# After a turn in which so many arrived, the next is read later: a flood costs fifty wake-ups a second, not one each.
BUSY = 8
PAUSE_SECONDS = 0.02


class Gossip:
    """Both sockets of the layer. Its methods belong to the event loop's thread; `deliver` gets what arrives."""

    def __init__(self, interface: str, port: int, deliver: Callable[[Datagram], None]) -> None:
        self._interface, self._port, self._deliver = interface, port, deliver
        self._index = 0
        self._sockets: dict[socket.AddressFamily, socket.socket] = {}
        self._over_ipv4: dict[str, bool] = {}
        self._tasks: TaskGroup | None = None

    @property
    def serving(self) -> bool:
        """Whether there is a socket to speak and hear with."""
        return bool(self._sockets)

    def follow(self) -> str | None:
        """Be on the interface as it is now, if it is there; None, or why that cannot be."""
        index = _index_of(self._interface)
        if index != self._index:
            self.close()
            self._index = index
        if index == 0 or self._sockets:
            return None
        errors = [self._open(family) for family in FAMILIES]
        return None if self._sockets else f"cannot listen to UDP port {self._port}: {errors[0]}"

    def send(self, to: Endpoint, fallback: Endpoint | None, data: bytes) -> str | None:
        """Send to a member at its mesh IPv6 address, or its IPv4 one; None, or the reason why it did not leave."""
        ipv6, ipv4 = (self._sockets.get(family) for family in FAMILIES)
        reason: str | None = "the interface of the mesh is not there"
        if ipv6 is not None and not (fallback and fallback.ip in self._over_ipv4):
            reason = send(ipv6, data, (to.ip, to.port))
        if reason is not None and ipv4 is not None and fallback is not None:
            reason = send(ipv4, data, (fallback.ip, fallback.port))
        return reason

    async def run(self) -> None:
        """Read both sockets, those too that `follow` opens later, until cancelled; then close them."""
        try:
            async with anyio.create_task_group() as self._tasks:
                for opened in self._sockets.values():
                    self._tasks.start_soon(self._serve, opened)
                await anyio.sleep_forever()
        finally:
            self._tasks = None
            self.close()

    def close(self) -> None:
        """Hear and say no more, until `follow` finds the interface."""
        closing, self._sockets, self._index = self._sockets, {}, 0
        for opened in closing.values():
            if self._tasks is not None:
                anyio.notify_closing(opened)
            opened.close()

    def _open(self, family: socket.AddressFamily) -> str | None:
        try:
            opened = tunnel_socket(self._interface, family, self._port)
        except OSError as error:  # a kernel without IPv6, a port that another program keeps, an interface just gone
            return error.strerror
        self._sockets[family] = opened
        if self._tasks is not None:
            self._tasks.start_soon(self._serve, opened)
        return None

    async def _serve(self, opened: socket.socket) -> None:
        while opened in self._sockets.values():
            try:
                await anyio.wait_readable(opened)
            except anyio.ClosedResourceError:  # `follow` closed it under us
                return
            if self._read(opened) >= BUSY:
                await anyio.sleep(PAUSE_SECONDS)

    def _read(self, opened: socket.socket) -> int:
        count = 0
        for data, _, (ip, port, *_) in arrivals(opened):
            count += 1
            if opened.family == socket.AF_INET and len(self._over_ipv4) < IPV4_CAP:
                self._over_ipv4[ip] = True
            self._deliver(Datagram("gossip", self._interface, Endpoint(ip, port), data))
        return count


def _index_of(interface: str) -> int:
    try:
        return socket.if_nametoindex(interface)
    except OSError:  # it does not exist at the moment
        return 0
