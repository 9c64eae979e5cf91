"""What turns the device that is there into the one that is wished: a pure diff, and a second one after it is empty.

The order hurts nobody on the way. Routes wait until the link is up, because the kernel takes none before. Addresses
are added before old ones go, because with the last address of a family its routes go too. Allowed IPs are withdrawn
everywhere before they are given anywhere, because WireGuard silently moves one that is given twice.
"""

from collections.abc import Container, Iterator
from typing import TypeVar

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
from wgmesh.domain.values import Endpoint, PublicKey

T = TypeVar("T")


def device_changes(
    actual: Device | None,
    desired: Device,
    *,
    known: Container[PublicKey],
    fresh: Container[PublicKey],
    handshaken: Container[PublicKey],
    fallen: Container[PublicKey] = (),
) -> tuple[Change, ...]:
    """The changes from `actual` (None: there is no interface) to `desired`, in the order to make them; () if alike.

    `known`: every key that the mesh ever knew; a peer that is neither wished nor known was put there by somebody else
    and stays. `fresh`: keys with a live session; roaming is WireGuard's, so their endpoint stays whatever is wished.
    `handshaken`: keys that shook hands since they came to the device, or are about to; where no endpoint is wished,
    theirs stays. `fallen`: keys whose session is over for good; they are taken off and put on again, to begin anew.
    """
    created: tuple[Change, ...] = (CreateInterface(),) if actual is None else ()
    actual = actual or Device()
    gone = tuple(_gone(actual, desired, known, handshaken, fresh, fallen))
    return (*created, *_interface_changes(actual, desired), *_peer_changes(actual, desired, gone, fresh))


def differences(before: Device, after: Device) -> tuple[Change, ...]:
    """What two wishes differ in: between them is no WireGuard that would have to be got round."""
    known = {peer.public_key: True for peer in before.peers}
    placed = {peer.public_key: True for peer in after.peers if peer.endpoint is not None}
    return device_changes(before, after, known=known, fresh={}, handshaken=placed)


def _interface_changes(actual: Device, desired: Device) -> Iterator[Change]:
    # The MTU comes before the addresses: below 1280 bytes the kernel takes no IPv6 address (RFC 8200, section 5).
    basics = SetDevice(
        private=_if_new(actual.private, desired.private),
        listen_port=_if_new(actual.listen_port, desired.listen_port),
        mtu=_if_new(actual.mtu, desired.mtu),
        strict=_if_new(actual.strict, desired.strict),
    )
    if basics != SetDevice():
        yield basics
    yield from (AddAddress(address) for address in desired.addresses if address not in actual.addresses)
    yield from (RemoveAddress(address) for address in actual.addresses if address not in desired.addresses)
    if actual.up != desired.up:
        yield SetDevice(up=desired.up)
    yield from (RemoveRoute(prefix) for prefix in actual.routes if prefix not in desired.routes)
    yield from (AddRoute(prefix) for prefix in desired.routes if prefix not in actual.routes)


def _gone(
    actual: Device,
    desired: Device,
    known: Container[PublicKey],
    handshaken: Container[PublicKey],
    fresh: Container[PublicKey],
    fallen: Container[PublicKey],
) -> Iterator[PublicKey]:
    """Who leaves the device, be it to come back: WireGuard cannot forget an endpoint, only a whole peer.

    Nor does it call a peer within 5 s of a call in vain, be it for want of an endpoint, unless the peer is new to it.
    """
    wished = {peer.public_key: peer for peer in desired.peers}
    for peer in actual.peers:
        key = peer.public_key
        if key not in wished:
            leaves = key in known
        else:
            wanted = wished[key].endpoint
            is_astray = peer.endpoint != wanted and not _same_place(peer.endpoint, wanted)
            leaves = key in fallen or (is_astray and key not in handshaken and key not in fresh)
        if leaves:
            yield key


def _peer_changes(
    actual: Device, desired: Device, gone: tuple[PublicKey, ...], fresh: Container[PublicKey]
) -> Iterator[Change]:
    yield from (RemovePeer(key) for key in gone)
    staying = {peer.public_key: peer for peer in actual.peers if peer.public_key not in gone}
    differing = tuple(peer for peer in desired.peers if staying.get(peer.public_key) != peer)
    for peer in differing:
        before = staying.get(peer.public_key, peer)
        if _kept(before, peer) != before.allowed_ips:
            yield UpdatePeer(peer.public_key, allowed_ips=_kept(before, peer))
    for peer in differing:
        if peer.public_key not in staying:
            yield AddPeer(peer)
            continue
        update = _update(staying[peer.public_key], peer, is_fresh=peer.public_key in fresh)
        if update != UpdatePeer(peer.public_key):
            yield update


def _update(before: DevicePeer, peer: DevicePeer, *, is_fresh: bool) -> UpdatePeer:
    moves = peer.endpoint is not None and not is_fresh and not _same_place(before.endpoint, peer.endpoint)
    return UpdatePeer(
        peer.public_key,
        preshared=_if_new(before.preshared, peer.preshared),
        endpoint=peer.endpoint if moves else None,
        allowed_ips=_if_new(_kept(before, peer), peer.allowed_ips),
        keepalive=_if_new(before.keepalive, peer.keepalive),
    )


def _kept(before: DevicePeer, peer: DevicePeer) -> tuple[str, ...]:
    return tuple(prefix for prefix in before.allowed_ips if prefix in peer.allowed_ips)


def _same_place(actual: Endpoint | None, desired: Endpoint | None) -> bool:
    """WireGuard in user space does not tell the scope of a link-local endpoint: without one, ip and port decide."""
    if actual is None or desired is None:
        return False
    return actual == desired or (actual.scope == "" and (actual.ip, actual.port) == (desired.ip, desired.port))


def _if_new(actual: T, desired: T) -> T | None:
    return desired if actual != desired else None
