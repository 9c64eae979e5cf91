"""Which sockets an interface calls for, and as whom they speak: a pure function of its addresses."""

import socket
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

from msgspec import Struct

from wgmesh.domain.values import Interface, network_of

FAMILIES = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6"}
# More IPv4 networks on one link than this are not a LAN that grew but somebody's list of addresses.
SOURCES = 8


class Seat(Struct, frozen=True):
    """A socket that an interface calls for: to hear the group, or to speak and be answered."""

    interface: str
    index: int
    family: socket.AddressFamily
    role: Literal["group", "own"]


def seats(interface: Interface) -> tuple[Seat, ...]:
    """The sockets of an interface: two for each family in which it has an address."""
    families = [family for family in FAMILIES if prefixes(interface, family)]
    roles: tuple[Literal["group", "own"], ...] = ("group", "own")
    return tuple(Seat(interface.name, interface.index, family, role) for family in families for role in roles)


def sources(interface: Interface, family: socket.AddressFamily) -> tuple[str, ...]:
    """The addresses that announcements come from; an empty one leaves the choice to the kernel.

    Who hears us answers only a source in a network of its own, so we speak once from each IPv4 network. Over IPv6 the
    kernel takes the link-local address, and that network is everybody's.
    """
    if family == socket.AF_INET6:
        return ("",)
    first_in: dict[IPv4Network | IPv6Network, str] = {}
    for prefix in prefixes(interface, family):
        first_in.setdefault(network_of(prefix), prefix.partition("/")[0])
    return tuple(first_in.values())[:SOURCES]


def prefixes(interface: Interface, family: socket.AddressFamily) -> tuple[str, ...]:
    """The addresses of an interface in one family, with their prefix lengths."""
    return tuple(prefix for prefix in interface.prefixes if (":" in prefix) == (family == socket.AF_INET6))
