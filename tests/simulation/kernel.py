"""What a machine's system does with packets inside the tunnels, whether a daemon runs on it or not.

Its rule is WireGuard's: a packet is taken only from the peer that has its source among the allowed IPs, and goes only
to the peer that has its target there. Echoes, and ports where nobody listens, are answered by the system itself.
"""

from collections.abc import Callable

from tests.simulation import device as twin
from tests.simulation.marks import sometimes
from tests.simulation.packets import Inner
from tests.simulation.wireguard import WireGuard

# What one system says to another: an echo request, its answer, and that nobody listens there.
ECHO, ECHOED, UNREACHABLE = "echo", "echoed", "unreachable"
# IPv6 and ICMP, or IPv6 and UDP, are 48 bytes; an echo carries 8, a complaint repeats what it complains of.
HEADERS = 48
ECHO_BYTES = HEADERS + 8
# RFC 863: a port at which nobody listens.
DISCARD = 9

# Whoever listens: whence a datagram came, to which port, and its bytes. False if nobody has that port.
Listener = Callable[[str, int, bytes], bool]


def nobody(source: str, port: int, data: bytes) -> bool:
    """No daemon runs."""
    return False


class Kernel:
    """Packets of one device. `listener` and `on_echo` are the daemon's, while one runs."""

    def __init__(self, wireguard: WireGuard) -> None:
        self._wireguard = wireguard
        self.listener: Listener = nobody
        self.on_echo: Callable[[str], None] = lambda address: None

    def send(self, target: str, port: int, data: bytes) -> None:
        """A datagram to a mesh address."""
        self._route(target, port, HEADERS + len(data), data)

    def echo(self, target: str) -> None:
        """Ask the system at a mesh address whether it is there."""
        self._route(target, 0, ECHO_BYTES, ECHO)

    def nudge(self, target: str) -> None:
        """Something to a port where nobody listens."""
        self._route(target, DISCARD, HEADERS, b"")

    def deliver(self, public_key: bytes, inner: Inner) -> None:
        """A packet came out of a tunnel."""
        device = self._wireguard.device
        peer = twin.find(device, public_key) if device else None
        if device is None or peer is None:
            return
        if _host(inner.source) not in peer.allowed_ips:
            return
        if inner.target not in _addresses(device.addresses):
            return
        if isinstance(inner.content, bytes):
            if not self.listener(inner.source, inner.port, inner.content):
                self._route(inner.source, 0, HEADERS + inner.size, UNREACHABLE)
        elif inner.content == ECHO:
            sometimes("echo_answered")
            self._route(inner.source, 0, inner.size, ECHOED)
        elif inner.content == ECHOED:
            self.on_echo(inner.source)

    def _route(self, target: str, port: int, size: int, content: bytes | str) -> None:
        """From our own address of that family."""
        device = self._wireguard.device
        for source in _addresses(device.addresses) if device and device.up else ():
            if (":" in source) == (":" in target):
                self._wireguard.route(Inner(source, target, port, size, content))
                return


def _addresses(prefixes: tuple[str, ...]) -> list[str]:
    return [prefix.partition("/")[0] for prefix in prefixes]


def _host(address: str) -> str:
    return f"{address}/{128 if ':' in address else 32}"
