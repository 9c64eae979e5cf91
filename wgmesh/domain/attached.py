"""The networks that this machine is attached to by itself: what goes there never goes through the mesh."""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network

from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import Endpoint, Interface, address_of, network_of

Network = IPv4Network | IPv6Network


def networks(interfaces: tuple[Interface, ...], beside: tuple[str, ...]) -> tuple[Network, ...]:
    """All of them, link-local ones too: those to LANs of the mesh, and those of other interfaces."""
    return (*lans(interfaces), *networks_of(beside))


@lru_cache(maxsize=256)  # asked of every endpoint; interfaces hardly ever change
def lans(interfaces: tuple[Interface, ...]) -> tuple[Network, ...]:
    """Those of the interfaces to the LANs of the mesh."""
    return tuple(network_of(prefix) for interface in interfaces for prefix in interface.prefixes)


@lru_cache(maxsize=256)
def networks_of(prefixes: tuple[str, ...]) -> tuple[Network, ...]:
    """What these texts mean."""
    return tuple(network_of(prefix) for prefix in prefixes)


def is_on_link(mesh: Mesh, endpoint: Endpoint) -> bool:
    """Is this an address of a LAN of the mesh that this machine is on?"""
    if endpoint.scope:
        return any(interface.name == endpoint.scope for interface in mesh.interfaces)
    ip = address_of(endpoint.ip)
    return any(ip in network for network in lans(mesh.interfaces))


def overlap(mesh: Mesh) -> str:
    """A network of a LAN here that the mesh's IPv4 range overlaps; empty if there is none. Then IPv6 alone is used."""
    assert mesh.parameters
    return _overlap(mesh.parameters.network, mesh.interfaces)


@lru_cache(maxsize=256)
def _overlap(range_of_mesh: str, interfaces: tuple[Interface, ...]) -> str:
    ours = network_of(range_of_mesh)
    found = (network for network in lans(interfaces) if network.version == 4 and ours.overlaps(network))
    return next((str(network) for network in found), "")


def has_ipv4(mesh: Mesh) -> bool:
    """Does this node use an IPv4 address of the mesh?"""
    return bool(mesh.ipv4) and not overlap(mesh)
