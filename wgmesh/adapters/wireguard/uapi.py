"""WireGuard's cross-platform configuration protocol (wireguard.com/xplatform), as text alone: no socket in here.

Keys are in what is written and read, and nowhere else: they go in from the keyring and come out as generations, and no
error repeats what it could not read.
"""

import ipaddress
from collections.abc import Sequence

from wgmesh.adapters.wireguard.port import Keys
from wgmesh.adapters.wireguard.reading import Reading
from wgmesh.adapters.wireguard.traffic import Counters
from wgmesh.adapters.wireguard.ways import WireGuardChange
from wgmesh.domain.device import NO_KEY, AddPeer, DevicePeer, RemovePeer, SetDevice, UpdatePeer
from wgmesh.domain.values import Endpoint, PublicKey

GET = b"get=1\n\n"
END = b"\n\n"

NO_KEY_BYTES = bytes(32)

_Section = dict[str, list[str]]


def transaction(changes: Sequence[WireGuardChange], keys: Keys) -> bytes:
    """One request that makes all these changes, in their order."""
    lines = [line for change in changes for line in _lines(change, keys)]
    return "\n".join(["set=1", *lines, "", ""]).encode()


def error_number(answer: bytes) -> int:
    """The error number that an answer ends with, 0 for success; ValueError if it does not end with one."""
    key, _, value = answer.decode("ascii").strip().rpartition("\n")[2].partition("=")
    if key != "errno":
        raise ValueError("an answer that does not end with errno")
    return abs(_number([value]))


def reading(answer: bytes, keys: Keys) -> Reading:
    """What an answer to GET says; ValueError if it is not one. Lines of a later version are passed over."""
    device: _Section = {}
    peers: dict[PublicKey, _Section] = {}
    section = device
    for line in answer.decode("ascii").split("\n"):
        key, _, value = line.partition("=")
        if key == "public_key":
            section = peers.setdefault(_key([value]), {})
        section.setdefault(key, []).append(value)
    private = _key(device.get("private_key", []))
    return Reading(
        private=NO_KEY if private == NO_KEY_BYTES else keys.private_generation(private),
        listen_port=_number(device.get("listen_port", [])),
        peers=tuple(_peer(key, peers[key], keys) for key in sorted(peers)),
        counters=tuple(_counters(key, peers[key]) for key in sorted(peers)),
    )


def _lines(change: WireGuardChange, keys: Keys) -> list[str]:
    match change:
        case SetDevice(private=private, listen_port=listen_port):
            key = None if private is None else keys.private_key() if private != NO_KEY else NO_KEY_BYTES
            return _if_given(private_key=key and key.hex(), listen_port=listen_port)
        case AddPeer(peer):
            return _peer_lines(
                peer.public_key, keys, peer.preshared, peer.endpoint, peer.allowed_ips, peer.keepalive, exists=False
            )
        case UpdatePeer(public_key, preshared, endpoint, allowed_ips, keepalive):
            return _peer_lines(public_key, keys, preshared, endpoint, allowed_ips, keepalive, exists=True)
        case RemovePeer(public_key):
            return [f"public_key={public_key.hex()}", "remove=true"]


def _peer_lines(
    public_key: PublicKey,
    keys: Keys,
    preshared: int | None,
    endpoint: Endpoint | None,
    allowed_ips: tuple[str, ...] | None,
    keepalive: int | None,
    *,
    exists: bool,
) -> list[str]:
    psk = None if preshared is None else keys.psk(preshared) if preshared != NO_KEY else NO_KEY_BYTES
    return [
        f"public_key={public_key.hex()}",
        *(["update_only=true"] if exists else []),
        *_if_given(
            preshared_key=psk and psk.hex(),
            endpoint=endpoint,
            replace_allowed_ips=None if allowed_ips is None else "true",
        ),
        *(f"allowed_ip={prefix}" for prefix in allowed_ips or ()),
        # The last: from 0 to more it makes WireGuard shake hands at once, and by then all else must stand.
        *_if_given(persistent_keepalive_interval=keepalive),
    ]


def _if_given(**values: object) -> list[str]:
    return [f"{name}={value}" for name, value in values.items() if value is not None]


def _peer(public_key: PublicKey, section: _Section, keys: Keys) -> DevicePeer:
    psk = _key(section.get("preshared_key", []))
    endpoint = section.get("endpoint")
    return DevicePeer(
        public_key=public_key,
        preshared=NO_KEY if psk == NO_KEY_BYTES else keys.psk_generation(psk),
        endpoint=Endpoint.parse(endpoint[-1]) if endpoint else None,
        allowed_ips=tuple(sorted(str(ipaddress.ip_network(prefix)) for prefix in section.get("allowed_ip", []))),
        keepalive=_number(section.get("persistent_keepalive_interval", [])),
    )


def _counters(public_key: PublicKey, section: _Section) -> Counters:
    seconds = _number(section.get("last_handshake_time_sec", []))
    nanoseconds = _number(section.get("last_handshake_time_nsec", []))
    return Counters(
        public_key=public_key,
        handshake=seconds * 1_000_000_000 + nanoseconds,
        rx_bytes=_number(section.get("rx_bytes", [])),
        tx_bytes=_number(section.get("tx_bytes", [])),
    )


def _number(values: list[str]) -> int:
    return int(values[-1]) if values else 0


def _key(values: list[str]) -> bytes:
    key = bytes.fromhex(values[-1]) if values else NO_KEY_BYTES
    if len(key) != len(NO_KEY_BYTES):
        raise ValueError("a key that is not 32 bytes long")
    return key
