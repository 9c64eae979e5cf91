"""What of the noise is worth opening: to find out costs a microsecond, to open a sealed datagram costs four.

Anybody on the link can send; whatever arrives, nothing here keeps more than twice REMEMBERED numbers.
"""

import socket

from wgmesh.adapters.lan.seats import FAMILIES, Seat, prefixes
from wgmesh.adapters.udp import ON_LINK_HOPS, Ancillary, hops
from wgmesh.domain.values import SECOND, Interface, network_of

# The only lengths that a datagram has outside tunnels.
SIZES = (256, 512, 1200)
# Our own IPv4 and IPv6 pair and bridges repeat a datagram within milliseconds; a nonce never repeats.
REPEAT_MS = SECOND
# How many datagrams are remembered for that long: a thousand nodes that speak four times a second; 0.5 MB in all.
REMEMBERED = 4096

_IPV6_LINK_LOCAL = (0xFE80 << 112, 0xFFC0 << 112)  # fe80::/10 as network and mask


class Sieve:
    """Judges datagrams by size, hops and source, cheapest first, and remembers what it has seen."""

    def __init__(self) -> None:
        self._links: dict[tuple[str, socket.AddressFamily], tuple[tuple[int, int], ...]] = {}
        self._heard: set[int] = set()
        self._heard_before: set[int] = set()
        self._turned_ms = 0

    def follow(self, interfaces: tuple[Interface, ...]) -> None:
        """On link are from now on the networks of these interfaces, and IPv6 link-local addresses."""
        self._links = {(each.name, family): _links(each, family) for each in interfaces for family in FAMILIES}

    def fault(self, seat: Seat, data: bytes, ancillary: Ancillary, source: str) -> str | None:
        """What is wrong with a datagram from this address: `size`, `hops` or `off-link`; None if nothing."""
        if len(data) not in SIZES:
            return "size"
        if seat.family == socket.AF_INET6 and hops(ancillary) != ON_LINK_HOPS:
            return "hops"
        address = int.from_bytes(socket.inet_pton(seat.family, source), "big")
        for network, mask in self._links[seat.interface, seat.family]:
            if address & mask == network:
                return None
        return "off-link"

    def repeats(self, data: bytes, awake_ms: int) -> bool:
        """Whether these very bytes were heard within REPEAT_MS; from now on they were. `awake_ms` is a steady clock.

        No fault of anybody: the IPv4 and IPv6 pair of each announcement ends here. What is older than REPEAT_MS may
        be remembered once as long again; in a flood of more than REMEMBERED the oldest are forgotten earlier.
        """
        age_ms = awake_ms - self._turned_ms
        if age_ms >= REPEAT_MS or len(self._heard) >= REMEMBERED:
            self._heard_before = self._heard if age_ms < 2 * REPEAT_MS else set()
            self._heard, self._turned_ms = set(), awake_ms
        digest = hash(data)  # keyed anew in every process, so nobody can aim at another's datagram
        if digest in self._heard or digest in self._heard_before:
            return True
        self._heard.add(digest)
        return False


def _links(interface: Interface, family: socket.AddressFamily) -> tuple[tuple[int, int], ...]:
    networks = [network_of(prefix) for prefix in prefixes(interface, family)]
    links = [(int(network.network_address), int(network.netmask)) for network in networks]
    return (*([_IPV6_LINK_LOCAL] if family == socket.AF_INET6 else []), *links)
