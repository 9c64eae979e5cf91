"""The one place that reads clocks: wall-clock time to be shown, and this node's running life to measure with."""

import time


class Clock:
    """Time for decisions. The running life goes on through suspend (CLOCK_BOOTTIME) and stands still while we are down.

    `carried_over_ms` is how long the node had lived when the last record of its log was written.
    """

    def __init__(self, carried_over_ms: int = 0) -> None:
        self._started_ms = _since_boot_ms() - carried_over_ms

    def now(self) -> tuple[int, int]:
        """`(at, awake)`: ms since 1970, which may step in either direction, and ms of running life, which never do."""
        return time.time_ns() // 1_000_000, self.awake()

    def awake(self) -> int:
        """Milliseconds of this node's running life."""
        return _since_boot_ms() - self._started_ms


def suspended() -> int:
    """Milliseconds that this machine has been suspended since it booted."""
    awake = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1_000_000
    return _since_boot_ms() - awake


def _since_boot_ms() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
