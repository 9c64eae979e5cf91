"""One change to an interface: what is there already, or gone already, counts as made."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from wgmesh.adapters.netlink.pyroute import NetlinkError
from wgmesh.adapters.netlink.requests import LinkChange
from wgmesh.domain.device import AddAddress, AddRoute, RemoveAddress, RemoveRoute, SetDevice

# Who put a route there, as rtnetlink(7) calls it: a number that neither the kernel (rtnetlink.h) nor iproute2
# (rt_protos) gives to anybody, so that a route of somebody else through our interface is not taken for ours.
BY_WGMESH = 119
MAIN_TABLE = 254
SCOPE_LINK = 253
# An address of ours alone needs no search for duplicates, and is usable at once (IFA_F_NODAD, if_addr.h).
NODAD = 0x02


def edit(ip: Any, index: int, change: LinkChange) -> None:
    """Make the change on the interface, through an open IPRoute; NetlinkError when the kernel refuses it."""
    match change:
        case SetDevice(mtu=mtu, up=up):
            _set(ip, index, mtu, up)
        case AddAddress(address):
            with allowing(errno.EEXIST):
                ip.addr("add", index=index, flags=NODAD, **_parts(address))
        case RemoveAddress(address):
            with allowing(errno.EADDRNOTAVAIL):
                ip.addr("del", index=index, **_parts(address))
        case AddRoute(prefix):
            _add_route(ip, index, prefix)
        case RemoveRoute(prefix):
            with allowing(errno.ESRCH, errno.ENOENT):
                ip.route("del", **_route(index, prefix))


@contextmanager
def allowing(*codes: int) -> Iterator[None]:
    """Take these refusals of the kernel for success: they say that it is so already."""
    try:
        yield
    except NetlinkError as error:
        if error.code not in codes:
            raise


def routes_through(ip: Any, index: int, owner: int = 0) -> list[str]:
    """The prefixes in the main table that are routed through the interface, by `owner` alone if not 0; sorted."""
    which = {"oif": index, "table": MAIN_TABLE, "proto": owner}
    # Without a `dump_filter` of pyroute2's own the attributes reach the kernel, which then filters by itself.
    found = [
        each
        for family in (socket.AF_INET, socket.AF_INET6)
        for each in ip.route("dump", family=family, dump_filter=None, **which)
    ]
    return sorted(f"{each.get_attr('RTA_DST')}/{each['dst_len']}" for each in found if each.get_attr("RTA_DST"))


def _set(ip: Any, index: int, mtu: int | None, up: bool | None) -> None:
    wishes: dict[str, int | str] = {}
    if mtu is not None:
        wishes["mtu"] = mtu
    if up is not None:
        wishes["state"] = "up" if up else "down"
    if wishes:
        ip.link("set", index=index, **wishes)


def _add_route(ip: Any, index: int, prefix: str) -> None:
    try:
        ip.route("add", **_route(index, prefix))
    except NetlinkError as error:
        # The same prefix through our interface becomes ours; through another one it stays what it is.
        if error.code != errno.EEXIST or prefix not in routes_through(ip, index):
            raise
        ip.route("replace", **_route(index, prefix))


def _parts(address: str) -> dict[str, Any]:
    ip, _, length = address.partition("/")
    return {"address": ip, "prefixlen": int(length), "family": _family(address)}


def _route(index: int, prefix: str) -> dict[str, Any]:
    # IPv6 routes have no scope.
    scope = {} if ":" in prefix else {"scope": SCOPE_LINK}
    return {"dst": prefix, "oif": index, "table": MAIN_TABLE, "proto": BY_WGMESH, "family": _family(prefix), **scope}


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
