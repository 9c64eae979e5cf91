"""Probes from WireGuard's port to WireGuard's port: whose they are, and that nobody else made them.

The order is by cost: length, name (2 µs), then the pair's key, which is made once a peer (60 µs), and its integrity.
"""

from wgmesh.domain import path_probes
from wgmesh.domain.identity import wireguard_key
from wgmesh.domain.inputs import Probed, Reached
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import Peer
from wgmesh.domain.session import PEER_CAP, remember
from wgmesh.domain.stun import mapped, transaction_of
from wgmesh.domain.values import Endpoint, Incarnation
from wgmesh.node.keyring import Keyring


class PathProbes:
    """Makes and reads probes and their answers, for one node."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._pairs: dict[bytes, bytes] = {}
        self._peers: dict[bytes, Peer] | None = None
        self._names: dict[bytes, bytes] = {}
        self._sent = 0

    def request(self, mesh: Mesh, to: bytes, transaction: bytes) -> bytes:
        """A probe for the peer of this identity."""
        self._sent += 1
        counter = Incarnation(mesh.incarnation.boot, self._sent)
        probe_key = self._keyring.keys.probe_key
        return path_probes.request(probe_key, self._pair(to), transaction, mesh.identity, counter)

    def answer(self, to: bytes, transaction: bytes, seen: Endpoint) -> bytes:
        """The answer to a probe of this peer, which came from `seen`."""
        return path_probes.answer(self._pair(to), transaction, seen)

    def read_request(self, mesh: Mesh, sender: Endpoint, data: bytes) -> Probed | None:
        """A probe of a peer; None if it is none, or not for us."""
        named = path_probes.read_request(self._keyring.keys.probe_key, data)
        identity = self._named(mesh, named.name) if named else None
        if named is None or identity is None or not path_probes.is_authentic(self._pair(identity), data):
            return None
        return Probed(identity, sender, transaction_of(data), named.counter)

    def read_answer(self, identity: bytes, sender: Endpoint, data: bytes) -> Reached | None:
        """The answer of this peer, which we asked there; None if somebody else made it."""
        seen = mapped(data, transaction_of(data))
        if seen is None or not path_probes.is_authentic(self._pair(identity), data):
            return None
        return Reached(identity, sender, seen)

    def _pair(self, identity: bytes) -> bytes:
        known = self._pairs.get(identity)
        if known is None:
            known = self._keyring.pair_key(wireguard_key(identity))
            self._pairs = remember(self._pairs, identity, known, PEER_CAP)
        return known

    def _named(self, mesh: Mesh, name: bytes) -> bytes | None:
        if self._peers is not mesh.peers:
            self._names = {peer.identity[: path_probes.NAME_BYTES]: peer.identity for peer in mesh.present_peers}
            self._peers = mesh.peers
        return self._names.get(name)
