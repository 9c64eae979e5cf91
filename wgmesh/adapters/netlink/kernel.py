"""The requests made real by pyroute2's IPRoute: what is asked is read, and `editing` makes what is to be changed."""

import errno
import os
import socket
from collections.abc import Iterator, Sequence
from typing import Any, Self

from wgmesh.adapters.netlink.editing import BY_WGMESH, allowing, edit, routes_through
from wgmesh.adapters.netlink.filtering import is_strict, set_strict
from wgmesh.adapters.netlink.pyroute import IPRoute, NetlinkError
from wgmesh.adapters.netlink.requests import (
    Create,
    Delete,
    Edit,
    Label,
    Link,
    LinkChange,
    Look,
    Neighbour,
    Request,
    Survey,
)
from wgmesh.domain.device import SetDevice

# Not usable: still being searched for duplicates, or one was found (IFA_F_TENTATIVE, IFA_F_DADFAILED, if_addr.h).
UNUSABLE = 0x40 | 0x08
# Not in touch: nothing was sent yet, or nobody answered (NUD_NONE, NUD_FAILED, neighbour.h).
ABSENT = (0x00, 0x20)


class Kernel:
    """One rtnetlink socket, in the network namespace that it was opened in."""

    def __init__(self) -> None:
        # With strict checking the kernel itself filters routes by what we ask for: a router has a million others.
        self._ip = IPRoute(strict_check=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ip.close()

    def answer(self, request: Request) -> object:
        """What the request says that it gives; OSError with the kernel's error number when it is refused."""
        try:
            match request:
                case Survey():
                    return self._survey()
                case Look(interface):
                    return self._look(interface)
                case Neighbour(ip):
                    return self._neighbour(ip)
                case Edit(interface, changes):
                    return tuple(self._edit(interface, change) for change in changes)
                case Create(interface, kind, alias):
                    self._create(interface, kind, alias)
                case Label(interface, alias):
                    self._label(interface, alias)
                case Delete(interface):
                    self._delete(interface)
        except NetlinkError as error:
            raise OSError(error.code, os.strerror(error.code)) from error
        return None

    def _survey(self) -> tuple[Link, ...]:
        addresses: dict[int, list[str]] = {}
        for index, address in self._addresses():
            addresses.setdefault(index, []).append(address)
        return tuple(_link(found, addresses.get(found["index"], [])) for found in self._ip.get_links())

    def _look(self, interface: str) -> Link | None:
        try:
            found = self._find(interface)
        except NetlinkError as error:
            if error.code != errno.ENODEV:
                raise
            return None
        addresses = [address for _, address in self._addresses(index=found["index"])]
        routes = routes_through(self._ip, found["index"], BY_WGMESH)
        return _link(found, addresses, routes, is_strict(interface))

    def _neighbour(self, ip: str) -> tuple[str, ...]:
        met = self._ip.get_neighbours(family=socket.AF_INET6, dst=ip)
        return tuple(socket.if_indextoname(each["ifindex"]) for each in met if each["state"] not in ABSENT)

    def _edit(self, interface: str, change: LinkChange) -> str:
        try:
            edit(self._ip, self._index(interface), change)
            if isinstance(change, SetDevice) and change.strict is not None:
                set_strict(interface, change.strict)
        except NetlinkError as error:
            return os.strerror(error.code)
        except OSError as error:
            return error.strerror or str(error)
        return ""

    def _create(self, interface: str, kind: str, alias: str) -> None:
        self._ip.link("add", ifname=interface, kind=kind)
        try:
            self._label(interface, alias)
        except NetlinkError:
            # Without its alias nobody would know whose it is.
            self._delete(interface)
            raise

    def _label(self, interface: str, alias: str) -> None:
        self._ip.link("set", index=self._index(interface), ifalias=alias)

    def _delete(self, interface: str) -> None:
        with allowing(errno.ENODEV):
            self._ip.link("del", index=self._index(interface))

    def _find(self, interface: str) -> Any:
        return self._ip.link("get", ifname=interface)[0]

    def _index(self, interface: str) -> int:
        return int(self._find(interface)["index"])

    def _addresses(self, **which: int) -> Iterator[tuple[int, str]]:
        for each in self._ip.get_addr(**which):
            if not each["flags"] & UNUSABLE:
                # A point-to-point address is IFA_LOCAL, and IFA_ADDRESS is the other end; IPv6 has only IFA_ADDRESS.
                ip = each.get_attr("IFA_LOCAL") or each.get_attr("IFA_ADDRESS")
                yield each["index"], f"{ip}/{each['prefixlen']}"


def _link(found: Any, addresses: list[str], routes: Sequence[str] = (), strict: bool = False) -> Link:
    linkinfo = found.get_attr("IFLA_LINKINFO")
    return Link(
        name=found.get_attr("IFLA_IFNAME"),
        index=found["index"],
        flags=found["flags"],
        mtu=found.get_attr("IFLA_MTU"),
        kind=linkinfo.get_attr("IFLA_INFO_KIND") or "" if linkinfo else "",
        alias=found.get_attr("IFLA_IFALIAS") or "",
        master=found.get_attr("IFLA_MASTER") or 0,
        addresses=tuple(sorted(addresses)),
        routes=tuple(routes),
        strict=strict,
    )
