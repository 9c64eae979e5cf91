"""The desired state as a `wg-quick` file: the same mesh by hand, on this machine, without the daemon.

A file has no turns. A peer that is not tried just now is given its best known endpoint.
"""

import base64
from collections.abc import Iterator

from wgmesh.domain.device import Device, DevicePeer
from wgmesh.domain.endpoints import candidates
from wgmesh.domain.keepalive import KEEPALIVE_SECONDS
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import Peer
from wgmesh.projections.desired_device import desired_device
from wgmesh.projections.wording import name_of, printable


def wg_config(mesh: Mesh, private_key: bytes | None = None, psk: bytes | None = None) -> str:
    """The file as text. Keys are 32 raw bytes; without them it says how to get them in."""
    device = desired_device(mesh, mesh.head.awake)
    peers = {peer.public_key: peer for peer in mesh.present_peers}
    sections = [_interface(device, private_key)]
    sections += [_peer(mesh, peers[wished.public_key], wished, psk) for wished in device.peers]
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def _interface(device: Device, private_key: bytes | None) -> Iterator[str]:
    yield "[Interface]"
    yield _secret("PrivateKey", private_key)
    yield f"ListenPort = {device.listen_port}"
    yield f"MTU = {device.mtu}"
    yield f"Address = {', '.join(device.addresses)}"


def _peer(mesh: Mesh, peer: Peer, wished: DevicePeer, psk: bytes | None) -> Iterator[str]:
    yield f"# {printable(name_of(mesh, peer.identity))}"
    yield "[Peer]"
    yield f"PublicKey = {base64.b64encode(wished.public_key).decode()}"
    yield _secret("PresharedKey", psk)
    yield f"AllowedIPs = {', '.join(wished.allowed_ips)}"
    claimed = next((claim.endpoint for claim in candidates(mesh, peer)), None)
    if endpoint := wished.endpoint or claimed:
        yield f"Endpoint = {endpoint}"
        yield f"PersistentKeepalive = {KEEPALIVE_SECONDS}"


def _secret(name: str, key: bytes | None) -> str:
    return f"{name} = {base64.b64encode(key).decode()}" if key else f"# {name} is left out: --private prints it"
