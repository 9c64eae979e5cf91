"""The past, made again: a log folded record by record, and recorded inputs decided once more.

A log is data, from whomever it comes: what it says is compared, never believed. Wherever the whole state is known as
the node had it then (by a `StateCarried`, a snapshot, a frame of a recording), the fold must come to the same here.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from wgmesh.domain import snapshot
from wgmesh.domain.decide import step
from wgmesh.domain.draft import State, Step
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.events import MeshJoined, StateCarried
from wgmesh.domain.folding import carried, evolve
from wgmesh.domain.inputs import Input
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.records import Record
from wgmesh.domain.values import Ground, Moment
from wgmesh.node.recording import Beginning, Taken


class Difference(Struct, frozen=True):
    """A fact that is another one here than where the log was written: where it is, and both; None where it is not.

    `sequence`: the record that established it, as far as the fact tells.
    """

    fact: str
    here: Any
    there: Any
    sequence: int | None


class Folded(Struct, frozen=True):
    """One record of a log with the mesh before and after it, and how the latter differs from the state kept there."""

    before: Mesh
    record: Record
    after: Mesh
    differences: tuple[Difference, ...] = ()

    @property
    def first_different(self) -> int:
        """The first record whose fold is known to differ: the one that the earliest of the facts rests on."""
        told = (each.sequence for each in self.differences if each.sequence is not None)
        return min(told, default=self.record.sequence)


class Redecided(Struct, frozen=True):
    """One recorded input: the records that the log has of it, and those that it comes to now.

    `folds_alike`: the state after it has the hash that it had then.
    """

    number: int
    given: Input
    now: Moment
    before: Mesh
    logged: tuple[Record, ...]
    decided: tuple[Record, ...]
    folds_alike: bool

    @property
    def first_different(self) -> tuple[Record | None, Record | None] | None:
        """The first pair of records that are not the same, as logged and as decided now; None if all are."""
        pairs = zip_longest(self.logged, self.decided)
        return next((pair for pair in pairs if pair[0] != pair[1]), None)


def fold_again(records: Iterable[Record], kept: Mapping[int, Mesh], mesh: Mesh | None = None) -> Iterator[Folded]:
    """Each record folded. `kept`: states that were kept behind some of the records, by sequence.

    A record that speaks of a peer nobody introduced, as beside records that cannot be read, changes nothing.
    """
    mesh = mesh or Mesh()
    for record in records:
        try:
            after = evolve(mesh, record)
        except KeyError:
            after = mesh
        yield Folded(mesh, record, after, _against_what_was_kept(mesh, record, after, kept))
        mesh = after


def _against_what_was_kept(
    before: Mesh, record: Record, after: Mesh, kept: Mapping[int, Mesh]
) -> tuple[Difference, ...]:
    if isinstance(record.event, StateCarried) and before.identity:
        return differences(carried(before), record.event)
    there = kept.get(record.sequence)
    return differences(after, there) if there is not None else ()


def differences(here: object, there: object) -> tuple[Difference, ...]:
    """What is not the same in two values of one kind, down to the smallest parts."""
    return tuple(_differences("", here, there, None))


def _differences(fact: str, here: Any, there: Any, ground: int | None) -> Iterator[Difference]:
    """`ground`: the later of the records on which the value around these rests."""
    if here == there:
        return
    ground = _ground_of(here, there) or ground
    match (here, there):
        case (_, None):
            yield Difference(fact, here, there, None)  # what took it away has left no trace
        case (Ground(), Ground()):
            yield Difference(fact, here, there, ground)
        case (Struct(), Struct()) if type(here) is type(there):
            for name in here.__struct_fields__:
                yield from _differences(f"{fact}.{name}".strip("."), getattr(here, name), getattr(there, name), ground)
        case (tuple(), tuple()) | (dict(), dict()):
            ours, theirs = _labelled(here), _labelled(there)
            for label in {**ours, **theirs}:
                yield from _differences(f"{fact}[{label}]", ours.get(label), theirs.get(label), ground)
        case _:
            yield Difference(fact, here, there, ground)


def _ground_of(*values: Any) -> int | None:
    """The last record that either value rests on, as far as it says so itself."""
    grounds = (_named_ground(value) for value in values)
    return max((ground.sequence for ground in grounds if ground is not None), default=None)


def _named_ground(value: Any) -> Ground | None:
    return value if isinstance(value, Ground) else getattr(value, "since", None)


def _labelled(values: Any) -> dict[str, Any]:
    """The parts by a name that a person can follow: what they are called, else their key, else their place."""
    pairs = values.items() if isinstance(values, dict) else enumerate(values)
    return {getattr(value, "hostname", "") or _shown(key): value for key, value in pairs}


def _shown(key: object) -> str:
    return key.hex()[:8] if isinstance(key, bytes) else str(key)


def decide_again(log: Iterable[Record], beginning: Beginning, taken: Iterable[Taken]) -> Iterator[Redecided]:
    """Each recorded input decided by this wgmesh, on the log that its node wrote; ends where the two part.

    WgmeshError, with the place, if the recording is not of this log or reaches where the log does not.
    """
    records = _checked_owner(iter(log), beginning)
    mesh = _where_it_sets_in(records, beginning)
    state = State(mesh, beginning.session)
    for number, each in enumerate(taken, start=1):
        last = each.sequence if each.sequence is not None else state.mesh.head.sequence
        logged = tuple(_records_to(records, state.mesh.head.sequence, last))
        outcome = step(state, each.given, each.now)
        folds_alike = not each.state or each.state == snapshot.fingerprint(outcome.state.mesh)
        again = Redecided(number, each.given, each.now, state.mesh, logged, outcome.records, folds_alike)
        yield again
        if again.first_different or not again.folds_alike:
            return
        state = outcome.state


def decide_on(mesh: Mesh, beginning: Beginning, given: Iterable[tuple[Input, Moment]]) -> Iterator[Step]:
    """These inputs decided from where a recording sets in, wherever that leads: for what is not as it was."""
    state = State(mesh, beginning.session)
    for each, now in given:
        outcome = step(state, each, now)
        yield outcome
        state = outcome.state


def _checked_owner(records: Iterator[Record], beginning: Beginning) -> Iterator[Record]:
    """The records, the first of which says whose they are."""
    for record in records:
        if isinstance(record.event, MeshJoined | StateCarried) and record.event.identity != beginning.identity:
            raise WgmeshError("the recording is of another node than the log")
        yield record


def _where_it_sets_in(records: Iterator[Record], beginning: Beginning) -> Mesh:
    mesh, wanted = Mesh(), beginning.sequence
    for record in _records_to(records, 0, wanted) if wanted else ():
        mesh = evolve(mesh, record)
    if snapshot.fingerprint(mesh) != beginning.state:
        raise WgmeshError(
            f"the log, folded up to record {wanted}, is not the state in which the recording sets in: it is of another"
            f" time of this node, or wgmesh {beginning.program}, which recorded it, folds otherwise"
        )
    return mesh


def _records_to(records: Iterator[Record], after: int, last: int) -> Iterator[Record]:
    """The next records up to and with `last`, as a decision has them: without their chains."""
    while after < last:
        record = next(records, None)
        if record is None or record.sequence > last:
            where = f"ends at record {after}" if record is None else f"begins at record {record.sequence}"
            raise WgmeshError(f"the recording needs record {last}, but the log {where}")
        after = record.sequence
        yield replace(record, chain=b"")
