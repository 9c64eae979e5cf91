"""Logs to test with, on a real disk."""

import sqlite3
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from tests.golden.samples import sample
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.domain.events import VERSIONS, LogRecovered, NodeStopped, StateCarried
from wgmesh.domain.records import Record, catalogue_of
from wgmesh.domain.upcasts import UPCASTS

AT = 1_760_000_000_000


class Unheard(Struct, frozen=True, forbid_unknown_fields=True):
    """An event of a later wgmesh."""


AGED = {key: upcast for key, upcast in UPCASTS.items() if key[0] == "StateCarried"}
OURS = (NodeStopped, LogRecovered, StateCarried)
NEWER = catalogue_of((*OURS, Unheard), {"StateCarried": VERSIONS["StateCarried"]}, AGED)


def a_record(sequence: int, reason: str = "SIGTERM") -> Record:
    return Record(
        sequence, AT + sequence, sequence * 1000, "operator", tuple(range(1, sequence))[-1:], NodeStopped(reason)
    )


def a_state(sequence: int) -> Record:
    """A record behind which a log can begin."""
    return Record(sequence, AT + sequence, sequence * 1000, "log", (), sample(StateCarried))


def an_unheard(sequence: int) -> Record:
    return Record(sequence, AT, 0, "lan", (), Unheard())  # type: ignore[arg-type]


def append(log: EventLog, count: int) -> tuple[Record, ...]:
    """So many more records, in one batch."""
    first = log.head.sequence + 1
    return log.append([a_record(sequence) for sequence in range(first, first + count)])


def a_log(path: Path, count: int) -> Path:
    """A log of so many records, closed in good order."""
    with closing(EventLog.open(path, at=AT)) as log:
        append(log, count)
    return path


def a_log_with_states(path: Path, count: int, *places: int) -> Path:
    """A log of so many records, of which those at these places hold the whole state."""
    with closing(EventLog.open(path, at=AT)) as log:
        log.append([(a_state if place in places else a_record)(place) for place in range(1, count + 1)])
    return path


def begin_at(path: Path, sequence: int) -> None:
    """Compact a log: it begins with the state at this place."""
    with closing(EventLog.open(path, at=AT)) as log:
        log.begin_at(next(each for each in log.carried if each.sequence == sequence))


def a_newer_log(path: Path, count: int) -> Path:
    """The same, and one record that only a later wgmesh can read."""
    with closing(EventLog.open(a_log(path, count), at=AT, catalogue=NEWER)) as log:
        log.append([an_unheard(count + 1)])
    return path


def change(path: Path, statement: str, *parameters: object) -> None:
    """What somebody with a database tool does to a log."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA synchronous=OFF")
        assert connection.execute(statement, parameters).rowcount
