"""What is never otherwise, whatever reaches a node: checked after every step of every story that the tests tell.

The numbers S1 to S6 are those of the simulator's safety rules.
"""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from msgspec import msgpack

from wgmesh.domain.device import Device
from wgmesh.domain.folding import fold
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.parameters import Parameters
from wgmesh.domain.records import Record
from wgmesh.domain.values import Endpoint, Interface
from wgmesh.projections.desired_device import desired_device

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

NEVER = ("0.0.0.0/32", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/127", "ff00::/8", "::ffff:0:0/96")
LINK_LOCAL = ipaddress.ip_network("fe80::/10")


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
    """S3, told from scratch: a unicast address that a datagram can be sent to; in the mesh's range, one of our LAN."""
    assert mesh.parameters
    ip = ipaddress.ip_address(endpoint.ip)
    nobodys = _nobodys(mesh.parameters, mesh.interfaces) + (() if endpoint.scope else (LINK_LOCAL,))
    return endpoint.port > 0 and not any(ip in network for network in nobodys)


@lru_cache(maxsize=64)
def _nobodys(parameters: Parameters, interfaces: tuple[Interface, ...]) -> tuple[Network, ...]:
    attached = [ipaddress.ip_network(prefix, strict=False) for each in interfaces for prefix in each.prefixes]
    broadcasts = [each.broadcast_address for each in attached if each.version == 4 and each.prefixlen < 31]
    ipv4 = _beside(ipaddress.IPv4Network(parameters.network), attached)
    ipv6 = ipaddress.IPv6Network((parameters.ipv6_prefix + bytes(8), 64))
    return tuple(ipaddress.ip_network(str(each)) for each in (*NEVER, *ipv4, ipv6, *broadcasts))


def _beside(network: ipaddress.IPv4Network, attached: Iterable[Network]) -> tuple[ipaddress.IPv4Network, ...]:
    """What is left of a range beside the LANs that overlap it."""
    left = [network]
    for lan in attached:
        if isinstance(lan, ipaddress.IPv4Network):
            left = [part for each in left for part in _without(each, lan)]
    return tuple(left)


def _without(network: ipaddress.IPv4Network, lan: ipaddress.IPv4Network) -> Iterable[ipaddress.IPv4Network]:
    if not network.overlaps(lan):
        return (network,)
    return network.address_exclude(lan) if lan.subnet_of(network) and lan != network else ()


def check_progress(before: Mesh, after: Mesh) -> None:
    """S5: no incarnation decreases, nobody's record is lost, and the log grows without a gap."""
    assert after.incarnation >= before.incarnation, "S5: our own incarnation went back"
    for identity, peer in before.peers.items():
        held = after.held(identity)
        assert held is not None, f"{peer.hostname} is gone without a trace"
        assert held.incarnation >= peer.incarnation, f"S5: {peer.hostname} went back"


def check_fold(records: Iterable[Record], mesh: Mesh) -> None:
    """S6: the log alone makes the same mesh, byte for byte."""
    assert msgpack.encode(fold(records)) == msgpack.encode(mesh), "S6: the fold of the log is not the live mesh"
