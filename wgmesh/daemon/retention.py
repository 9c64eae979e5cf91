"""The log's long life: records older than `keep` go, and what they made true is carried along by one that stays.

So often, the whole state is recorded, and the log begins with the newest such record that is old enough: it reaches
back between one `keep` and a quarter more. Where it comes near its cap it begins later than that. This is never a
reason to stop: what cannot be shortened now is tried again after the next records.
"""

import logging
from collections.abc import Iterator

from wgmesh.adapters.event_log.verify import Carried
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.domain.errors import LogFull
from wgmesh.domain.inputs import Carry, Compacted, Input
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import HOUR, MINUTE

# The state is recorded so often in the time that records are kept, and as often in the size that they may have.
SHARES = 4
# But at most once in this time, however fast the log grows: the state of a large mesh is a megabyte.
CARRY_PAUSE = HOUR
# An input that a full disk dropped is put again.
ASK_AGAIN = MINUTE
# Of the cap, so much is left for the records of one turn: the log is shortened before the commit that would cross it.
RESERVED_SHARE = 8

log = logging.getLogger("wgmesh")


class Retention:
    """Keeps one log to its age (`keep`, ms of wall clock, since it is a promise to people) and to its size."""

    def __init__(self, event_log: EventLog, keep: int, cap_bytes: int) -> None:
        self._log = event_log
        self._keep = keep
        self._cap_bytes = cap_bytes
        self._looked_at = 0
        self._told = 0
        self._reason = "start"
        self._asked: int | None = None

    def look(self, mesh: Mesh, at: int) -> list[Input]:
        """Shorten the log if it is time, and say what the node is to decide for it. Cheap while nothing was written."""
        if self._log.head.sequence == self._looked_at or mesh.settings is None:
            return []
        self._looked_at = self._log.head.sequence
        try:
            self._shorten(at)
        except LogFull as error:
            log.warning("the log cannot be shortened: %s", error)
        return [*self._news(mesh), *self._wish(mesh, at)]

    def _shorten(self, at: int) -> None:
        limit = self._cap_bytes - self._cap_bytes // RESERVED_SHARE
        while (following := self._following()) and self._log.size_bytes >= limit:
            self._begin_at(following[0], "cap")
        aged = [carried for carried in self._following() if at - carried.at >= self._keep]
        if aged:
            self._begin_at(aged[-1], "keep")

    def _following(self) -> list[Carried]:
        """Where the log could begin, but does not."""
        return [carried for carried in self._log.carried if carried.sequence > self._log.beginning.sequence + 1]

    def _begin_at(self, carried: Carried, reason: str) -> None:
        self._log.begin_at(carried)
        self._reason = reason

    def _news(self, mesh: Mesh) -> Iterator[Input]:
        """The log begins elsewhere than it says; said once, and also after a recovery or a crash in between."""
        beginning = self._log.beginning
        if beginning.sequence not in (mesh.dropped, self._told):
            yield Compacted(beginning.sequence, beginning.chain, self._reason)
        self._told = beginning.sequence

    def _wish(self, mesh: Mesh, at: int) -> Iterator[Input]:
        # Every age is taken for over that is not in its range: a clock that was set back puts nothing off.
        age = at - (self._log.carried[-1].at if self._log.carried else mesh.joined.at)
        is_old = not 0 <= age < self._keep // SHARES
        is_full = not 0 <= age < CARRY_PAUSE and self._grown_bytes() >= self._cap_bytes // SHARES
        is_asked = self._asked is not None and 0 <= at - self._asked < ASK_AGAIN
        if (is_old or is_full) and not is_asked:
            self._asked = at
            yield Carry()

    def _grown_bytes(self) -> int:
        """About how much was written since the state was recorded."""
        first, last = self._log.beginning.sequence, self._log.head.sequence
        since = self._log.carried[-1].sequence if self._log.carried else first
        return self._log.size_bytes * (last - since) // (last - first)
