"""Who speaks inside a tunnel: cryptokey routing makes a mesh address the name of one peer, so nobody signs there.

Each member is heard 20 times a second and no oftener: what one says more is dropped before it costs an opened seal.
"""

from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import Peer
from wgmesh.domain.session import Bucket
from wgmesh.domain.values import SECOND

# Datagrams of one member that are opened: so many a second, and so many at once (threats: a flood by one member).
WORDS_A_SECOND = 20
WORDS_AT_ONCE = 40


class Tellers:
    """The present peers by their mesh addresses, and what each may still say."""

    def __init__(self) -> None:
        self._peers: dict[bytes, Peer] | None = None
        self._by_address: dict[str, bytes] = {}
        self._buckets: dict[bytes, Bucket] = {}

    def find(self, mesh: Mesh, address: str) -> bytes | None:
        """The identity of the peer whose traffic comes from this mesh address; None if it is nobody's."""
        if self._peers is not mesh.peers:
            present = mesh.present_peers
            self._by_address = mesh.routed | {peer.ipv6: peer.identity for peer in present}
            self._buckets = {p.identity: self._buckets[p.identity] for p in present if p.identity in self._buckets}
            self._peers = mesh.peers
        return self._by_address.get(address)

    def may_speak(self, identity: bytes, now: int) -> bool:
        """Take one word out of its bucket, which refills with time (`now`: ms on `awake`)."""
        full = WORDS_AT_ONCE * SECOND
        bucket = self._buckets.get(identity, Bucket(full, now))
        tokens = min(full, bucket.tokens + (now - bucket.counted) * WORDS_A_SECOND)
        allowed = tokens >= SECOND
        self._buckets[identity] = Bucket(tokens - SECOND if allowed else tokens, now)
        return allowed
