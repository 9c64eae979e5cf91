"""What waits for the node. Anybody can send datagrams, so they are bounded; what we and the operator ask is never lost.

One thread, one event loop: nothing here is locked.
"""

from collections import deque
from typing import Generic, TypeVar

import anyio

from wgmesh.adapters.udp import Datagram

# A second of a hundred nodes starting at once; 1.5 MB at the largest datagram.
DATAGRAMS = 1024
# What one turn of the node takes, so that timers are looked at between turns.
TURN = 64

Item = TypeVar("Item")


class Inbox(Generic[Item]):
    """Two queues: items in order of arrival, then datagrams in theirs. `dropped` counts datagrams that had no room."""

    def __init__(self, datagrams: int = DATAGRAMS) -> None:
        self._items: deque[Item] = deque()
        self._datagrams: deque[Datagram] = deque(maxlen=datagrams)
        self._arrived = anyio.Event()
        self.dropped = 0

    def put(self, item: Item) -> None:
        """Add what must not be lost: a command, a timer, what the machine says of itself."""
        self._items.append(item)
        self._arrived.set()

    def put_datagram(self, datagram: Datagram) -> None:
        """Add a datagram; when there is no room, the one that waited longest goes: its sender has given up first."""
        if len(self._datagrams) == self._datagrams.maxlen:
            self.dropped += 1
        self._datagrams.append(datagram)
        self._arrived.set()

    def take(self, limit: int = TURN) -> list[Item | Datagram]:
        """What the next turn handles, at most `limit`, items first: no flood of datagrams delays a command."""
        taken: list[Item | Datagram] = []
        for queue in (self._items, self._datagrams):
            while queue and len(taken) < limit:
                taken.append(queue.popleft())
        return taken

    async def wait(self, timeout_seconds: float) -> None:
        """Return when there is something to take, or after so many seconds (at once if they are over; inf: never)."""
        if not self._items and not self._datagrams:
            self._arrived = anyio.Event()
            with anyio.move_on_after(max(timeout_seconds, 0)):
                await self._arrived.wait()
