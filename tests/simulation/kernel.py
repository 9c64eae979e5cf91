"""What a machine's system does with packets inside the tunnels, whether a daemon runs on it or not.

Its rule is WireGuard's: a packet is taken only from the peer that has its source among the allowed IPs, and goes only
to the peer that has its target there. Echoes, and ports where nobody listens, are answered by the system itself.
"""

from collections.abc import Callable

from tests.simulation import device as twin
from tests.simulation.gates import Gates
from tests.simulation.marks import sometimes
from tests.simulation.network import Frame
from tests.simulation.packets import Data, Initiation, Inner, Response
from tests.simulation.wireguard import WireGuard
from wgmesh.domain.values import Endpoint

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

    def __init__(self, wireguard: WireGuard, beside: WireGuard | None = None) -> None:
        self._wireguard = wireguard
        self._beside = beside
        self.gates = Gates()
        self.listener: Listener = nobody
        self.on_echo: Callable[[str], None] = lambda address: None
        self.on_answer: Callable[[str], None] = lambda address: None  # of whoever pings

    def send(self, target: str, port: int, data: bytes) -> None:
        """A datagram to a mesh address, from a socket that is bound to the first interface."""
        self._emit(self._wireguard, target, port, HEADERS + len(data), data)

    def send_packet(self, from_port: int, target: str, port: int, size: int, packet: object) -> None:
        """A packet of WireGuard on its way to a relay or from it, by the first interface."""
        self._emit(self._wireguard, target, port, HEADERS + size, packet, from_port)

    def echo(self, target: str) -> None:
        """Ask the system at a mesh address whether it is there, by the first interface."""
        self._emit(self._wireguard, target, 0, ECHO_BYTES, ECHO)

    def ping(self, target: str) -> None:
        """Ask it by whichever interface the routes lead to, as a person does."""
        self._route(target, 0, ECHO_BYTES, ECHO)

    def nudge(self, target: str) -> None:
        """Something to a port where nobody listens."""
        self._route(target, DISCARD, HEADERS, b"")

    def deliver(self, public_key: bytes, inner: Inner, beside: bool = False) -> None:
        """A packet came out of a tunnel; `beside`: of the second interface."""
        device = self._beside.device if beside and self._beside else self._wireguard.device
        peer = twin.find(device, public_key) if device else None
        if device is None or peer is None:
            return
        if _host(inner.source) not in peer.allowed_ips:
            return
        if inner.target not in _addresses(device.addresses):
            return
        if isinstance(inner.content, Initiation | Response | Data):
            self._take(inner)
        elif isinstance(inner.content, bytes):
            if beside or not self.listener(inner.source, inner.port, inner.content):
                self._route(inner.source, 0, HEADERS + inner.size, UNREACHABLE)
        elif inner.content == ECHO:
            sometimes("echo_answered")
            self._route(inner.source, 0, inner.size, ECHOED)
        elif inner.content == ECHOED:
            self.on_echo(inner.source)
            self.on_answer(inner.source)

    def _take(self, inner: Inner) -> None:
        """For our own second interface, or for somebody whom we relay to."""
        there = Endpoint(inner.source, inner.from_port)
        if self._beside and self._beside.device and inner.port == self._beside.device.listen_port:
            size = inner.size - HEADERS
            self._beside.hear(Frame(there, Endpoint(inner.target, inner.port), size, inner.content))
        elif way := self.gates.way(there, inner.port):
            gate, to = way
            self._emit(self._wireguard, to.ip, to.port, inner.size, inner.content, gate)

    def _route(self, target: str, port: int, size: int, content: object) -> None:
        """By the second interface where a host route leads there, else by the first."""
        beside = self._beside.device if self._beside else None
        leads_beside = beside is not None and beside.up and _host(target) in beside.routes
        self._emit(self._beside if leads_beside and self._beside else self._wireguard, target, port, size, content)

    def _emit(self, by: WireGuard, target: str, port: int, size: int, content: object, from_port: int = 0) -> None:
        """From our own address of that family."""
        for source in _addresses(by.device.addresses) if by.device and by.device.up else ():
            if (":" in source) == (":" in target):
                by.route(Inner(source, target, port, size, content, from_port))
                return


def _addresses(prefixes: tuple[str, ...]) -> list[str]:
    return [prefix.partition("/")[0] for prefix in prefixes]


def _host(address: str) -> str:
    return f"{address}/{128 if ':' in address else 32}"
