"""Which interfaces of this machine lead to a LAN: those with neighbours of flesh and cable, by name and kind.

A virtual cable (veth) is no reason against: it is by its name that a container's is told from a machine's own.
"""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from ipaddress import ip_network

from wgmesh.adapters.netlink.requests import IFF_LOOPBACK, IFF_MULTICAST, IFF_RUNNING, IFF_UP, Link
from wgmesh.domain.values import Interface

# Whose names these are: containers and virtual machines; then VPNs and meshes, ours among them.
OTHERS = (
    "docker*", "br-" + 12 * "[0-9a-f]", "veth*", "virbr*", "vnet*", "lxc*", "lxd*", "podman*", "cni*", "flannel*",
    "cali*", "cilium*",
    "wg*", "tun*", "tap*", "tailscale*", "zt*", "nebula*", "wgmesh*", "ppp*",
)  # fmt: skip
# A VPN under any name. `tun` is what the kernel calls TAP as well.
VPN_KINDS = ("wireguard", "tun")
# Frames for a port of these go to the bridge or bond itself.
PORT_OWNERS = ("bridge", "bond", "team", "openvswitch")


def suitable(links: Sequence[Link], named: Sequence[str] = ()) -> tuple[Interface, ...]:
    """The interfaces to meet neighbours on, sorted by name; if any are `named`, those of them that work."""
    masters = {link.index for link in links if link.kind in PORT_OWNERS}
    chosen = [
        link
        for link in links
        if _works(link) and (link.name in named if named else _is_lan(link) and link.master not in masters)
    ]
    return tuple(Interface(it.name, it.index, it.mtu, it.addresses) for it in sorted(chosen, key=lambda it: it.name))


def attached(links: Sequence[Link], lans: Sequence[Interface]) -> tuple[str, ...]:
    """The networks of all other interfaces that are up, sorted; an address alone is no network."""
    known = [interface.name for interface in lans]
    return _networks(link for link in links if link.name not in known)


def virtual(links: Sequence[Link], lans: Sequence[Interface]) -> tuple[str, ...]:
    """Those of `attached` that are containers', virtual machines' and other VPNs'."""
    known = [interface.name for interface in lans]
    return _networks(link for link in links if link.name not in known and not _is_lan(link))


def _networks(links: Iterable[Link]) -> tuple[str, ...]:
    networks = {ip_network(prefix, strict=False) for link in links if _leads_out(link) for prefix in link.addresses}
    return tuple(sorted(str(it) for it in networks if it.num_addresses > 1 and not it.is_link_local))


def _leads_out(link: Link) -> bool:
    return link.up and not link.has(IFF_LOOPBACK)


def _works(link: Link) -> bool:
    return link.has(IFF_UP | IFF_RUNNING | IFF_MULTICAST) and not link.has(IFF_LOOPBACK)


def _is_lan(link: Link) -> bool:
    return link.kind not in VPN_KINDS and not any(fnmatchcase(link.name, pattern) for pattern in OTHERS)
