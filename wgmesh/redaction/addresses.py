"""Pseudonyms of IP addresses: two that begin alike are given two that begin alike, for just as many bits.

Each bit is kept or turned by a secret function of the bits before it, as in Crypto-PAn (Xu, Fan, Ammar and Moon,
"Prefix-preserving IP address anonymization", 2002). What a range means stays: up to the end of a special range, and
wherever an address could still fall into one, no bit is turned. So what was private is private, what was link-local is
link-local, and what was neither is not in such a range now.
"""

import hashlib
import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Ranges in which wgmesh, the system or a reader sees more than an address (IANA's special-purpose registries).
SPECIAL: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
        "224.0.0.0/4", "240.0.0.0/4", "::ffff:0:0/96", "64:ff9b::/96", "2000::/3", "fc00::/8", "fd00::/8", "fe80::/10",
        "fe80::/64", "ff00::/8",
    )
)  # fmt: skip
# Of these the whole address is what it means: any, loopback, the groups that everybody knows, broadcast.
WELL_KNOWN: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in ("0.0.0.0/32", "127.0.0.1/32", "224.0.0.0/24", "255.255.255.255/32", "::/128", "::1/128", "ff02::/112")
)
# The bits behind which another one decides for or against such a range: (version, how many, the bits).
_DECIDING = {
    (network.version, place, int(network.network_address) >> (network.max_prefixlen - place)): True
    for network in (*SPECIAL, *WELL_KNOWN)
    for place in range(network.prefixlen)
}


def pseudonym(secret: bytes, address: Address) -> Address:
    """The address that stands for this one under a secret of 32 bytes."""
    bits, width = int(address), address.max_prefixlen
    turned = 0
    for place in range(width):
        bit = bits >> (width - 1 - place) & 1
        before = bits >> (width - place)
        turned = turned << 1 | (bit ^ _turn(secret, address.version, place, before))
    return type(address)(turned)


def is_well_known(address: Address) -> bool:
    """Whether the address tells nothing of anybody, and stands for itself."""
    return any(address in network for network in WELL_KNOWN)


def says_nothing(network: Network) -> bool:
    """Whether all bits of the network are those of a special range, so that it stands for itself: 10.0.0.0/8."""
    bits, width = int(network.network_address), network.max_prefixlen
    return all((network.version, place, bits >> (width - place)) in _DECIDING for place in range(network.prefixlen))


def _turn(secret: bytes, version: int, place: int, before: int) -> int:
    """1 if the bit behind these is to be turned."""
    if (version, place, before) in _DECIDING:
        return 0
    text = bytes([version, place]) + before.to_bytes(16)
    return hashlib.blake2b(text, key=secret, digest_size=1, person=b"wgmesh-address").digest()[0] & 1
