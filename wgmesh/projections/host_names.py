"""The names of the mesh's nodes as a hosts file has them: `alpha.mesh`, each one node's alone, the same everywhere.

A name that several want belongs to the lowest WireGuard key, as an address does. The others are called by it and the
first 8 digits of their key (`alpha-1f3a9c02.mesh`); who cannot have that either has no name.
"""

from collections.abc import Iterator

from wgmesh.domain.attached import has_ipv4
from wgmesh.domain.mesh import Mesh
from wgmesh.projections.desired_device import allowed_ips

DOMAIN = "mesh"
# Of a hostname of 63 characters, what leaves room for a dash and the digits (RFC 1035: 63 a label).
DIGITS = 8
STEM = 63 - 1 - DIGITS


def host_names(mesh: Mesh) -> tuple[str, ...]:
    """The lines, by name: an address, a space, a name. This node is among them; of peers those that are in use."""
    nodes = sorted(_nodes(mesh))
    first = {name: key for key, name, _ in reversed(nodes)}
    taken = dict(first)
    for key, name, _ in nodes:
        if first[name] != key:
            taken.setdefault(f"{name[:STEM]}-{key.hex()[:DIGITS]}", key)
    addresses = {key: its for key, _, its in nodes}
    return tuple(f"{address} {name}.{DOMAIN}" for name, key in sorted(taken.items()) for address in addresses[key])


def _nodes(mesh: Mesh) -> Iterator[tuple[bytes, str, tuple[str, ...]]]:
    """WireGuard key, hostname and usable addresses of everybody who has a hostname."""
    assert mesh.settings is not None
    ipv4 = has_ipv4(mesh)
    yield mesh.public_key, mesh.settings.hostname, ((mesh.ipv4,) if ipv4 else ()) + (mesh.ipv6,)
    for peer in mesh.present_peers:
        if peer.hostname:
            its = (prefix.partition("/")[0] for prefix in allowed_ips(mesh, peer))
            yield peer.public_key, peer.hostname, tuple(address for address in its if ipv4 or ":" in address)
