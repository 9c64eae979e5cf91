"""Visits to the registry in one run of a daemon, as in the real one: one at a time, each request there and back."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from tests.simulation.world import MILLISECOND, SECOND
from wgmesh.domain.errors import Refused
from wgmesh.domain.inputs import Consulted
from wgmesh.domain.values import Endpoint
from wgmesh.domain.visiting import Errand, Request, Visit, visit
from wgmesh.node import Node

if TYPE_CHECKING:
    from tests.simulation.machine import Machine

# Where it is; only that there is a way there matters.
PLACE = Endpoint("198.18.1.1", 443)
HOST = "registry.example"
# A request without an answer is given up.
PATIENCE = 10 * SECOND
# A daemon that got no processor looks so much later what it missed.
STALLED = SECOND


class Visits:
    """Of one run: `put` takes what each visit came to, `awake` is the run's clock in ms."""

    def __init__(
        self, machine: "Machine", node: Node, put: Callable[[Consulted], None], awake: Callable[[], int]
    ) -> None:
        self._machine, self._node, self._put, self._awake = machine, node, put, awake
        self._chance = machine.world.chance(f"visits {machine.number}")
        self._wanted: Errand | None = None
        self._is_out = False
        self._ended = False

    def set_out(self, errands: Iterable[Errand]) -> None:
        """Go on the newest of these errands as soon as the visit before it is over."""
        for errand in errands:
            self._wanted = errand
        self._begin()

    def end(self) -> None:
        """The run is over."""
        self._ended = True

    def _begin(self) -> None:
        if self._wanted is not None and not self._is_out:
            errand, self._wanted, self._is_out = self._wanted, None, True
            visiting = visit(errand, self._node.notes.opened)
            self._go_on(visiting, lambda: next(visiting))

    def _go_on(self, visiting: Visit, step: Callable[[], Request]) -> None:
        """The visit takes its next step, unless nobody is there to take it."""
        machine = self._machine
        if self._ended:
            return
        if machine.paused or not machine.is_running():
            machine.world.after(STALLED, self._go_on, visiting, step)
            return
        try:
            request = step()
        except StopIteration as over:
            self._is_out = False
            self._put(self._node.consulted(over.value, HOST, self._awake()))
            self._begin()
        else:
            machine.world.after(self._delay(), self._arrive, visiting, request)

    def _arrive(self, visiting: Visit, request: Request) -> None:
        """The request reaches the server, if there is a way."""
        world = self._machine.world
        assert self._machine.registry is not None
        if not self._machine.finds_way(PLACE):
            world.after(PATIENCE, self._go_on, visiting, lambda: visiting.throw(Refused("it cannot be reached")))
            return
        try:
            answer = self._machine.registry.answer(request)
        except Refused as refused:
            world.after(self._delay(), self._go_on, visiting, lambda refused=refused: visiting.throw(refused))
        else:
            world.after(self._delay(), self._go_on, visiting, lambda: visiting.send(answer))

    def _delay(self) -> int:
        return self._chance.randrange(20, 400) * MILLISECOND
