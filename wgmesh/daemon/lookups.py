"""The operator's `--peer`, `--endpoint` and `--stun`: names are looked up at the start, after failures, now and then.

An address that is written as one is told just the same. What a name leads to may change with the network that we are
in, so a change of networks looks again at once.
"""

import logging
from collections.abc import Callable, Sequence

import anyio

from wgmesh.adapters.names import resolve
from wgmesh.domain.inputs import Found, Input, Listed, Located
from wgmesh.domain.values import Endpoint
from wgmesh.settings import parse_place

Put = Callable[[Input], None]
Tell = Callable[[tuple[Endpoint, ...]], Input]

# After a failure, and doubled with each that follows; a name that was found is looked at again as seldom as that.
FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 300.0
# Servers are needed every half hour at most.
SERVERS_PAUSE_SECONDS = 1700.0

log = logging.getLogger("wgmesh")


class Lookups:
    """All places that the operator named; `changed` is called when the machine's networks are others."""

    def __init__(self, peers: Sequence[str], endpoints: Sequence[str], servers: Sequence[str], put: Put) -> None:
        self._peers, self._endpoints, self._servers = tuple(peers), tuple(endpoints), tuple(servers)
        self._put = put
        self._change = anyio.Event()

    def changed(self) -> None:
        """Look everything up again, now."""
        self._change.set()
        self._change = anyio.Event()

    async def run(self) -> None:
        """Look up, tell, and look again, until cancelled."""
        async with anyio.create_task_group() as tasks:
            for place in self._peers:
                tasks.start_soon(self._follow, (place,), lambda found: Found("peer", found))
            # all together, also when there are none: an earlier start may have had some
            tasks.start_soon(self._follow, self._endpoints, Located)
            if self._servers:
                tasks.start_soon(self._follow, self._servers, Listed, SERVERS_PAUSE_SECONDS)

    async def _follow(
        self, places: tuple[str, ...], tell: Tell, settled_seconds: float = LONGEST_PAUSE_SECONDS
    ) -> None:
        pause_seconds, failing = FIRST_PAUSE_SECONDS, ""
        while True:
            found, failure = await _look_up(places)
            if found or not failure or tell is Listed:
                self._put(tell(found))
            if failure and failure != failing:
                log.warning("%s; it is tried again", failure)
            pause_seconds = min(2 * pause_seconds, LONGEST_PAUSE_SECONDS) if failure else settled_seconds
            failing = failure
            change = self._change
            with anyio.move_on_after(pause_seconds):
                await change.wait()
                pause_seconds = FIRST_PAUSE_SECONDS


async def _look_up(places: tuple[str, ...]) -> tuple[tuple[Endpoint, ...], str]:
    """What was found of these places, and what is wrong with the last that was not."""
    found, failure = list[Endpoint](), ""
    for place in places:
        host, port = parse_place(place)
        try:
            found += await resolve(host, port)
        except OSError as error:
            failure = f"{host} has no address now ({error.strerror or error})"
    return tuple(found), failure
