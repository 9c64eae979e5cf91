"""`--wireguard none`: a device in memory that does to itself what WireGuard and the kernel would do.

The daemon sees its changes made and records them; no interface, privilege or packet is involved. What goes wrong on a
real device goes wrong here: nothing can be set on an interface that is not there, or routed through one that is down.
"""

from collections.abc import Sequence
from typing import assert_never

from msgspec.structs import replace

from wgmesh.adapters.wireguard.port import Applied
from wgmesh.domain.device import (
    AddAddress,
    AddPeer,
    AddRoute,
    Change,
    CreateInterface,
    Device,
    DevicePeer,
    DeviceSample,
    RemoveAddress,
    RemovePeer,
    RemoveRoute,
    SetDevice,
    Traffic,
    UpdatePeer,
)
from wgmesh.domain.errors import WgmeshError

# What a new interface has until told otherwise.
NEW_DEVICE = Device(mtu=1420)


class Recorded:
    """A device without traffic: nobody ever answers on it."""

    backend = "none"
    pidfd: int | None = None

    def __init__(self, device: Device | None = None) -> None:
        self._device = device

    def claim(self) -> None:
        """Nothing is needed, and nobody else has it."""

    def sample(self) -> DeviceSample:
        """The device as the changes made it."""
        peers = self._device.peers if self._device else ()
        return DeviceSample(self._device, tuple(Traffic(peer.public_key) for peer in peers))

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make the changes, each on its own."""
        done: list[Change] = []
        failed: list[tuple[Change, str]] = []
        for change in changes:
            try:
                self._device = after(self._device, change)
            except WgmeshError as refusal:
                failed.append((change, str(refusal)))
            else:
                done.append(change)
        return Applied(tuple(done), tuple(failed))

    def remove(self) -> None:
        """Forget the device."""
        self._device = None


def after(device: Device | None, change: Change) -> Device:
    """The device as the change leaves it; WgmeshError, in a few words, when it cannot be made."""
    if isinstance(change, CreateInterface):
        return device or NEW_DEVICE
    if device is None:
        raise WgmeshError("there is no interface")
    match change:
        case SetDevice():
            return _set(device, change)
        case AddAddress(address):
            return replace(device, addresses=_with(device.addresses, address))
        case RemoveAddress(address):
            return replace(device, addresses=_without(device.addresses, address))
        case AddRoute(prefix):
            if not device.up:
                raise WgmeshError("the interface is down")
            return replace(device, routes=_with(device.routes, prefix))
        case RemoveRoute(prefix):
            return replace(device, routes=_without(device.routes, prefix))
        case AddPeer() | UpdatePeer() | RemovePeer():
            return replace(device, peers=_peers(device.peers, change))
        case _:
            assert_never(change)


def _set(device: Device, wish: SetDevice) -> Device:
    up = device.up if wish.up is None else wish.up
    return replace(
        device,
        private=device.private if wish.private is None else wish.private,
        listen_port=device.listen_port if wish.listen_port is None else wish.listen_port,
        mtu=device.mtu if wish.mtu is None else wish.mtu,
        up=up,
        strict=device.strict if wish.strict is None else wish.strict,
        # As the kernel does when a link goes down.
        routes=device.routes if up else (),
        addresses=device.addresses if up or not device.up else tuple(it for it in device.addresses if ":" not in it),
    )


def _peers(peers: tuple[DevicePeer, ...], change: AddPeer | UpdatePeer | RemovePeer) -> tuple[DevicePeer, ...]:
    held = {peer.public_key: peer for peer in peers}
    match change:
        case AddPeer(peer):
            before = held.get(peer.public_key, peer)
            _give(held, replace(peer, endpoint=peer.endpoint or before.endpoint))
        case UpdatePeer(public_key):
            if public_key in held:
                _give(held, _updated(held[public_key], change))
        case RemovePeer(public_key):
            held.pop(public_key, None)
    return tuple(held[key] for key in sorted(held))


def _give(held: dict[bytes, DevicePeer], peer: DevicePeer) -> None:
    """Put the peer there; an allowed IP that it has is nobody else's from now on."""
    for key, other in held.items():
        held[key] = replace(other, allowed_ips=tuple(it for it in other.allowed_ips if it not in peer.allowed_ips))
    held[peer.public_key] = replace(peer, allowed_ips=tuple(sorted(peer.allowed_ips)))


def _updated(peer: DevicePeer, wish: UpdatePeer) -> DevicePeer:
    return replace(
        peer,
        preshared=peer.preshared if wish.preshared is None else wish.preshared,
        endpoint=peer.endpoint if wish.endpoint is None else wish.endpoint,
        allowed_ips=peer.allowed_ips if wish.allowed_ips is None else wish.allowed_ips,
        keepalive=peer.keepalive if wish.keepalive is None else wish.keepalive,
    )


def _with(values: tuple[str, ...], value: str) -> tuple[str, ...]:
    return tuple(sorted({*values, value}))


def _without(values: tuple[str, ...], value: str) -> tuple[str, ...]:
    return tuple(each for each in values if each != value)
