"""The operator's `--peer NAME`, as in the real daemon: looked up at the start, after failures, and now and then.

The names are those of machines, and what they lead to is where the machine is now.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.simulation.world import SECOND, World
from wgmesh.domain.inputs import Found
from wgmesh.domain.values import Endpoint

if TYPE_CHECKING:
    from tests.simulation.machine import Machine

FIRST_PAUSE = 5 * SECOND
LONGEST_PAUSE = 300 * SECOND


class Lookups:
    """Of one run of a daemon; `put` takes what was found, until `stop`."""

    def __init__(self, world: World, names: "list[Machine]", port: int, put: Callable[[Found], None]) -> None:
        self._world = world
        self._names = names
        self._port = port
        self._put = put
        self._round = 0

    def look(self) -> None:
        """Look everything up, now: a run begins, or our networks are others."""
        self._round += 1
        for machine in self._names:
            self._follow(machine, FIRST_PAUSE, self._round)

    def stop(self) -> None:
        """The run is over."""
        self._round += 1

    def _follow(self, machine: "Machine", pause: int, which: int) -> None:
        if which != self._round:
            return
        addresses = [nic.address("") for nic in machine.nics if nic.segment is not None and nic.ipv4]
        if addresses:
            self._put(Found("peer", tuple(Endpoint(address, self._port) for address in addresses)))
        following = min(2 * pause, LONGEST_PAUSE)
        self._world.after(LONGEST_PAUSE if addresses else following, self._follow, machine, following, which)
