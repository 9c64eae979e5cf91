"""A machine's clocks: one that is steady but not exact, and the wall clock that people and daemons set.

The world's time is never seen by a node: it sees what its own machine counts, in milliseconds.
"""

from tests.simulation.world import MILLISECOND, World

PARTS = 1_000_000


class Clock:
    """`wall` starts at `wall_ms`; `drift` is in parts per million, positive when the machine counts too fast."""

    def __init__(self, world: World, wall_ms: int, drift: int = 0) -> None:
        self._world = world
        self._base = 0  # µs counted until `_since`
        self._since = world.now
        self._drift = drift
        self._wall_ms = wall_ms

    def steady(self) -> int:
        """Ms since the machine was made; it counts on while the machine sleeps (CLOCK_BOOTTIME)."""
        return (self._base + (self._world.now - self._since) * (PARTS + self._drift) // PARTS) // MILLISECOND

    def wall(self) -> int:
        """Ms since 1970, as this machine believes."""
        return self._wall_ms + self.steady()

    def step(self, ms: int) -> None:
        """Somebody sets the wall clock."""
        self._wall_ms += ms

    def drift(self, drift: int) -> None:
        """From now on the machine counts that much too fast."""
        elapsed = (self._world.now - self._since) * (PARTS + self._drift) // PARTS
        self._base, self._since, self._drift = self._base + elapsed, self._world.now, drift

    def instant(self, steady: int) -> int:
        """The first instant of the world at which `steady` shows this."""
        missing = steady * MILLISECOND - self._base
        return self._since + -(-missing * PARTS // (PARTS + self._drift))
