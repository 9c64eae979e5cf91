"""Stories about one node that read like the protocol: given(events).when(input, at="3 s").then(events and effects).

No fixtures and no stand-ins: the step is the real one. After every step it is checked that the log alone makes the same
mesh, that the same arguments make the same step again, and that nothing in tests/invariants.py is broken.
"""

import hashlib
import re
from dataclasses import dataclass, replace

from msgspec import msgpack

from tests import invariants
from wgmesh.domain import cadence
from wgmesh.domain.decide import step
from wgmesh.domain.draft import State
from wgmesh.domain.effects import Effect
from wgmesh.domain.events import Event
from wgmesh.domain.folding import evolve
from wgmesh.domain.inputs import Due, Input
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.records import Record
from wgmesh.domain.values import DAY, HOUR, MINUTE, SECOND, Moment

# When every story begins: 2026-01-01 12:00:00 UTC, in ms.
NOON = 1_767_268_800_000
UNITS = {"ms": 1, "s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY}


def due_tasks(state: State, now: int) -> tuple[str, ...]:
    """The tasks whose time has come."""
    return tuple(task for task, at in cadence.deadlines(state).items() if at <= now)


def next_wakeup(state: State) -> int | None:
    """When the next task is due."""
    return min(cadence.deadlines(state).values(), default=None)


def span(text: str) -> int:
    """`1 h 5 min`, `8.5 s`, `-250 ms` in ms."""
    parts = re.findall(r"(-?[0-9.]+) (ms|s|min|h|d)", text)
    assert " ".join(f"{number} {unit}" for number, unit in parts) == text, f"not a time: {text!r}"
    return round(sum(float(number) * UNITS[unit] for number, unit in parts))


@dataclass(frozen=True)
class Resting:
    """An event that must cite records of exactly these kinds, in this order."""

    event: Event
    on: tuple[type, ...]


def resting(event: Event, *, on: type | tuple[type, ...]) -> Resting:
    """The event, and what it rests on."""
    return Resting(event, on if isinstance(on, tuple) else (on,))


@dataclass(frozen=True)
class Playbook:
    """A story so far: a value, so that two may go on from one.

    `records` is the whole log; `recent` and `effects` are of the last step. `now` is ms on `awake`.
    """

    state: State
    records: tuple[Record, ...] = ()
    now: int = 0
    steps: int = 0
    recent: tuple[Record, ...] = ()
    effects: tuple[Effect, ...] = ()

    @property
    def mesh(self) -> Mesh:
        return self.state.mesh

    @property
    def events(self) -> tuple[Event, ...]:
        """What the last step recorded."""
        return tuple(record.event for record in self.recent)

    def given(self, *events: Event, at: str | None = None, cause: str = "lan") -> "Playbook":
        """These events are in the log as well."""
        now = self.now if at is None else span(at)
        mesh, records = self.mesh, self.records
        for event in events:
            record = Record(mesh.head.sequence + 1, NOON + now, now, cause, (), event)
            mesh, records = evolve(mesh, record), (*records, record)
        return replace(self, state=State(mesh, self.state.session), records=records, now=now)

    def when(self, given: Input, at: str | None = None, clock_set: str = "0 s") -> "Playbook":
        """An input comes; `at` counts from the beginning, `clock_set` is how far the wall clock is off by then."""
        now = self.now if at is None else span(at)
        assert now >= self.now, "stories go forward"
        lot = hashlib.sha256(b"playbook" + self.steps.to_bytes(8)).digest()[:8]
        moment = Moment(NOON + now + span(clock_set), now, lot)
        outcome, again = step(self.state, given, moment), step(self.state, given, moment)
        assert msgpack.encode(outcome) == msgpack.encode(again), "the same arguments must make the same step"
        after = replace(
            self,
            state=outcome.state,
            records=(*self.records, *outcome.records),
            now=now,
            steps=self.steps + 1,
            recent=outcome.records,
            effects=outcome.effects,
        )
        after._check(self.mesh)
        return after

    def then(self, *expected: Event | Effect | Resting, cause: str | None = None) -> "Playbook":
        """The last step recorded exactly these events and wants exactly these effects, both in this order."""
        events = [each.event if isinstance(each, Resting) else each for each in expected]
        wanted = [each for each in events if isinstance(each, Event)]
        effects = [each for each in events if isinstance(each, Effect)]
        assert list(self.events) == wanted, _difference(self.events, wanted)
        assert list(self.effects) == effects, _difference(self.effects, effects)
        kinds = {record.sequence: type(record.event) for record in self.records}
        for record, each in zip(self.recent, (each for each in expected if not isinstance(each, Effect)), strict=True):
            assert cause in (None, record.cause), f"{record.event} is caused by {record.cause}, not {cause}"
            if isinstance(each, Resting):
                cited = tuple(kinds[sequence] for sequence in record.because)
                assert cited == each.on, f"{record.event} rests on {cited}, not {each.on}"
        return self

    def until(self, at: str) -> "Playbook":
        """Time passes and every task runs when it is due; what they recorded and want counts as one last step."""
        story, recent, effects = self, list[Record](), list[Effect]()
        while (due := next_wakeup(story.state)) is not None and due <= span(at):
            for task in due_tasks(story.state, max(due, story.now)):
                story = story.when(Due(task), f"{max(due, story.now)} ms")
                recent += story.recent
                effects += story.effects
        return replace(story, now=max(span(at), story.now), recent=tuple(recent), effects=tuple(effects))

    def _check(self, before: Mesh) -> None:
        if self.recent:
            invariants.check_progress(before, self.mesh)
            invariants.check_fold(self.records, self.mesh)
        if self.mesh.parameters:
            invariants.check(self.mesh, self.now)


def given(*events: Event, cause: str = "lan") -> Playbook:
    """A story begins: this is in the log, and a run has just begun."""
    return Playbook(State()).given(*events, cause=cause)


def _difference(got: object, wanted: object) -> str:
    return f"\n  got:    {got}\n  wanted: {wanted}"
