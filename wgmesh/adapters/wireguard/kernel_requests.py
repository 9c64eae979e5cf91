"""What is asked of the kernel's WireGuard, as bytes alone: no socket in here.

Keys go in from the keyring, and are nowhere but in what is written.
"""

import errno
import socket
from collections.abc import Iterator, Sequence

from wgmesh.adapters.wireguard import linux_wireguard as wg
from wgmesh.adapters.wireguard.attributes import attribute, nested
from wgmesh.adapters.wireguard.port import Keys
from wgmesh.adapters.wireguard.ways import WireGuardChange
from wgmesh.domain.device import NO_KEY, AddPeer, RemovePeer, SetDevice, UpdatePeer
from wgmesh.domain.values import Endpoint

# An attribute ends at 64 KiB, which 1,638 allowed IPs of one peer fill: so many are told at a time.
ALLOWED_IPS_A_PIECE = 500
# A message that is longer takes no further peer. The kernel takes 200 KiB, but makes a copy of it in one piece.
MESSAGE_BYTES = 32768


def get_request(interface: str) -> bytes:
    """The question for a device."""
    return attribute(wg.NAME, interface.encode() + b"\0")


def set_requests(interface: str, changes: Sequence[WireGuardChange], keys: Keys) -> Iterator[bytes]:
    """Messages that make the changes in their order; OSError for an endpoint on an interface that is not there."""
    peers: list[bytes] = []
    for change in changes:
        if isinstance(change, SetDevice):
            yield from _about_peers(interface, peers)
            peers = []
            yield get_request(interface) + _device(change, keys)
            continue
        for piece in _pieces(change, keys):
            peers.append(nested(0, piece))
            if sum(map(len, peers)) > MESSAGE_BYTES:
                yield from _about_peers(interface, peers)
                peers = []
    yield from _about_peers(interface, peers)


def _about_peers(interface: str, peers: Sequence[bytes]) -> Iterator[bytes]:
    if peers:
        yield get_request(interface) + nested(wg.PEERS, *peers)


def _device(wish: SetDevice, keys: Keys) -> bytes:
    private = None if wish.private is None else keys.private_key() if wish.private != NO_KEY else wg.NO_KEY_BYTES
    port = None if wish.listen_port is None else wg.U16.pack(wish.listen_port)
    return _given(wg.PRIVATE_KEY, private) + _given(wg.LISTEN_PORT, port)


def _pieces(change: AddPeer | UpdatePeer | RemovePeer, keys: Keys) -> Iterator[bytes]:
    """What is said of one peer; more than one piece if it has very many allowed IPs."""
    match change:
        case RemovePeer(public_key):
            yield attribute(wg.PUBLIC_KEY, public_key) + attribute(wg.FLAGS, wg.U32.pack(wg.REMOVE_ME))
        case AddPeer(peer):
            whole = UpdatePeer(peer.public_key, peer.preshared, peer.endpoint, peer.allowed_ips, peer.keepalive)
            yield from _wish_pieces(whole, 0, keys)
        case UpdatePeer():
            yield from _wish_pieces(change, wg.UPDATE_ONLY, keys)


def _wish_pieces(wish: UpdatePeer, flags: int, keys: Keys) -> Iterator[bytes]:
    prefixes, step = wish.allowed_ips or (), ALLOWED_IPS_A_PIECE
    bodies = [_allowed_ips(prefixes[at : at + step]) for at in range(0, len(prefixes) or 1, step)]
    endpoint = None if wish.endpoint is None else _socket_address(wish.endpoint)
    bodies[0] = _psk(wish, keys) + _given(wg.ENDPOINT, endpoint) + bodies[0]
    # From 0 to more a keepalive makes WireGuard shake hands at once, and by then all else must stand.
    bodies[-1] += _given(wg.KEEPALIVE, None if wish.keepalive is None else wg.U16.pack(wish.keepalive))
    flags |= 0 if wish.allowed_ips is None else wg.REPLACE_ALLOWED_IPS
    for body in bodies:
        yield attribute(wg.PUBLIC_KEY, wish.public_key) + attribute(wg.FLAGS, wg.U32.pack(flags)) + body
        flags = wg.UPDATE_ONLY


def _psk(wish: UpdatePeer, keys: Keys) -> bytes:
    number = wish.preshared
    return _given(
        wg.PRESHARED_KEY, None if number is None else keys.psk(number) if number != NO_KEY else wg.NO_KEY_BYTES
    )


def _given(kind: int, value: bytes | None) -> bytes:
    return b"" if value is None else attribute(kind, value)


def _allowed_ips(prefixes: Sequence[str]) -> bytes:
    return nested(wg.ALLOWED_IPS, *(_allowed_ip(prefix) for prefix in prefixes)) if prefixes else b""


def _allowed_ip(prefix: str) -> bytes:
    ip, _, length = prefix.partition("/")
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    return nested(
        0,
        attribute(wg.IP_FAMILY, wg.U16.pack(family)),
        attribute(wg.IP_ADDRESS, socket.inet_pton(family, ip)),
        attribute(wg.IP_PREFIX_LENGTH, bytes([int(length)])),
    )


def _socket_address(endpoint: Endpoint) -> bytes:
    port = endpoint.port.to_bytes(2)
    if ":" not in endpoint.ip:
        return wg.ENDPOINT_IPV4.pack(socket.AF_INET, port, socket.inet_pton(socket.AF_INET, endpoint.ip))
    scope = _index_of(endpoint.scope) if endpoint.scope else 0
    return wg.ENDPOINT_IPV6.pack(socket.AF_INET6, port, socket.inet_pton(socket.AF_INET6, endpoint.ip), scope)


def _index_of(interface: str) -> int:
    try:
        return socket.if_nametoindex(interface)
    except OSError as error:
        raise OSError(errno.ENODEV, f"there is no interface {interface}") from error
