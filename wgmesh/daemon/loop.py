"""The daemon's one loop: wait, take what came, let the node decide, bring the device up to date, then send.

Everything that happens is put into the inbox by small tasks, one a source; only this loop touches the node.
"""

import math
from collections.abc import Callable, Sequence

from wgmesh.adapters.clock import Clock, suspended
from wgmesh.adapters.inbox import Inbox
from wgmesh.adapters.udp import Datagram
from wgmesh.daemon import reports
from wgmesh.daemon.freezer import Freezer
from wgmesh.daemon.names import Names
from wgmesh.daemon.tunnel import Tunnel
from wgmesh.daemon.uplinks import Uplinks
from wgmesh.domain.effects import Exit, RemoveInterface, Sample
from wgmesh.domain.errors import LogFull
from wgmesh.domain.inputs import Input, Start, Woke
from wgmesh.domain.values import SECOND
from wgmesh.node import Node, Turn
from wgmesh.node.reception import Arrival
from wgmesh.projections.lan_interfaces import lan_interfaces

# A device that is never as it should be is looked at again with the next sample, not for ever in one turn.
ROUNDS = 3
# A shorter suspension is not told from the time between reading two clocks.
SLEEP_NOTICED = SECOND


class Loop:
    """Runs a started node until it exits."""

    def __init__(
        self,
        node: Node,
        inbox: Inbox[Input],
        clock: Clock,
        tunnel: Tunnel,
        uplinks: Uplinks,
        freezer: Freezer,
        names: Names,
        checkpoint: Callable[[], None],
    ) -> None:
        self._node = node
        self._inbox = inbox
        self._clock = clock
        self._tunnel = tunnel
        self._uplinks = uplinks
        self._freezer = freezer
        self._names = names
        self._checkpoint = checkpoint
        self._ended = False
        self._suspended = suspended()

    async def run(self, first: Sequence[Input]) -> None:
        """Decide the first inputs, then serve until the node says that it is over."""
        await self._decide(first)
        while not self._ended:
            await self._inbox.wait(self._pause_seconds())
            await self._decide(self._take())

    async def _decide(self, inputs: Sequence[Input]) -> None:
        """A turn, and those that follow from what it did to the machine."""
        for _ in range(ROUNDS):
            turn = self._turn(inputs)
            inputs = await self._act(turn)
            if not inputs or self._ended:
                return

    async def _act(self, turn: Turn) -> list[Input]:
        """Carry out a turn: sockets and device first, then what is to be said. What was seen is new input."""
        node, mesh, awake = self._node, self._node.mesh, self._clock.awake()
        seen: list[Input] = [*self._uplinks.follow(lan_interfaces(mesh), mesh.listen_port, awake)]
        if turn.nudges:
            seen.append(await self._tunnel.free_sources())
        elif Sample() in turn.commands:
            seen.append(await self._tunnel.look())
        ending = [command for command in turn.commands if not isinstance(command, Sample)]
        if not ending and (turn.records or seen or turn.redials):
            awake = self._clock.awake()
            seen += await self._tunnel.reconcile(mesh, awake, node.desired(awake), node.leases)
            seen += await self._tunnel.redial(turn.redials)
            seen += await self._names.follow(mesh, self._clock.awake())
        self._uplinks.relay(mesh)
        self._uplinks.send(turn.outgoing)
        self._uplinks.nudge(turn.nudges)
        self._uplinks.ask(turn.echoes)
        self._uplinks.walk(turn.walks)
        self._uplinks.visit(turn.errands)
        self._uplinks.send_packets(turn.packets)
        for command in ending:
            await self._end(command)
        return seen

    async def _end(self, command: RemoveInterface | Exit) -> None:
        if isinstance(command, RemoveInterface):
            await self._tunnel.remove()
            await self._names.clear()
        self._ended = True

    def _turn(self, inputs: Sequence[Input]) -> Turn:
        """Let the node decide, unless the disk is full: then nothing is decided, and tunnels stay as they are."""
        at, awake = self._clock.now()
        before = self._node.mesh
        try:
            turn = self._freezer.turn(self._node, inputs, at, awake)
        except LogFull:
            if any(isinstance(given, Start) for given in inputs):
                raise  # without a record of its start a run is none: it would go on as the one before
            self._ended = self._freezer.ends(inputs)
            return Turn()
        reports.tell(before, turn.records)
        self._checkpoint()
        return turn

    def _take(self) -> list[Input]:
        at, awake = self._clock.now()
        taken = [*self._woken(), *(self._read(item, at, awake) for item in self._inbox.take())]
        if dropped := self._inbox.dropped:
            self._node.reject("flood", "", awake, dropped)
            self._inbox.dropped = 0
        return [*(item for item in taken if item is not None), *self._node.due(awake)]

    def _woken(self) -> list[Input]:
        """Was the machine suspended since we last looked?"""
        slept, self._suspended = suspended() - self._suspended, suspended()
        return [Woke(slept)] if slept >= SLEEP_NOTICED else []

    def _read(self, item: Input | Datagram, at: int, awake: int) -> Input | None:
        if not isinstance(item, Datagram):
            return item
        if item.layer == "port":
            return self._node.hear(item.sender, item.data, awake)
        return self._node.receive(Arrival(item.layer, item.interface, item.sender, item.data), at, awake)

    def _pause_seconds(self) -> float:
        wakeup = self._freezer.next_wakeup() or self._node.next_wakeup()
        return math.inf if wakeup is None else (wakeup - self._clock.awake()) / SECOND
