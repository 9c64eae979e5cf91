"""Which peer a person means: by key, by the beginning of a key, by hostname or by mesh address."""

import base64

from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import Peer
from wgmesh.projections.wording import key

KEY_BYTES = 32


def named_peer(mesh: Mesh, name: str) -> Peer:
    """The one peer of this name, also one that left; WgmeshError if there is none, or more than one."""
    found = called(mesh, name)
    if not found:
        raise WgmeshError(f"no peer is called {name}: `wgmesh peers` lists them")
    if len(found) > 1:
        raise WgmeshError(
            f"{name} may be any of {', '.join(key(peer.public_key) for peer in found)}: give more of the key"
        )
    return found[0]


def named_key(mesh: Mesh, name: str) -> bytes:
    """The WireGuard key of the one node of this name; a whole key need not be anybody's that we know."""
    try:
        raw = base64.b64decode(name, validate=True)
    except ValueError:
        raw = b""
    if len(raw) == KEY_BYTES and not any(name in _names(peer) for peer in mesh.peers.values()):
        return raw
    return named_peer(mesh, name).public_key


def called(mesh: Mesh, name: str) -> list[Peer]:
    """All peers of this name, else all whose key begins so."""
    exact = [peer for peer in mesh.peers.values() if name in _names(peer)]
    return exact or [peer for peer in mesh.peers.values() if name and _begins(peer, name)]


def _names(peer: Peer) -> tuple[str, ...]:
    # Nobody is called by the address or hostname that he does not have.
    names = (key(peer.public_key), key(peer.identity), peer.hostname, peer.ipv4, peer.ipv6)
    return tuple(name for name in names if name)


def _begins(peer: Peer, name: str) -> bool:
    return key(peer.public_key).startswith(name) or key(peer.identity).startswith(name)
