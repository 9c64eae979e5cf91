"""What a person asks about: a peer, this node, an address, a socket address, a prefix, or a name that nobody has."""

import ipaddress

from msgspec import Struct

from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import Peer
from wgmesh.domain.values import Endpoint
from wgmesh.projections.named_peer import called, named_peer
from wgmesh.projections.wording import key


class OurNode(Struct, frozen=True):
    """This node itself."""


class OfPeer(Struct, frozen=True):
    """A peer, also one that left or was forgotten."""

    peer: Peer


class Stranger(Struct, frozen=True):
    """A name or key that belongs to no peer."""

    name: str


class Address(Struct, frozen=True):
    """An IP address as Python writes it, of the mesh or of the networks below."""

    ip: str


class Prefix(Struct, frozen=True):
    """A network of more than one address."""

    network: str


Subject = OurNode | OfPeer | Stranger | Address | Endpoint | Prefix


def subject_of(mesh: Mesh, text: str) -> Subject:
    """What the text means; WgmeshError for the beginning of more than one key."""
    place = _place(text)
    if place is not None:
        return place
    if called(mesh, text):
        return OfPeer(named_peer(mesh, text))
    return OurNode() if _is_ours(mesh, text) else Stranger(text)


def _place(text: str) -> Address | Endpoint | Prefix | None:
    """An address, a socket address or a network, if the text is one."""
    network = _network(text)
    if network is not None:
        return Address(str(network[0])) if network.num_addresses == 1 else Prefix(str(network))
    try:
        return Endpoint.parse(text)
    except ValueError:
        return None


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _is_ours(mesh: Mesh, text: str) -> bool:
    hostname = mesh.settings.hostname if mesh.settings else ""
    return text in (hostname, key(mesh.public_key), key(mesh.identity))
