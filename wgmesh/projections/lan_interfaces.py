"""Where the LAN layer speaks: on every interface, but not from addresses that lie in the mesh's own IPv4 range.

Such an address can be nobody's endpoint, so who is met by it is never reached; met by IPv6 link-local addresses, it is.
"""

import ipaddress
from functools import lru_cache

from msgspec.structs import replace

from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import Interface


def lan_interfaces(mesh: Mesh) -> tuple[Interface, ...]:
    """This machine's interfaces with those of their addresses that others can be met by."""
    return _without(mesh.parameters.network, mesh.interfaces) if mesh.parameters else ()


@lru_cache(maxsize=256)  # asked after every turn; interfaces hardly ever change
def _without(network: str, interfaces: tuple[Interface, ...]) -> tuple[Interface, ...]:
    ours = ipaddress.ip_network(network)
    return tuple(
        replace(interface, prefixes=tuple(prefix for prefix in interface.prefixes if not _is_in(ours, prefix)))
        for interface in interfaces
    )


def _is_in(ours: ipaddress.IPv4Network | ipaddress.IPv6Network, prefix: str) -> bool:
    return ipaddress.ip_interface(prefix).ip in ours
