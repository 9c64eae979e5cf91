"""The exchange's two sockets, for IPv4 and IPv6: one port on every address, for members that no tunnel joins yet.

What is said to a node leaves from the address at which it was last heard: one that asked a machine with several
addresses is answered by the one that it asked, or its router would not let the answer in.
"""

import errno
import socket
from collections import OrderedDict
from collections.abc import Callable

import anyio
from anyio.abc import TaskGroup

from wgmesh.adapters.udp import Ancillary, Datagram, arrivals, port_socket, send
from wgmesh.domain.envelope import SIZES, Layer
from wgmesh.domain.values import Endpoint

LAYER: Layer = "exchange"
FAMILIES = (socket.AF_INET, socket.AF_INET6)
# Between two reads of a socket: a flood costs fifty wake-ups a second, and not one a datagram.
PAUSE_SECONDS = 0.02
# Senders whose way to us is kept; a million false ones fill no memory, and who is forgotten is answered all the same.
WAYS = 4096
# Offsets of the destination in struct in_pktinfo and struct in6_pktinfo.
_DESTINATION = {socket.AF_INET: slice(8, 12), socket.AF_INET6: slice(0, 16)}


class Exchange:
    """Both sockets on one port. Its methods belong to the event loop's thread.

    `deliver` gets what is worth opening; `reject` gets a reason (`size`) and the source address of what is not.
    """

    def __init__(self, port: int, deliver: Callable[[Datagram], None], reject: Callable[[str, str], None]) -> None:
        self.port = port
        self._deliver, self._reject = deliver, reject
        self._sockets: dict[socket.AddressFamily, socket.socket] = {}
        self._ways: OrderedDict[tuple[str, int], str] = OrderedDict()
        self._tasks: TaskGroup | None = None

    @property
    def serving(self) -> bool:
        """Can we speak and be answered, over one family at least?"""
        return bool(self._sockets)

    def open(self) -> str:
        """Open what is not open yet; why something cannot be, else empty. A kernel without a family is no reason."""
        reasons = [self._open(family) for family in FAMILIES if family not in self._sockets]
        return next((reason for reason in reasons if reason), "")

    def send(self, to: Endpoint, data: bytes) -> str | None:
        """Send to one node, from where it was heard if it was; None, or the reason why it did not leave."""
        family = socket.AF_INET6 if ":" in to.ip else socket.AF_INET
        opened, source = self._sockets.get(family), self._ways.get((to.ip, to.port))
        if opened is None:
            return "there is no socket for its family"
        if source is not None and send(opened, data, (to.ip, to.port), source) is None:
            return None
        return send(opened, data, (to.ip, to.port))  # the address may have gone from this machine since

    async def run(self) -> None:
        """Read both sockets, those too that `open` opens later, until cancelled; then close them."""
        try:
            async with anyio.create_task_group() as self._tasks:
                for family, opened in self._sockets.items():
                    self._tasks.start_soon(self._serve, family, opened)
                await anyio.sleep_forever()
        finally:
            self._tasks = None
            self.close()

    def close(self) -> None:
        """Speak no more; nobody may be reading."""
        for opened in self._sockets.values():
            opened.close()
        self._sockets = {}

    def _open(self, family: socket.AddressFamily) -> str:
        try:
            opened = port_socket(family, self.port)
        except OSError as error:
            if error.errno == errno.EAFNOSUPPORT:
                return ""
            return f"UDP port {self.port} cannot be opened ({error.strerror}): it is tried again"
        self._sockets[family] = opened
        if self._tasks is not None:
            self._tasks.start_soon(self._serve, family, opened)
        return ""

    async def _serve(self, family: socket.AddressFamily, opened: socket.socket) -> None:
        while True:
            await anyio.wait_readable(opened)
            self._read(family, opened)
            await anyio.sleep(PAUSE_SECONDS)

    def _read(self, family: socket.AddressFamily, opened: socket.socket) -> None:
        for data, ancillary, (ip, port, *_) in arrivals(opened):
            if len(data) not in SIZES[LAYER]:
                self._reject("size", ip)
                continue
            self._keep_way((ip, port), _destination(family, ancillary))
            self._deliver(Datagram(LAYER, "", Endpoint(ip, port), data))

    def _keep_way(self, sender: tuple[str, int], ours: str) -> None:
        self._ways[sender] = ours
        self._ways.move_to_end(sender)
        if len(self._ways) > WAYS:
            self._ways.popitem(last=False)


def _destination(family: socket.AddressFamily, ancillary: Ancillary) -> str:
    """Our address that a datagram was sent to: the one thing that the socket asks to be told."""
    return socket.inet_ntop(family, ancillary[0][2][_DESTINATION[family]])
