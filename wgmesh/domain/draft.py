"""One step in the making: policies read the draft, and what they yield is numbered and folded at once.

So the next policy sees what the one before it decided, and may cite it. A policy yields `(event, because)`, where
`because` holds the sequences of the records it rests on, or an effect.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from wgmesh.domain.effects import Effect
from wgmesh.domain.events import Event, LogRecovered
from wgmesh.domain.folding import evolve
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.records import Record
from wgmesh.domain.session import Session
from wgmesh.domain.values import Incarnation, Moment

NEVER = Incarnation(0, 0)
Because = tuple[int, ...]
Item = tuple[Event, Because] | Effect
Verdict = Iterator[Item]


class State(Struct, frozen=True):
    """All that decisions depend on: what the log says, and what this run is in the middle of."""

    mesh: Mesh = Mesh()
    session: Session = Session()

    def last_counter(self, identity: bytes) -> Incarnation:
        """The highest counter of its messages that we acted on: what is not above it is a replay."""
        held = self.mesh.held(identity)
        return max(self.session.counters.get(identity, NEVER), held.counter if held else NEVER)


class Step(Struct, frozen=True):
    """The outcome of one input. Effects may run only when the records are durable."""

    state: State
    records: tuple[Record, ...]
    effects: tuple[Effect, ...]


class Draft:
    """The only mutable value of the core; it lives for one step."""

    __slots__ = ("cause", "effects", "mesh", "now", "records", "session")

    def __init__(self, state: State, now: Moment, cause: str) -> None:
        self.mesh = state.mesh
        self.session = state.session
        self.now = now
        self.cause = cause
        self.records: list[Record] = []
        self.effects: list[Effect] = []

    def take(self, verdict: Iterable[Item]) -> None:
        """Fold each event as it is yielded; keep each effect for after the commit."""
        for item in verdict:
            if isinstance(item, tuple):
                self._record(*item)
            else:
                self.effects.append(item)

    def remember(self, **changes: object) -> None:
        """Replace fields of the session."""
        self.session = replace(self.session, **changes)

    def step(self) -> Step:
        """What came of it."""
        return Step(State(self.mesh, self.session), tuple(self.records), tuple(self.effects))

    def _record(self, event: Event, because: Because) -> None:
        # After a damage the numbers of what was lost are never given out again.
        record = Record(
            sequence=event.resumes_at if isinstance(event, LogRecovered) else self.mesh.head.sequence + 1,
            at=self.now.at,
            awake=self.now.awake,
            cause=self.cause,
            because=because,
            event=event,
        )
        self.records.append(record)
        self.mesh = evolve(self.mesh, record)
