"""UDP sockets that never raise into a layer: what cannot be sent is told as a reason, what cannot be read is not there.

Sockets are plain and non-blocking: a layer waits with `anyio.wait_readable` and then drains, which costs a sixth of
what a stream of single reads costs. Each socket of a LAN is bound to one device, so it says truly on which interface a
datagram came, it needs no default route, and what another interface hears never reaches it.
"""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from msgspec import Struct

from wgmesh.domain.envelope import Layer
from wgmesh.domain.values import Endpoint

# What one wake-up reads at most: a flood on one socket holds the loop for two milliseconds and not for good.
TURN = 512
# Nobody may send us more than 1200 bytes (the largest datagram); one byte more shows that it was too long.
READ_BYTES = 1201
# 900 datagrams of 1200 bytes as the kernel counts them: a burst of a hundred starting nodes is not lost.
RECEIVE_BUFFER_BYTES = 1024 * 1024
# Only a sender on this link can make a hop limit of 255 arrive (RFC 5082).
ON_LINK_HOPS = 255

# Linux's numbers from <linux/in.h>, <linux/in6.h> and <asm/socket.h>, which Python's socket module leaves out.
IP_PKTINFO = 8
IPV6_RECVPKTINFO = 49
IPV6_PKTINFO = 50
IP_MULTICAST_ALL = 49
IPV6_MULTICAST_ALL = 29
SO_RCVBUFFORCE = 33

# struct in6_pktinfo, the largest thing that a socket here asks to be told of a datagram.
PKTINFO_BYTES = 20

Ancillary = list[tuple[int, int, bytes]]


class Datagram(Struct, frozen=True):
    """What a socket heard: the layer and the interface it came through, who sent it from where, and its bytes.

    "port" is no layer: it is what came to WireGuard's own port and is not WireGuard's.
    """

    layer: Layer | Literal["port"]
    interface: str
    sender: Endpoint
    data: bytes


def own_socket(interface: str, family: socket.AddressFamily) -> socket.socket:
    """A socket on an ephemeral port of this interface, for what it says and the answers to it; OSError if it cannot."""
    with _device_socket(interface, family) as opened:
        if family == socket.AF_INET:
            opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        else:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, ON_LINK_HOPS)
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ON_LINK_HOPS)
        opened.bind(("", 0))
        return opened


def group_socket(interface: str, index: int, family: socket.AddressFamily, group: str, port: int) -> socket.socket:
    """A socket that hears one multicast group and port on this interface alone; OSError if it cannot.

    The port is shared with others that say so too, since several meshes live on a host.
    """
    with _device_socket(interface, family) as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET:
            # struct ip_mreqn: group, no local address, interface
            joined = struct.pack("@4s4xi", socket.inet_aton(group), index)
            opened.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
        else:
            # struct ipv6_mreq: group, interface
            joined = struct.pack("@16sI", socket.inet_pton(family, group), index)
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, joined)
        opened.bind((group, port))
        return opened


def tunnel_socket(interface: str, family: socket.AddressFamily, port: int) -> socket.socket:
    """A socket on this port of one interface alone, whatever its addresses; OSError if it cannot.

    The same port may serve the other interfaces: who binds it there says that it shares it, too.
    """
    with _device_socket(interface, family) as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(("", port))
        return opened


def port_socket(family: socket.AddressFamily, port: int) -> socket.socket:
    """A socket on this port of every address, which is told at which one it was spoken to; OSError if it cannot.

    The port may be shared with a socket that is bound to one device and says so too, as that of gossip does.
    """
    opened = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET:
            opened.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        else:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            opened.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
        _widen(opened)
        opened.bind(("", port))
    except OSError:
        opened.close()
        raise
    return opened


@contextmanager
def _device_socket(interface: str, family: socket.AddressFamily) -> Iterator[socket.socket]:
    """A socket that is only this interface's, for the block to finish; closed if the block fails."""
    opened = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        # Needs no privilege since Linux 5.7, as long as the socket is not bound to a device yet.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        # Only groups that this socket joined itself; by default Linux adds those that any process of the host joined.
        if family == socket.AF_INET:
            opened.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, 0)
        else:
            opened.setsockopt(socket.IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0)
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        _widen(opened)
        yield opened
    except OSError:
        opened.close()
        raise


def _widen(opened: socket.socket) -> None:
    try:
        opened.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
    except PermissionError:  # without CAP_NET_ADMIN the system's own limit (net.core.rmem_max) holds
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)


def arrivals(opened: socket.socket, limit: int = TURN) -> Iterator[tuple[bytes, Ancillary, Any]]:
    """What waits at the socket, at most `limit`: bytes (cut after READ_BYTES), ancillary data, the sender's address."""
    space = socket.CMSG_SPACE(PKTINFO_BYTES)
    receive = opened.recvmsg
    for _ in range(limit):
        try:
            data, ancillary, _, sender = receive(READ_BYTES, space)
        except OSError:  # nothing more, or the network is gone: either way there is nothing to hand on
            return
        yield data, ancillary, sender


def hops(ancillary: Ancillary) -> int:
    """The hop limit with which an IPv6 datagram arrived, the one thing that we ask to be told; -1 if we were not."""
    return int(struct.unpack("@i", ancillary[0][2])[0]) if ancillary else -1


def send(opened: socket.socket, data: bytes, address: Any, source: str = "") -> str | None:
    """Send a datagram, from this address of ours if one is named; None, or the reason why it did not leave.

    Full buffers, no route, a firewall's refusal, a datagram too long for the link, an interface that has gone: each
    is the network's weather, and whoever sends says the same again later.
    """
    ancillary = [_source(opened.family, source)] if source else []
    try:
        opened.sendmsg([data], ancillary, 0, address)
    except OSError as error:
        return error.strerror or str(error)
    return None


def _source(family: int, source: str) -> tuple[int, int, bytes]:
    """The ancillary data that makes a datagram leave from this address, by the interface that routes choose."""
    if family == socket.AF_INET:
        # struct in_pktinfo: no interface, the source, an unused destination
        return socket.IPPROTO_IP, IP_PKTINFO, struct.pack("@i4s4x", 0, socket.inet_aton(source))
    # struct in6_pktinfo: the source, no interface
    return socket.IPPROTO_IPV6, IPV6_PKTINFO, struct.pack("@16si", socket.inet_pton(family, source), 0)
