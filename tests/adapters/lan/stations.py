"""LAN layers to test with, each in a network of its own, with all that they hear and refuse."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

from tests.adapters.lan import flood
from tests.adapters.wires import Network
from wgmesh.adapters.lan.layer import Lan, Trouble
from wgmesh.adapters.udp import Datagram
from wgmesh.domain.values import Interface

GROUP = flood.GROUP
A, B = ("10.9.0.1/24", "fe80::a/64"), ("10.9.0.2/24", "fe80::b/64")
# Long enough for a datagram to cross a cable and a pause of the reader.
SETTLED_SECONDS = 0.05


class Station:
    """A LAN layer in a network, with all that it heard and refused; its clock is the test's."""

    def __init__(self, network: Network, group: str = GROUP) -> None:
        self.network = network
        self.heard: list[Datagram] = []
        self.refused: Counter[tuple[str, str]] = Counter()
        self.now_ms = 0
        self._changed = anyio.Event()
        self.lan = Lan(group, self._hear, self._refuse, lambda: self.now_ms)

    def _hear(self, datagram: Datagram) -> None:
        self.heard.append(datagram)
        self._changed.set()

    def _refuse(self, fault: str, source: str) -> None:
        self.refused[fault, source] += 1
        self._changed.set()

    def follow(self, *interfaces: Interface) -> tuple[Trouble, ...]:
        with self.network.entered():
            return self.lan.follow(interfaces)

    async def hears(self, count: int = 1) -> list[Datagram]:
        """What it has heard, once there is so much of it; and nothing more comes."""
        await self.until(lambda: len(self.heard) >= count)
        await anyio.sleep(SETTLED_SECONDS)
        assert len(self.heard) == count
        heard, self.heard = self.heard, []
        return heard

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition that what it hears or refuses can make true."""
        with anyio.fail_after(2):
            while not condition():
                self._changed = anyio.Event()
                await self._changed.wait()


@asynccontextmanager
async def station(network: Network, *interfaces: Interface, group: str = GROUP) -> AsyncIterator[Station]:
    made = Station(network, group)
    assert made.follow(*interfaces) == ()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(made.lan.run)
        yield made
        tasks.cancel_scope.cancel()
