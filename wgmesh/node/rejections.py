"""What arrived and was not for us: counted, never answered, told once an epoch."""

from wgmesh.domain.cadence import EPOCH
from wgmesh.domain.inputs import Rejected

# Sources named in the log, and sources counted at once (a million spoofed ones must not fill memory).
NAMED = 8
COUNTED = 64


class Rejections:
    """Counts since the last report."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._sources: dict[str, int] = {}
        self._since: int | None = None

    def count(self, reason: str, source: str, now: int, times: int = 1) -> None:
        """One more for this reason. Of too many sources the quietest gives way, and leaves its count to the next."""
        if self._since is None:
            self._since = now
        self._counts[reason] = self._counts.get(reason, 0) + times
        inherited = 0
        if source not in self._sources and len(self._sources) >= COUNTED:
            quietest = min(self._sources, key=self._sources.__getitem__)
            inherited = self._sources.pop(quietest)
        self._sources[source] = self._sources.get(source, inherited) + times

    @property
    def due(self) -> int | None:
        """When (`awake`) there is something to report: an epoch after the first; None while there is nothing."""
        return None if self._since is None else self._since + EPOCH

    def report(self) -> Rejected:
        """What was counted, and begin anew."""
        rejected = self.so_far()
        self._counts, self._sources, self._since = {}, {}, None
        return rejected

    def so_far(self) -> Rejected:
        """What was counted since the last report."""
        loudest = sorted(self._sources, key=lambda source: (-self._sources[source], source))[:NAMED]
        return Rejected(dict(sorted(self._counts.items())), tuple(loudest))
