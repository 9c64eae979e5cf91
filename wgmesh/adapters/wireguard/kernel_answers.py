"""What the kernel's WireGuard says of a device, from bytes alone: no socket in here.

Keys come out as generations, and no error repeats what it could not read.
"""

import ipaddress
import socket
import struct
from collections.abc import Iterable

from msgspec import Struct

from wgmesh.adapters.wireguard import linux_wireguard as wg
from wgmesh.adapters.wireguard.attributes import attributes
from wgmesh.adapters.wireguard.port import Keys
from wgmesh.adapters.wireguard.reading import Reading
from wgmesh.adapters.wireguard.traffic import Counters
from wgmesh.domain.device import NO_KEY, DevicePeer
from wgmesh.domain.values import Endpoint, PublicKey

_Parts = dict[int, bytes]


class _Peer(Struct):
    """What all messages about one peer say together."""

    parts: _Parts
    allowed_ips: list[str]


def reading(answers: Iterable[bytes], keys: Keys) -> Reading:
    """What the messages of an answer say together; ValueError if they make no sense.

    Many peers are told in several messages, and one with many allowed IPs begins in one and goes on in the next.
    """
    try:
        return _reading(answers, keys)
    except (KeyError, IndexError, struct.error) as error:
        raise ValueError("something is missing, or has another length") from error


def _reading(answers: Iterable[bytes], keys: Keys) -> Reading:
    device: _Parts = {}
    peers: dict[PublicKey, _Peer] = {}
    for answer in answers:
        for kind, value in attributes(answer):
            device[kind] = value
            if kind == wg.PEERS:
                _take_peers(value, peers)
    private = _key(device.get(wg.PRIVATE_KEY, wg.NO_KEY_BYTES))
    return Reading(
        private=NO_KEY if private == wg.NO_KEY_BYTES else keys.private_generation(private),
        listen_port=wg.U16.unpack(device[wg.LISTEN_PORT])[0],
        peers=tuple(_peer(key, peers[key], keys) for key in sorted(peers)),
        counters=tuple(_counters(key, peers[key].parts) for key in sorted(peers)),
    )


def _take_peers(value: bytes, peers: dict[PublicKey, _Peer]) -> None:
    for _, peer in attributes(value):
        parts = dict(attributes(peer))
        # Where it goes on, only its key and further allowed IPs are told.
        held = peers.setdefault(_key(parts[wg.PUBLIC_KEY]), _Peer(parts, []))
        held.allowed_ips += (_prefix(dict(attributes(it))) for _, it in attributes(parts.get(wg.ALLOWED_IPS, b"")))


def _prefix(parts: _Parts) -> str:
    return f"{ipaddress.ip_address(parts[wg.IP_ADDRESS])}/{parts[wg.IP_PREFIX_LENGTH][0]}"


def _peer(public_key: PublicKey, peer: _Peer, keys: Keys) -> DevicePeer:
    psk = _key(peer.parts.get(wg.PRESHARED_KEY, wg.NO_KEY_BYTES))
    return DevicePeer(
        public_key=public_key,
        preshared=NO_KEY if psk == wg.NO_KEY_BYTES else keys.psk_generation(psk),
        endpoint=_endpoint(peer.parts[wg.ENDPOINT]) if wg.ENDPOINT in peer.parts else None,
        allowed_ips=tuple(sorted(peer.allowed_ips)),
        keepalive=wg.U16.unpack(peer.parts[wg.KEEPALIVE])[0],
    )


def _counters(public_key: PublicKey, parts: _Parts) -> Counters:
    seconds, nanoseconds = wg.TIME.unpack(parts[wg.HANDSHAKE])
    return Counters(
        public_key=public_key,
        handshake=seconds * 1_000_000_000 + nanoseconds,
        rx_bytes=wg.U64.unpack(parts[wg.RX_BYTES])[0],
        tx_bytes=wg.U64.unpack(parts[wg.TX_BYTES])[0],
    )


def _endpoint(value: bytes) -> Endpoint:
    if wg.U16.unpack_from(value)[0] == socket.AF_INET:
        _, port, ip = wg.ENDPOINT_IPV4.unpack(value)
        return Endpoint(str(ipaddress.IPv4Address(ip)), int.from_bytes(port))
    _, port, ip, scope = wg.ENDPOINT_IPV6.unpack(value)
    return Endpoint(str(ipaddress.IPv6Address(ip)), int.from_bytes(port), _name_of(scope))


def _name_of(scope: int) -> str:
    try:
        return socket.if_indextoname(scope) if scope else ""
    except OSError:  # that interface is gone
        return ""


def _key(value: bytes) -> bytes:
    if len(value) != len(wg.NO_KEY_BYTES):
        raise ValueError("a key that is not 32 bytes long")
    return value
