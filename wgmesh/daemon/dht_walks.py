"""The DHT in the daemon: opened when it is first wanted, asked to walk, and what it finds put before the node."""

import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from wgmesh.adapters import state_files
from wgmesh.adapters.dht.compact import pack_contacts, unpack_contacts
from wgmesh.adapters.dht.layer import FAMILIES, Dht
from wgmesh.adapters.dht.mainline import Found, Walked
from wgmesh.domain import inputs as i
from wgmesh.domain.errors import LogFull
from wgmesh.domain.values import Interface
from wgmesh.node import Walk
from wgmesh.settings import parse_place

# Nodes of each family that are read back at a start.
KEPT = 200

log = logging.getLogger("wgmesh")


class DhtWalks:
    """`port` is taken if it is free, else any. `put` takes inputs, `reject` a reason and a source."""

    def __init__(
        self,
        directory: Path,
        port: int,
        bootstrap: Iterable[str],
        put: Callable[[i.Input], None],
        reject: Callable[[str, str], None],
        awake_ms: Callable[[], int],
    ) -> None:
        self._directory, self._put = directory, put
        places = [parse_place(place) for place in bootstrap]
        self._dht = Dht(port, places, self._deliver, reject, os.urandom, awake_ms)
        self._interfaces: tuple[Interface, ...] | None = None

    async def run(self) -> None:
        """Serve until cancelled, and keep the good nodes for the next start."""
        troubles = self._dht.open()
        if len(troubles) == len(FAMILIES):
            reasons = "; ".join(f"{family}: {reason}" for family, reason in troubles.items())
            self._put(i.Suspended("dht", f"no UDP port can be had ({reasons})"))
            return
        self._remember()
        self._put(i.Resumed("dht"))
        try:
            await self._dht.run()
        finally:
            self._keep()

    def follow(self, interfaces: tuple[Interface, ...]) -> None:
        """The machine's own addresses, by which a NAT is known."""
        if interfaces != self._interfaces:
            self._interfaces = interfaces
            self._dht.live_at([prefix.partition("/")[0] for each in interfaces for prefix in each.prefixes])

    def walk(self, walks: Iterable[Walk]) -> None:
        """Set out on each."""
        for walk in walks:
            self._dht.look_up(walk.infohash, walk.announce_port)

    def _deliver(self, result: Found | Walked) -> None:
        if isinstance(result, Found):
            self._put(i.Found("dht", result.peers))
        else:
            log.debug("dht: %d nodes near %s… answered", result.nodes, result.infohash.hex()[:4])

    def _remember(self) -> None:
        for family, name in FAMILIES.items():
            self._dht.add(unpack_contacts(state_files.read_dht_nodes(self._directory, name), family, KEPT))

    def _keep(self) -> None:
        """Where the disk is full they are not kept: the next start begins at the routers."""
        try:
            for family, name in FAMILIES.items():
                state_files.write_dht_nodes(self._directory, name, pack_contacts(self._dht.contacts(family)))
        except LogFull as error:
            log.debug("%s", error)
