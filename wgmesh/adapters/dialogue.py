"""A dialogue with one address: what is sent goes there, and what anybody else sends is not heard.

The socket is connected, so the other machine's word that nobody listens there comes back, as ConnectionRefusedError.
"""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from wgmesh.domain.values import Endpoint

# The largest datagram of an exchange, and a byte more, by which a longer one is known.
LONGEST = 1201


class Dialogue:
    """Each method raises OSError with the system's word where there is no way to `address`."""

    def __init__(self, connected: socket.socket, address: Endpoint) -> None:
        self._socket = connected
        self.address = address

    def say(self, datagram: bytes) -> None:
        """Send it; while the kernel looks for a neighbour that is not there, it takes no more than some fifty."""
        self._socket.settimeout(None)
        self._socket.send(datagram)

    def hear(self, until: float) -> Iterator[bytes]:
        """What comes from there until then, a moment on `time.monotonic`."""
        while (left := until - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                datagram = self._socket.recv(LONGEST)
            except TimeoutError:
                return
            yield datagram


@contextmanager
def dialogue(host: str, port: int) -> Iterator[Dialogue]:
    """Open one with the first address of the host that this machine has a way to; OSError where there is none."""
    with _connected(host, port) as link:
        ip = str(link.getpeername()[0])
        yield Dialogue(link, Endpoint(ip, port))


def _connected(host: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    for place, (family, kind, _, _, address) in enumerate(found, start=1):
        link = socket.socket(family, kind)
        try:
            link.connect(address)
        except OSError:
            link.close()
            if place == len(found):
                raise
        else:
            return link
    raise AssertionError("a resolver gives an address, or raises")
