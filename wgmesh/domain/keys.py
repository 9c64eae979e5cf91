"""Every key, id, port and address range that is derived from a secret; nothing else reads its payload.

HKDF is RFC 5869 with SHA-256, without salt; the key material is the payload's bytes, the info is the label.
"""

import hashlib
import hmac
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct

from wgmesh.domain.parameters import Parameters
from wgmesh.domain.secret import Secret

# The first of 1,000 ports for exchange and gossip; the DHT's is one above. Neither may be that of LAN announcements.
FIRST_GOSSIP_PORT = 51821
GOSSIP_PORTS = 1000
LAN_PORT = 51830


class Keys(Struct, frozen=True):
    """What a secret gives; its `repr` shows none of it. Keys are 32 bytes.

    `network_id` (20 bytes) names the mesh on this machine and is never sent; `gossip_key` belongs to v1 datagrams,
    which are neither opened nor sent; `envelope_key` seals datagrams; `psk` is WireGuard's; `multicast_group` is an
    IPv4 address; `rendezvous_title` is that of the registry's entry; `epoch_seed` chooses relays; `probe_key` hides
    who probes a way; `material` is the secret itself, from which each hour has its infohash.
    """

    network_id: bytes
    gossip_key: bytes
    envelope_key: bytes
    psk: bytes
    gossip_port: int
    multicast_group: str
    membership_key: bytes
    epoch_seed: bytes
    rendezvous_title: str
    probe_key: bytes
    material: bytes

    def infohash(self, hour: int) -> bytes:
        """20 bytes under which the mesh meets in the DHT in this hour since 1970; unpredictable without the secret."""
        return hashlib.sha256(self.material + f"||{hour}".encode()).digest()[:20]

    def __repr__(self) -> str:
        return "Keys()"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """For tracebacks that print local variables: nothing."""
        return []


def derive(secret: Secret) -> Keys:
    """All keys of a secret; about 25 µs."""
    material = _material(secret)
    group = _hkdf(secret, "wgmesh-mcast-v1", 4)
    return Keys(
        network_id=hashlib.sha256(material).digest()[:20],
        gossip_key=_hkdf(secret, "wgmesh-gossip-v1", 32),
        envelope_key=_hkdf(secret, "wgmesh-envelope-v2", 32),
        psk=_hkdf(secret, "wgmesh-wg-psk-v1", 32),
        gossip_port=_gossip_port(_hkdf(secret, "wgmesh-gossip-port-v1", 2)),
        multicast_group=f"239.192.{group[0]}.{group[1]}",
        membership_key=_hkdf(secret, "wgmesh-membership-v1", 32),
        epoch_seed=_hkdf(secret, "wgmesh-epoch-v1", 32),
        rendezvous_title=f"wgmesh-{hashlib.sha256(material + b'rv').hexdigest()[:16]}",
        probe_key=_hkdf(secret, "wgmesh-probe-v1", 32),
        material=material,
    )


def mesh_parameter(secret: Secret) -> bytes:
    """26 bytes that a rotation carries over to keep addresses: subnet (2) ‖ IPv6 prefix (8) ‖ address key (16)."""
    return secret.mesh or (
        _hkdf(secret, "wgmesh-subnet-v1", 2)
        + b"\xfd"
        + _hkdf(secret, "wgmesh-ipv6-prefix-v1", 7)
        + _hkdf(secret, "wgmesh-address-v2", 16)
    )


def parameters(secret: Secret) -> Parameters:
    """What all nodes of the mesh must agree on: from the URI where it says so, else derived."""
    mesh = mesh_parameter(secret)
    return Parameters(secret.subnet or f"10.{mesh[0]}.0.0/16", mesh[2:10], mesh[10:], secret.owner)


def token(membership_key: bytes, identity: bytes, public_key: bytes, hour: int) -> bytes:
    """32 bytes that prove the secret in this hour since 1970; who one is, only a signature proves."""
    return hmac.digest(membership_key, identity + public_key + str(hour).encode(), "sha256")


def token_hour(membership_key: bytes, identity: bytes, public_key: bytes, hour: int, candidate: bytes) -> int | None:
    """For which of the last, this and the next hour the token is right, if for any; in constant time."""
    hours = (hour - 1, hour, hour + 1)
    right = [hmac.compare_digest(token(membership_key, identity, public_key, each), candidate) for each in hours]
    return hours[right.index(True)] if any(right) else None


def pair_key(probe_key: bytes, private_key: bytes, public_key: bytes) -> bytes:
    """32 bytes that two nodes of a mesh have in common and nobody else, a member neither; about 60 µs.

    It takes the secret and one of the two WireGuard private keys; `public_key` is that of the other side.
    """
    shared = X25519PrivateKey.from_private_bytes(private_key).exchange(X25519PublicKey.from_public_bytes(public_key))
    return hmac.digest(probe_key, shared, "sha256")


def _material(secret: Secret) -> bytes:
    return secret.payload.encode()


def _hkdf(secret: Secret, label: str, length: int) -> bytes:
    return HKDF(SHA256(), length, None, label.encode()).derive(_material(secret))


def _gossip_port(derived: bytes) -> int:
    port = FIRST_GOSSIP_PORT + int.from_bytes(derived, "big") % GOSSIP_PORTS
    return port + GOSSIP_PORTS if LAN_PORT in (port, port + 1) else port
