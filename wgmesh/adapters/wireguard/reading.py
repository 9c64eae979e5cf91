"""What a WireGuard device says of itself, whoever carries it, and the device that this makes with its interface.

The rule: an interface that we did not make is not touched. Ours has our private key; or no key and no peers yet, and
the alias that we give to it at once.
"""

import ipaddress

from msgspec import Struct

from wgmesh.adapters.wireguard.port import ALIAS, LinkState
from wgmesh.adapters.wireguard.traffic import Counters
from wgmesh.domain.device import FOREIGN_KEY, NO_KEY, Device, DevicePeer
from wgmesh.domain.values import Port


class Reading(Struct, frozen=True):
    """The device's own values, its peers and their figures, both in the order of their keys."""

    private: int
    listen_port: Port
    peers: tuple[DevicePeer, ...]
    counters: tuple[Counters, ...]


def is_ours(reading: Reading, link: LinkState | None) -> bool:
    """Whether we made it."""
    if reading.private == NO_KEY:
        return not reading.peers and link is not None and link.alias == ALIAS
    return reading.private != FOREIGN_KEY


def device(reading: Reading, link: LinkState) -> Device:
    """The whole device."""
    return Device(
        private=reading.private,
        listen_port=reading.listen_port,
        mtu=link.mtu,
        up=link.up,
        # The kernel gives a link-local one by itself; ours never is.
        addresses=tuple(it for it in link.addresses if not ipaddress.ip_interface(it).is_link_local),
        routes=link.routes,
        strict=link.strict,
        peers=reading.peers,
    )


def another_name(interface: str, what: str) -> str:
    """What to say of an interface that is not ours, and what to do."""
    return (
        f"the interface {interface} {what}, so wgmesh did not make it: choose another name with --interface, "
        f"or remove it yourself with `ip link delete {interface}`"
    )
