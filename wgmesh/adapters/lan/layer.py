"""All sockets of the LAN layer for one mesh: they come and go with the interfaces, and sleep while nothing arrives.

Nothing that the network does is an exception: what cannot be opened or sent is handed back as `Trouble`.
"""

import socket
from collections.abc import Callable

import anyio
from anyio.abc import TaskGroup
from msgspec import Struct

from wgmesh.adapters.lan.seats import FAMILIES, Seat, seats, sources
from wgmesh.adapters.lan.sieve import Sieve
from wgmesh.adapters.udp import Datagram, arrivals, group_socket, own_socket, send
from wgmesh.domain.values import Endpoint, Interface

PORT = 51830
# All nodes of a link (RFC 4291): every switch forwards it, whether or not it has learnt who listens.
ALL_NODES = "ff02::1"
# Between two reads of a socket: a flood costs fifty wake-ups a second, of 100 µs each, and not one a datagram.
PAUSE_SECONDS = 0.02


class Trouble(Struct, frozen=True):
    """What does not work on an interface: `reason` completes a sentence that begins with its name."""

    interface: str
    reason: str


class Lan:
    """All sockets of the layer for one mesh. Its methods belong to the event loop's thread.

    `group` is the mesh's IPv4 group. `deliver` gets what is worth opening, once; `reject` gets a reason (`size`,
    `hops`, `off-link`) and the source address of what is not. `awake_ms` is a steady clock.
    """

    def __init__(
        self,
        group: str,
        deliver: Callable[[Datagram], None],
        reject: Callable[[str, str], None],
        awake_ms: Callable[[], int],
    ) -> None:
        self._groups = {socket.AF_INET: group, socket.AF_INET6: ALL_NODES}
        self._deliver, self._reject, self._awake_ms = deliver, reject, awake_ms
        self._sieve = Sieve()
        self._sockets: dict[Seat, socket.socket] = {}
        self._sources: dict[tuple[str, socket.AddressFamily], tuple[str, ...]] = {}
        self._tasks: TaskGroup | None = None

    def follow(self, interfaces: tuple[Interface, ...]) -> tuple[Trouble, ...]:
        """Serve exactly these interfaces; what stays keeps its sockets, what cannot be opened is tried next time."""
        self._sieve.follow(interfaces)
        self._sources = {(each.name, family): sources(each, family) for each in interfaces for family in FAMILIES}
        wanted = [seat for interface in interfaces for seat in seats(interface)]
        for seat in [seat for seat in self._sockets if seat not in wanted]:
            self._close(seat)
        troubles = [self._open(seat) for seat in wanted if seat not in self._sockets]
        return tuple(trouble for trouble in troubles if trouble is not None)

    def serving(self) -> tuple[str, ...]:
        """The interfaces on which we can speak and be answered; without any the layer does not work."""
        return tuple(dict.fromkeys(seat.interface for seat in self._sockets if seat.role == "own"))

    def announce(self, data: bytes) -> tuple[Trouble, ...]:
        """Send to the groups of every interface: over IPv4 from our address in each network, then over IPv6."""
        self._sieve.repeats(data, self._awake_ms())  # our own words come back from each group: heard already
        own = sorted((seat for seat in self._sockets if seat.role == "own"), key=lambda seat: seat.family)
        sent = [
            (seat.interface, send(self._sockets[seat], data, (self._groups[seat.family], PORT), source))
            for seat in own
            for source in self._sources[seat.interface, seat.family]
        ]
        return tuple(Trouble(interface, f"cannot announce: {reason}") for interface, reason in sent if reason)

    def send(self, interface: str, to: Endpoint, data: bytes) -> str | None:
        """Send to one node from our own socket on this interface; None, or the reason why it did not leave."""
        family = socket.AF_INET6 if ":" in to.ip else socket.AF_INET
        for seat, opened in self._sockets.items():
            if (seat.interface, seat.family, seat.role) == (interface, family, "own"):
                return send(opened, data, (to.ip, to.port))
        return f"{interface} has no socket for {FAMILIES[family]}"

    async def run(self) -> None:
        """Read every socket, those too that `follow` opens later, until cancelled; then close them all."""
        try:
            async with anyio.create_task_group() as self._tasks:
                for seat, opened in self._sockets.items():
                    self._tasks.start_soon(self._serve, seat, opened)
                await anyio.sleep_forever()
        finally:
            self._tasks = None
            self.follow(())

    def _open(self, seat: Seat) -> Trouble | None:
        try:
            if seat.role == "own":
                opened = own_socket(seat.interface, seat.family)
            else:
                opened = group_socket(seat.interface, seat.index, seat.family, self._groups[seat.family], PORT)
        except OSError as error:
            what = f"listen to UDP port {PORT}" if seat.role == "group" else "speak"
            return Trouble(seat.interface, f"cannot {what} over {FAMILIES[seat.family]}: {error.strerror}")
        self._sockets[seat] = opened
        if self._tasks is not None:
            self._tasks.start_soon(self._serve, seat, opened)
        return None

    def _close(self, seat: Seat) -> None:
        closing = self._sockets.pop(seat)
        if self._tasks is not None:
            anyio.notify_closing(closing)
        closing.close()

    async def _serve(self, seat: Seat, opened: socket.socket) -> None:
        while self._sockets.get(seat) is opened:
            try:
                await anyio.wait_readable(opened)
            except anyio.ClosedResourceError:  # `follow` closed it under us
                return
            self._read(seat, opened)
            await anyio.sleep(PAUSE_SECONDS)

    def _read(self, seat: Seat, opened: socket.socket) -> None:
        awake_ms = self._awake_ms()
        for data, ancillary, (ip, port, *scope_id) in arrivals(opened):
            fault = self._sieve.fault(seat, data, ancillary, ip)
            if fault is not None:
                self._reject(fault, ip)
            elif not self._sieve.repeats(data, awake_ms):
                # the kernel names a scope for link-local addresses alone
                sender = Endpoint(ip, port, seat.interface if any(scope_id) else "")
                self._deliver(Datagram("lan", seat.interface, sender, data))
