"""WireGuard's own port beside WireGuard, for both families: what is STUN on it is read here, and sent from it.

The rule: without CAP_NET_RAW there is nothing here, and nothing else suffers.
"""

import errno
import socket
from collections.abc import Callable

import anyio
from anyio.abc import TaskGroup

from wgmesh.adapters.stun.raw_port import RawPort
from wgmesh.adapters.udp import Datagram
from wgmesh.domain.values import Endpoint

FAMILIES = (socket.AF_INET, socket.AF_INET6)
# Between two reads of a socket: a flood costs fifty wake-ups a second, and not one a packet.
PAUSE_SECONDS = 0.02
NO_CAPABILITY = "it takes the capability CAP_NET_RAW to speak from WireGuard's port"


class TunnelPort:
    """Both sockets. Its methods belong to the event loop's thread; `deliver` gets what is heard.

    `trouble`: why a family is not served, empty when none is missing that the kernel has.
    """

    def __init__(self, deliver: Callable[[Datagram], None]) -> None:
        self._deliver = deliver
        self._sockets: dict[socket.AddressFamily, RawPort] = {}
        self._tasks: TaskGroup | None = None
        self.trouble = ""

    @property
    def serving(self) -> bool:
        """Can we speak from the port, over one family at least?"""
        return bool(self._sockets)

    def follow(self, port: int) -> None:
        """Open what is not open yet on this port, which stays the same for a run."""
        reasons = [self._open(family, port) for family in FAMILIES if family not in self._sockets]
        self.trouble = next((reason for reason in reasons if reason), "")

    def send(self, to: Endpoint, data: bytes) -> str | None:
        """Send from the port; None, or the reason why it did not leave."""
        opened = self._sockets.get(socket.AF_INET6 if ":" in to.ip else socket.AF_INET)
        return opened.send(to, data) if opened is not None else "there is no socket for its family"

    async def run(self) -> None:
        """Read both sockets, those too that `follow` opens later, until cancelled; then close them."""
        try:
            async with anyio.create_task_group() as self._tasks:
                for opened in self._sockets.values():
                    self._tasks.start_soon(self._serve, opened)
                await anyio.sleep_forever()
        finally:
            self._tasks = None
            for opened in self._sockets.values():
                opened.close()
            self._sockets = {}

    def _open(self, family: socket.AddressFamily, port: int) -> str:
        try:
            opened = RawPort(family, port)
        except OSError as error:
            if error.errno == errno.EAFNOSUPPORT:
                return ""
            reason = error.strerror or str(error)
            return NO_CAPABILITY if error.errno == errno.EPERM else f"WireGuard's port cannot be shared ({reason})"
        self._sockets[family] = opened
        if self._tasks is not None:
            self._tasks.start_soon(self._serve, opened)
        return ""

    async def _serve(self, opened: RawPort) -> None:
        while True:
            await anyio.wait_readable(opened.fileno())
            for data, sender in opened.arrivals():
                self._deliver(Datagram("port", "", sender, data))
            await anyio.sleep(PAUSE_SECONDS)
