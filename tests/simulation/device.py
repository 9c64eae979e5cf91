"""What a change makes of a device: the simulator's word on what WireGuard and the kernel do, held to the same contract
as every back end of the daemon.
"""

from typing import assert_never

from msgspec.structs import replace

from wgmesh.domain.device import (
    AddAddress,
    AddPeer,
    AddRoute,
    Change,
    CreateInterface,
    Device,
    DevicePeer,
    RemoveAddress,
    RemovePeer,
    RemoveRoute,
    SetDevice,
    UpdatePeer,
)

# What a new interface has until told otherwise.
NEW = Device(mtu=1420)


class Refused(Exception):
    """The system does not make this change; the text is its error."""


def after(device: Device | None, change: Change) -> Device:
    """The device as the change leaves it."""
    if isinstance(change, CreateInterface):
        return device or NEW
    if device is None:
        raise Refused("no such device")
    match change:
        case SetDevice():
            return _set(device, change)
        case AddAddress(address):
            return replace(device, addresses=_plus(device.addresses, address))
        case RemoveAddress(address):
            return replace(device, addresses=_minus(device.addresses, address))
        case AddRoute(prefix):
            if not device.up:
                raise Refused("network is down")
            return replace(device, routes=_plus(device.routes, prefix))
        case RemoveRoute(prefix):
            return replace(device, routes=_minus(device.routes, prefix))
        case AddPeer(peer):
            return _give(device, _added(device, peer))
        case UpdatePeer():
            held = find(device, change.public_key)
            return _give(device, _updated(held, change)) if held else device
        case RemovePeer(public_key):
            return replace(device, peers=tuple(peer for peer in device.peers if peer.public_key != public_key))
        case _:
            assert_never(change)


def find(device: Device, public_key: bytes) -> DevicePeer | None:
    """The peer with this key."""
    for peer in device.peers:
        if peer.public_key == public_key:
            return peer
    return None


def roam(device: Device, held: DevicePeer, moved: DevicePeer) -> Device:
    """The device with WireGuard's own change to one peer."""
    return replace(device, peers=tuple(moved if peer is held else peer for peer in device.peers))


def _set(device: Device, wish: SetDevice) -> Device:
    fields = ("private", "listen_port", "mtu", "up", "strict")
    set_ = replace(device, **{name: value for name in fields if (value := getattr(wish, name)) is not None})
    if set_.up:
        return set_
    kept = tuple(address for address in device.addresses if ":" not in address) if device.up else device.addresses
    return replace(set_, routes=(), addresses=kept)


def _added(device: Device, peer: DevicePeer) -> DevicePeer:
    """One that is there keeps the endpoint that the addition does not name."""
    held = find(device, peer.public_key)
    return replace(peer, endpoint=peer.endpoint or held.endpoint) if held else peer


def _updated(held: DevicePeer, wish: UpdatePeer) -> DevicePeer:
    fields = ("preshared", "endpoint", "allowed_ips", "keepalive")
    return replace(held, **{name: value for name in fields if (value := getattr(wish, name)) is not None})


def _give(device: Device, given: DevicePeer) -> Device:
    """With this peer as it is; an allowed IP that it has is nobody else's from now on."""
    given = replace(given, allowed_ips=tuple(sorted(given.allowed_ips)))
    others = [_deprived(peer, given) for peer in device.peers if peer.public_key != given.public_key]
    return replace(device, peers=tuple(sorted([*others, given], key=lambda peer: peer.public_key)))


def _deprived(peer: DevicePeer, given: DevicePeer) -> DevicePeer:
    kept = tuple(prefix for prefix in peer.allowed_ips if prefix not in given.allowed_ips)
    return peer if kept == peer.allowed_ips else replace(peer, allowed_ips=kept)


def _plus(values: tuple[str, ...], value: str) -> tuple[str, ...]:
    return tuple(sorted(dict.fromkeys((*values, value))))


def _minus(values: tuple[str, ...], value: str) -> tuple[str, ...]:
    return tuple(each for each in values if each != value)
