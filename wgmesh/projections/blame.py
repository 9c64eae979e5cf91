"""The desired WireGuard configuration, each line with the record that put it there.

The lines are those of `wg showconf`. What WireGuard itself knows nothing of (addresses and MTU of the interface) stands
as a comment, and so do keys, which are named and never shown.
"""

import ipaddress
from collections.abc import Iterator

from msgspec import Struct

from wgmesh.domain.device import DevicePeer
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import Peer
from wgmesh.domain.values import Ground
from wgmesh.projections.desired_device import desired_device
from wgmesh.projections.why_claims import claims_of
from wgmesh.projections.wording import key, name_of

# Of the interface's own section.
INTERFACE = b""


class Line(Struct, frozen=True):
    """`field = value` in the section of a peer, by identity, or of the interface. `ground`: None if nothing tells."""

    section: bytes
    field: str
    value: str
    ground: Ground | None
    is_comment: bool = False

    @property
    def text(self) -> str:
        """As it stands in the file."""
        return f"{'# ' if self.is_comment else ''}{self.field} = {self.value}"


def blame(mesh: Mesh, now: int) -> tuple[Line, ...]:
    """The lines for a node that joined and started, section by section; `now` is ms on `awake`."""
    device = desired_device(mesh, now)
    peers = {peer.public_key: peer for peer in mesh.present_peers}
    sections = (_peer(mesh, peers[wished.public_key], wished) for wished in device.peers)
    return (*_interface(mesh, now), *(line for section in sections for line in section))


def _interface(mesh: Mesh, now: int) -> Iterator[Line]:
    device = desired_device(mesh, now)
    yield Line(INTERFACE, "PrivateKey", "(of this node's own seed)", mesh.joined, is_comment=True)
    yield Line(INTERFACE, "ListenPort", str(device.listen_port), mesh.started)
    for address in device.addresses:
        ground = mesh.addressed if "." in address else mesh.joined
        yield Line(INTERFACE, "Address", address, ground, is_comment=True)
    yield Line(INTERFACE, "MTU", str(device.mtu), _if_any(mesh.networked), is_comment=True)


def _peer(mesh: Mesh, peer: Peer, wished: DevicePeer) -> Iterator[Line]:
    who = peer.identity
    yield Line(who, "PublicKey", key(peer.public_key), peer.discovered)
    yield Line(who, "PresharedKey", f"(of secret {wished.preshared})", mesh.started, is_comment=True)
    for prefix in wished.allowed_ips:
        is_its_own = prefix.partition("/")[0] in (peer.ipv4, peer.ipv6)
        yield Line(who, "AllowedIPs", prefix, peer.addressed if is_its_own else peer.updated)
    if wished.endpoint:
        since = {claim.endpoint: claim.since for claim in claims_of(peer)}
        ground = peer.proved if wished.endpoint == peer.proven else since.get(wished.endpoint)
        yield Line(who, "Endpoint", str(wished.endpoint), ground)
        if wished.keepalive:
            yield Line(who, "PersistentKeepalive", str(wished.keepalive), ground)


def _if_any(ground: Ground) -> Ground | None:
    return ground if ground.sequence else None


def displaced(line: Line, before: Mesh, old: tuple[Line, ...]) -> str:
    """What stood there before the record of this line: `old` is the blame of the mesh as it was then. Empty: nothing.

    An address may have been somebody else's.
    """
    there = [each for each in old if each.field == line.field and each.section == line.section]
    there = [each for each in there if _family(each) == _family(line)]
    if any(each.value == line.value for each in there):
        return ""
    others = [each for each in old if each.value == line.value and each.field == line.field == "AllowedIPs"]
    holders = (name_of(before, each.section) for each in others)
    return ", ".join([*(f"{line.value} of {holder}" for holder in holders), *(each.value for each in there)])


def _family(line: Line) -> int:
    """Addresses of one family displace each other, and no others."""
    if line.field not in ("Address", "AllowedIPs"):
        return 0
    network = ipaddress.ip_network(line.value)
    return network.version if network.prefixlen == network.max_prefixlen else -1
