"""What all nodes of a mesh must agree on before they agree on anything else; none of it is secret.

Mesh addresses come from here and from a node's own key alone, so they never move: the parameters of the founding
secret are carried along when the secret changes.
"""

import hashlib
import ipaddress
from functools import lru_cache

from msgspec import Struct

FINGERPRINT_LABEL = b"wgmesh-parameters-v1"
NONCES = 256


class Parameters(Struct, frozen=True):
    """`network`: the mesh's IPv4 range (`10.49.0.0/16`); `ipv6_prefix`: the first 8 bytes of every mesh IPv6 address.

    `address_key`: 16 bytes that spread nodes over both; `owner`: Ed25519 public key of the mesh's owner, or nothing.
    """

    network: str
    ipv6_prefix: bytes
    address_key: bytes
    owner: bytes = b""


def fingerprint(parameters: Parameters) -> bytes:
    """8 bytes that stand for the parameters in every record and signature."""
    network = ipaddress.IPv4Network(parameters.network)
    return hashlib.sha256(
        FINGERPRINT_LABEL
        + network.network_address.packed
        + bytes([network.prefixlen])
        + parameters.ipv6_prefix
        + parameters.address_key
        + (parameters.owner or bytes(32))
    ).digest()[:8]


def ipv4_of(parameters: Parameters, public_key: bytes, nonce: int) -> str:
    """The mesh IPv4 address of a WireGuard key; `nonce` 0 to 255, raised by its owner when another has the address."""
    first, hosts = _hosts(parameters.network)
    digest = hashlib.sha256(parameters.address_key + public_key + bytes([nonce])).digest()
    return str(ipaddress.IPv4Address(first + int.from_bytes(digest[:8], "big") % hosts))


def ipv6_of(parameters: Parameters, public_key: bytes) -> str:
    """The mesh IPv6 address of a WireGuard key; it has no nonce, so nobody can take it over in less than 2^64 keys."""
    digest = hashlib.sha256(parameters.address_key + public_key + b"6").digest()
    return str(ipaddress.IPv6Address(parameters.ipv6_prefix + digest[:8]))


@lru_cache(maxsize=8)
def network_ipv6(parameters: Parameters) -> str:
    """The mesh's IPv6 range, `fd…::/64`."""
    return str(ipaddress.IPv6Network((parameters.ipv6_prefix + bytes(8), 64)))


@lru_cache(maxsize=8)  # a node has one range; reading it from text costs more than the rest of a derivation
def _hosts(network: str) -> tuple[int, int]:
    """The first address a node may have, and how many there are: all but the network's own and broadcast."""
    range_ = ipaddress.IPv4Network(network)
    return int(range_.network_address) + 1, range_.num_addresses - 2
