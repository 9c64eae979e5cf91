"""What is never otherwise, whatever reaches a node: checked after every step of every story that the tests tell.

The numbers S1 to S6 are those of the simulator's safety rules.
"""

import ipaddress
from collections.abc import Iterable

from msgspec import msgpack

from wgmesh.domain.device import Device
from wgmesh.domain.mesh import Mesh, fold
from wgmesh.domain.records import Record
from wgmesh.domain.values import Endpoint
from wgmesh.projections.desired_device import desired_device


def check(mesh: Mesh, awake: int) -> None:
    """S1, S2 and S3 of a node that joined."""
    device = desired_device(mesh, awake)
    keys = [peer.public_key for peer in device.peers]
    assert mesh.identity not in mesh.peers, "S1: our own identity is a peer"
    assert mesh.public_key not in keys, "S1: our own key is a peer"
    assert len(keys) == len(dict.fromkeys(keys)), "a key is twice on the device"
    check_addresses(device)
    for peer in device.peers:
        assert peer.endpoint is None or is_endpoint(mesh, peer.endpoint), f"S3: {peer.endpoint} can be nobody's"


def check_addresses(device: Device) -> None:
    """S2, and none of them is our own."""
    owners: dict[str, bytes] = {}
    for peer in device.peers:
        for prefix in peer.allowed_ips:
            assert owners.setdefault(prefix, peer.public_key) == peer.public_key, f"S2: {prefix} is under two peers"
            assert prefix not in device.addresses, f"{prefix} is our own address, and a peer's"


def is_endpoint(mesh: Mesh, endpoint: Endpoint) -> bool:
    """S3, told from scratch: a unicast address outside the mesh that a datagram can be sent to."""
    assert mesh.parameters
    ip = ipaddress.ip_address(endpoint.ip)
    never = ["0.0.0.0/32", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/127", "ff00::/8", "::ffff:0:0/96"]
    never += [mesh.parameters.network, str(ipaddress.IPv6Network((mesh.parameters.ipv6_prefix + bytes(8), 64)))]
    never += [] if endpoint.scope else ["fe80::/10"]
    broadcasts = [
        str(network.broadcast_address)
        for interface in mesh.interfaces
        for network in (ipaddress.ip_network(prefix, strict=False) for prefix in interface.prefixes)
        if network.version == 4 and network.prefixlen < 31
    ]
    return endpoint.port > 0 and not any(ip in ipaddress.ip_network(each) for each in (*never, *broadcasts))


def check_progress(before: Mesh, after: Mesh) -> None:
    """S5: no incarnation decreases, nobody's record is lost, and the log grows without a gap."""
    assert after.incarnation >= before.incarnation, "S5: our own incarnation went back"
    for identity, peer in before.peers.items():
        assert after.peers[identity].incarnation >= peer.incarnation, f"S5: {peer.hostname} went back"


def check_fold(records: Iterable[Record], mesh: Mesh) -> None:
    """S6: the log alone makes the same mesh, byte for byte."""
    assert msgpack.encode(fold(records)) == msgpack.encode(mesh), "S6: the fold of the log is not the live mesh"
