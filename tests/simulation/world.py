"""Time, as one heap of happenings: whatever happens was put there, and what is due first happens first.

Of two that are due at one instant the one that was put there first happens first, so a world has one course. Instants
are microseconds since its beginning. Chance comes from the seed, in streams of their own: who draws more from one
changes nothing for the others.
"""

import heapq
from collections.abc import Callable
from random import Random
from typing import Any

MICROSECONDS = 1  # the unit of all instants and delays in here
MILLISECOND = 1000 * MICROSECONDS
SECOND = 1000 * MILLISECOND
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

Happening = Callable[..., None]


class World:
    """`now` is the present instant, `happened` counts what happened so far."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.now = 0
        self.happened = 0
        self._numbers = 0
        self._heap: list[tuple[int, int, Happening, tuple[Any, ...]]] = []

    def chance(self, purpose: str) -> Random:
        """A stream of chance of its own."""
        return Random(f"{self.seed}/{purpose}")

    def at(self, instant: int, happening: Happening, *given: Any) -> None:
        """Let it happen at this instant, or now where that is over."""
        self._numbers += 1
        heapq.heappush(self._heap, (max(instant, self.now), self._numbers, happening, given))

    def after(self, delay: int, happening: Happening, *given: Any) -> None:
        """Let it happen so much later."""
        self.at(self.now + delay, happening, *given)

    def run(self, until: int) -> None:
        """Let everything happen that is due until then."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            self.now, _, happening, given = heapq.heappop(heap)
            self.happened += 1
            happening(*given)
        self.now = until
