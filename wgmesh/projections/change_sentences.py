"""The words in which the log and the terminal speak of a change to the WireGuard device.

They stand in records for ever and are read by people, so they name keys whole and hold no secret.
"""

import base64
from collections.abc import Iterator
from typing import assert_never

from wgmesh.domain.device import (
    NO_KEY,
    AddAddress,
    AddPeer,
    AddRoute,
    Change,
    CreateInterface,
    RemoveAddress,
    RemovePeer,
    RemoveRoute,
    SetDevice,
    UpdatePeer,
)


def describe(change: Change) -> str:
    """One change in the imperative: `add peer lABn…= via 192.168.1.17:21820, 10.71.3.9/32, keepalive 25 s`."""
    match change:
        case CreateInterface():
            return "create the interface"
        case SetDevice():
            return f"set {', '.join(_settings(change))}"
        case AddAddress(address):
            return f"add address {address}"
        case RemoveAddress(address):
            return f"remove address {address}"
        case AddRoute(prefix):
            return f"add route {prefix}"
        case RemoveRoute(prefix):
            return f"remove route {prefix}"
        case AddPeer(peer):
            via = f" via {peer.endpoint}" if peer.endpoint else ""
            return ", ".join([f"add peer {_key(peer.public_key)}{via}", *_facts(peer.allowed_ips, peer.keepalive)])
        case UpdatePeer(public_key):
            return f"update peer {_key(public_key)}: {', '.join(_news(change))}"
        case RemovePeer(public_key):
            return f"remove peer {_key(public_key)}"
        case _:
            assert_never(change)


def _settings(change: SetDevice) -> Iterator[str]:
    if change.private is not None:
        yield "private key"
    if change.listen_port is not None:
        yield f"listen port {change.listen_port}"
    if change.mtu is not None:
        yield f"MTU {change.mtu}"
    if change.strict is not None:
        yield "strict reverse path filter" if change.strict else "loose reverse path filter"
    if change.up is not None:
        yield "link up" if change.up else "link down"


def _news(change: UpdatePeer) -> Iterator[str]:
    if change.preshared is not None:
        yield "no preshared key" if change.preshared == NO_KEY else f"preshared key of secret {change.preshared}"
    if change.endpoint is not None:
        yield f"endpoint {change.endpoint}"
    yield from _facts(change.allowed_ips, change.keepalive)


def _facts(allowed_ips: tuple[str, ...] | None, keepalive: int | None) -> Iterator[str]:
    if allowed_ips is not None:
        yield from allowed_ips or ("no addresses",)
    if keepalive is not None:
        yield f"keepalive {keepalive} s" if keepalive else "no keepalive"


def _key(public_key: bytes) -> str:
    return base64.b64encode(public_key).decode()
