"""A full disk stops decisions, as in the real daemon: what was not decided is counted, and the log is tried again."""

from collections.abc import Sequence

from wgmesh.domain.inputs import Input, Networked, Thawed
from wgmesh.domain.values import SECOND

# Between two tries, in ms.
RETRY_PAUSE = 10 * SECOND


class Frost:
    """`since` (ms, wall clock) while the disk is full; `retry_at` is on `awake`."""

    def __init__(self) -> None:
        self.since: int | None = None
        self.retry_at = 0
        self._undecided = 0
        self._networks: tuple[Networked, ...] = ()

    def holds(self, awake: int) -> bool:
        """Is it too early to try again?"""
        return self.since is not None and awake < self.retry_at

    def missed(self) -> tuple[Input, ...]:
        """What is told first when there is room again: that there was none, and the last word on our networks."""
        return () if self.since is None else (Thawed(self._undecided, self.since), *self._networks)

    def drop(self, inputs: Sequence[Input], at: int, awake: int) -> None:
        """These are not decided."""
        if self.since is None:
            self.since = at
        if awake >= self.retry_at:
            self.retry_at = awake + RETRY_PAUSE
        self._undecided += len(inputs)
        self._networks = (*self._networks, *(given for given in inputs if isinstance(given, Networked)))[-1:]

    def thaw(self) -> None:
        """There is room."""
        self.since, self._undecided, self._networks = None, 0, ()
