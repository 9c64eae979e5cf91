"""A full disk stops decisions, not tunnels: inputs are counted and dropped, and the log is tried again every 10 s.

The ballast, a file kept for this, is given up first: it is room for a last word and for the operator to see it.
"""

import logging
from collections.abc import Callable, Sequence

from wgmesh.domain.errors import LogFull
from wgmesh.domain.inputs import Input, Networked, Stop, Thawed
from wgmesh.domain.values import SECOND
from wgmesh.node import Node, Turn

RETRY_PAUSE = 10 * SECOND

log = logging.getLogger("wgmesh")


class Freezer:
    """`since` (ms, wall clock) while the disk is full; `dropped` inputs were not decided in that time."""

    def __init__(self, free_ballast: Callable[[], bool], renew_ballast: Callable[[], None]) -> None:
        self._free_ballast = free_ballast
        self._renew_ballast = renew_ballast
        self._retry_at = 0
        self._networks: tuple[Networked, ...] = ()
        self.since: int | None = None
        self.dropped = 0

    def next_wakeup(self) -> int | None:
        """When (`awake`, ms) the log is tried again; None while it can be written."""
        return None if self.since is None else self._retry_at

    def turn(self, node: Node, inputs: Sequence[Input], at: int, awake: int) -> Turn:
        """The node's turn. LogFull when it could not be written and the node is as before."""
        if self.since is not None and awake < self._retry_at:
            return self._drop(inputs, at, awake)
        thawed: tuple[Input, ...] = () if self.since is None else (Thawed(self.dropped, self.since), *self._networks)
        try:
            turn = node.turn((*thawed, *inputs), at, awake)
        except LogFull:
            if not self._free_ballast():
                return self._drop(inputs, at, awake)
            return self.turn(node, inputs, at, awake)
        if thawed:
            self._thaw()
        return turn

    @staticmethod
    def ends(inputs: Sequence[Input]) -> bool:
        """Was the daemon asked to end? It may, without a record of it; to leave the mesh it may not."""
        return any(isinstance(given, Stop) for given in inputs)

    def _drop(self, inputs: Sequence[Input], at: int, awake: int) -> Turn:
        if self.since is None:
            log.error("the disk is full: tunnels stay as they are, nothing new is decided; make room on it")
            self.since = at
        if awake >= self._retry_at:
            self._retry_at = awake + RETRY_PAUSE
        self.dropped += len(inputs)
        # Nobody tells us again how our networks are: the last word on them waits for room.
        self._networks = (*self._networks, *(given for given in inputs if isinstance(given, Networked)))[-1:]
        raise LogFull("the disk of the state directory is full: make room on it")

    def _thaw(self) -> None:
        self.since, self.dropped, self._networks = None, 0, ()
        self._renew_ballast()
