"""What the daemon asks of the kernel's links, and what it need not ask again.

The interface of the mesh is looked at every few seconds: between changes, of which a `Watch` tells, the answer is
remembered, and no worker runs.
"""

import os
from collections.abc import Sequence
from typing import Any

import msgspec

from wgmesh.adapters.netlink.requests import (
    Answer,
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
from wgmesh.adapters.netlink.suitable import attached, suitable, virtual
from wgmesh.adapters.netlink.watch import ADDRESSES, LINKS, ROUTES, SWITCHES, Watch
from wgmesh.adapters.netlink.worker import Worker
from wgmesh.domain.inputs import Networked
from wgmesh.domain.values import Interface


class Links:
    """The links of the network namespace that we run in. `look` is for one thread, the rest for any.

    Every method raises OSError: with the kernel's error number where it refused, and when the worker does not answer.
    """

    def __init__(self, worker: Worker | None = None) -> None:
        self._worker = worker or Worker()
        self._watch = Watch(LINKS | ADDRESSES | ROUTES | SWITCHES)
        self._seen: dict[str, Link] = {}

    def interfaces(self, named: Sequence[str] = ()) -> tuple[Interface, ...]:
        """The interfaces that lead to a LAN (see `suitable`), or those of the `named` that work, by name."""
        links: tuple[Link, ...] = self._ask(Survey(), tuple[Link, ...])
        return suitable(links, named)

    def surroundings(self, named: Sequence[str] = ()) -> Networked:
        """The `interfaces`, and the networks that the machine's other interfaces lead to."""
        links: tuple[Link, ...] = self._ask(Survey(), tuple[Link, ...])
        lans = suitable(links, named)
        return Networked(lans, attached(links, lans), virtual(links, lans))

    def named_by_kind(self, kind: str) -> tuple[str, ...]:
        """The names of all interfaces of this kind: `wireguard`, `bridge`, …"""
        links: tuple[Link, ...] = self._ask(Survey(), tuple[Link, ...])
        return tuple(link.name for link in links if link.kind == kind)

    def look(self, interface: str) -> Link | None:
        """The interface as it is now; None if there is none. Costs a system call as long as nothing changed."""
        self._worker.bury()
        self._forget_what_changed()
        if interface not in self._seen:
            link: Link | None = self._ask(Look(interface), Link | None)
            if link is None:
                return None
            self._seen[interface] = link
        return self._seen[interface]

    def neighbour(self, ip: str) -> tuple[str, ...]:
        """The names of the interfaces on whose link this IPv6 address was met lately."""
        names: tuple[str, ...] = self._ask(Neighbour(ip), tuple[str, ...])
        return names

    def edit(self, interface: str, changes: Sequence[LinkChange]) -> tuple[str, ...]:
        """Make the changes in their order, each on its own: for each what went wrong, empty where nothing did."""
        errors: tuple[str, ...] = self._change(interface, Edit(interface, tuple(changes)), tuple[str, ...])
        return errors

    def create(self, interface: str, kind: str, alias: str) -> None:
        """Make a virtual interface of this kind, with its alias or not at all; FileExistsError if the name is taken."""
        self._change(interface, Create(interface, kind, alias), None)

    def label(self, interface: str, alias: str) -> None:
        """Give the interface an alias."""
        self._change(interface, Label(interface, alias), None)

    def delete(self, interface: str) -> None:
        """Take the interface away; its absence is success."""
        self._change(interface, Delete(interface), None)

    def close(self) -> None:
        """End the worker, if one runs."""
        self._worker.close()
        self._watch.close()

    def _forget_what_changed(self) -> None:
        changed = self._watch.drain()
        self._seen = {name: it for name, it in self._seen.items() if changed is not None and it.index not in changed}

    def _change(self, interface: str, request: Request, kind: Any) -> Any:
        # The kernel does not tell everybody of everything: an alias of a link that is down, for one.
        self._seen.pop(interface, None)
        return self._ask(request, kind)

    def _ask(self, request: Request, kind: Any) -> Any:
        answer = msgspec.json.decode(self._worker.ask(msgspec.json.encode(request)), type=Answer)
        if answer.error:
            raise OSError(answer.error, os.strerror(answer.error))
        return msgspec.json.decode(answer.value, type=kind)
