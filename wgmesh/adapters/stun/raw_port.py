"""Speak from a UDP port that WireGuard owns: a raw socket that sends from it, and hears only what is STUN on it.

The kernel hands a raw socket a copy of every UDP packet that passed the firewall; a filter in the kernel keeps all but
those to our port with STUN's magic cookie from ever waking us (without it, 40,000 packets in 4 s of traffic). WireGuard
gets its own copy of those, and drops them: their first byte is no message of its. Needs CAP_NET_RAW.
"""

import ctypes
import socket
import struct
from collections.abc import Iterator
from contextlib import closing

from wgmesh.domain.stun import MAGIC
from wgmesh.domain.values import Endpoint

# Linux's numbers from <asm/socket.h> and <linux/in6.h>, which Python's socket module leaves out.
SO_ATTACH_FILTER = 26
IPV6_CHECKSUM = 7
UDP_HEADER_BYTES = 8
CHECKSUM_OFFSET = 6
READ_BYTES = 2048
# Answers that one wake-up reads at most.
TURN = 64

# Classic BPF (<linux/filter.h>): (code, jump if true, jump if false, operand).
_LDH_ABS, _LD_ABS, _LDXB_MSH, _LDH_IND, _LD_IND = 0x28, 0x20, 0xB1, 0x48, 0x40
_JSET, _JEQ, _RET = 0x45, 0x15, 0x06
_WHOLE = 65535
_Program = list[tuple[int, int, int, int]]


def ipv4_filter(port: int) -> _Program:
    """Offset 0 is the IP header: no fragment, to our port, with the cookie."""
    return [
        (_LDH_ABS, 0, 0, 6),
        (_JSET, 6, 0, 0x1FFF),
        (_LDXB_MSH, 0, 0, 0),
        (_LDH_IND, 0, 0, 2),
        (_JEQ, 0, 3, port),
        (_LD_IND, 0, 0, 12),
        (_JEQ, 0, 1, MAGIC),
        (_RET, 0, 0, _WHOLE),
        (_RET, 0, 0, 0),
    ]


def ipv6_filter(port: int) -> _Program:
    """Offset 0 is the UDP header."""
    return [
        (_LDH_ABS, 0, 0, 2),
        (_JEQ, 0, 3, port),
        (_LD_ABS, 0, 0, 12),
        (_JEQ, 0, 1, MAGIC),
        (_RET, 0, 0, _WHOLE),
        (_RET, 0, 0, 0),
    ]


class RawPort:
    """One family's raw socket for a local UDP port. Opening raises OSError without CAP_NET_RAW or the family."""

    def __init__(self, family: socket.AddressFamily, port: int) -> None:
        self.family = family
        self._port = port
        self._socket = socket.socket(family, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.IPPROTO_UDP)
        try:
            self._attach(ipv4_filter(port) if family == socket.AF_INET else ipv6_filter(port))
            if family == socket.AF_INET6:
                self._socket.setsockopt(socket.IPPROTO_IPV6, IPV6_CHECKSUM, CHECKSUM_OFFSET)
        except OSError:
            self._socket.close()
            raise
        for _ in self.arrivals():  # what came between the socket and its filter
            pass

    def fileno(self) -> int:
        """For whoever waits until it can be read."""
        return self._socket.fileno()

    def close(self) -> None:
        """Stop hearing."""
        self._socket.close()

    def send(self, to: Endpoint, payload: bytes) -> str | None:
        """Send from the port; None, or the reason why it did not leave."""
        header = struct.pack("!HHHH", self._port, to.port, UDP_HEADER_BYTES + len(payload), 0)
        try:
            if self.family == socket.AF_INET:
                header = header[:CHECKSUM_OFFSET] + _checksum(_source(to), to, header + payload)
            self._socket.sendto(header + payload, (to.ip, 0))
        except OSError as error:
            return error.strerror or str(error)
        return None

    def arrivals(self) -> Iterator[tuple[bytes, Endpoint]]:
        """What waits: payload and sender, at most a turn's worth."""
        for _ in range(TURN):
            try:
                packet, (ip, *_) = self._socket.recvfrom(READ_BYTES)
            except OSError:  # nothing more, or the network is gone: either way there is nothing to hand on
                return
            datagram = packet[(packet[0] & 0xF) * 4 :] if self.family == socket.AF_INET else packet
            yield datagram[UDP_HEADER_BYTES:], Endpoint(str(ip), int.from_bytes(datagram[:2]))

    def _attach(self, program: _Program) -> None:
        code = b"".join(struct.pack("@HBBI", *instruction) for instruction in program)
        # struct sock_fprog points at the instructions: the buffer has to live until the call returns
        buffer = ctypes.create_string_buffer(code, len(code))
        option = struct.pack("@HP", len(program), ctypes.addressof(buffer))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, option)


def _source(to: Endpoint) -> str:
    """The address from which the kernel would send there; nothing is sent for it."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        probe.connect((to.ip, to.port))
        return str(probe.getsockname()[0])


def _checksum(source: str, to: Endpoint, datagram: bytes) -> bytes:
    """UDP's checksum over IPv4 (RFC 768): the pseudo header, then the datagram with zeros in its place."""
    pseudo = (
        socket.inet_aton(source) + socket.inet_aton(to.ip) + struct.pack("!BBH", 0, socket.IPPROTO_UDP, len(datagram))
    )
    data = pseudo + datagram + bytes(len(datagram) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return (~total & 0xFFFF or 0xFFFF).to_bytes(2)
