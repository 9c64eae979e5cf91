"""A bare netlink socket as a wake-up: it says that something changed, and whoever wants to know what asks again.

What it tells comes after the fact, so a reader drains first and then reads: nothing is missed, at worst read twice.
"""

import errno
import socket
import struct
import sys

# rtnetlink.h: multicast groups as bits.
LINKS = 0x1
ADDRESSES = 0x10 | 0x100
ROUTES = 0x40 | 0x400
# Switches of IPv4 such as rp_filter (RTNLGRP_IPV4_NETCONF).
SWITCHES = 0x800000

_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port
_INDEX = struct.Struct("=4xi")  # where both ifinfomsg and ifaddrmsg have the index of their interface
_ATTRIBUTE = struct.Struct("=HH")
_ROUTE_HEADER_BYTES = 12  # struct rtmsg
_RTA_OIF = 4
_LINK_OR_ADDRESS = range(16, 22)  # RTM_NEWLINK … RTM_DELADDR
_ROUTE = (24, 25)  # RTM_NEWROUTE, RTM_DELROUTE
_SWITCH_HEADER_BYTES = 4  # struct netconfmsg, padded
_NETCONFA_IFINDEX = 1
_SWITCH = 80  # RTM_NEWNETCONF

# In place of an index: of all interfaces (NETCONFA_IFINDEX_ALL).
ANY = -1

# At most so many datagrams a call, so that a storm of routes cannot keep us here: what is left wakes again.
DRAIN_LIMIT = 1000
DATAGRAM_BYTES = 65536


class Watch:
    """Readable when something was said in one of the groups. One reader each: who else wants to know opens another."""

    def __init__(self, groups: int = LINKS | ADDRESSES) -> None:
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        self._socket = socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
        self._socket.bind((0, groups))

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._socket.fileno()

    def drain(self) -> tuple[int, ...] | None:
        """The indexes of the interfaces that something was said of, sorted; None if it may be any of them."""
        seen: set[int] = set()
        for _ in range(DRAIN_LIMIT):
            try:
                seen.update(interfaces_in(self._socket.recv(DATAGRAM_BYTES)))
            except BlockingIOError:
                return None if ANY in seen else tuple(sorted(seen))
            except OSError as error:
                # The kernel had more to say than the socket held.
                if error.errno != errno.ENOBUFS:
                    raise
                return None
        return None

    def close(self) -> None:
        """Hear no more."""
        self._socket.close()


def interfaces_in(datagram: bytes) -> list[int]:
    """The interfaces that the messages of a datagram are about, one or none each; ANY may be among them."""
    found, at = [], 0
    while at + _HEADER.size <= len(datagram):
        length, kind, *_ = _HEADER.unpack_from(datagram, at)
        body = datagram[at + _HEADER.size : at + length]
        if kind in _LINK_OR_ADDRESS and len(body) >= _INDEX.size:
            found.append(_INDEX.unpack_from(body)[0])
        elif kind in _ROUTE:
            found += _number(body, _ROUTE_HEADER_BYTES, _RTA_OIF)
        elif kind == _SWITCH:
            found += _number(body, _SWITCH_HEADER_BYTES, _NETCONFA_IFINDEX)
        at += _aligned(max(length, _HEADER.size))
    return found


def _number(body: bytes, header_bytes: int, wanted: int) -> list[int]:
    at = header_bytes
    while at + _ATTRIBUTE.size <= len(body):
        length, kind = _ATTRIBUTE.unpack_from(body, at)
        if kind == wanted and length == _ATTRIBUTE.size + 4:
            return [int.from_bytes(body[at + _ATTRIBUTE.size : at + length], sys.byteorder, signed=True)]
        at += _aligned(max(length, _ATTRIBUTE.size))
    return []


def _aligned(length: int) -> int:
    return (length + 3) & ~3
