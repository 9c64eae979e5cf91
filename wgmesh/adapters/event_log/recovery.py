"""What becomes of a damaged log: it is set aside whole, and a new one has what verified of it.

That is the end of the log, if it has a record with the whole state behind the damage, else what is before the damage.
The new log is complete and synced under a name of its own before anything is moved, and the moves can be taken up
where a crash left them. At every moment there is one log to go on from; none that lost what the other still had.
"""

import os
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from eventsourcing.persistence import PersistenceError, StoredEvent
from eventsourcing.sqlite import SQLiteAggregateRecorder
from msgspec import Struct

from wgmesh.adapters.event_log.database import (
    BEGINNINGS_TABLE,
    EVENTS_TABLE,
    PAGE,
    RECOVERIES_TABLE,
    SQLITE_ERRORS,
    STREAM,
    connect_to_read,
    unreachable,
)
from wgmesh.adapters.event_log.datastore import LogDatastore, create_file, make_tables
from wgmesh.adapters.event_log.tail import Tail, rows_backwards, sound_tail
from wgmesh.adapters.event_log.verify import Verdict, rows_of_ours
from wgmesh.domain.records import Catalogue

# SQLite's companions first: a WAL or journal beside a file that is not its own would be played into it.
_PARTS = ("-journal", "-wal", "-shm", "")
# Sequences further on than this are themselves damage.
_PLAUSIBLE_RECORDS = 2**32


class Recovered(Struct, frozen=True):
    """The damaged log is now `file`; records from `first_bad` on are lost here, and the next is `resumes_at`."""

    file: str
    first_bad: int
    resumes_at: int


def recover(path: Path, at: int, verdict: Verdict, catalogue: Catalogue) -> None:
    """Set the damaged log aside as of `at` (ms) and put one with its good records in its place; WgmeshError if not."""
    building = path.with_name(f"{path.name}.recovering")
    try:
        _remove(building)
        _build(building, path, verdict, _plan(path, at, verdict), _newer_tail(path, verdict, catalogue))
        building.rename(path.with_name(f"{path.name}.recovered-{at}"))
        finish(path)
    except (OSError, PersistenceError, *SQLITE_ERRORS) as error:
        _remove(building)
        raise unreachable(path, error) from error


def finish(path: Path) -> None:
    """Put a recovered log that stands ready in the place of the damaged one, if there is one; OSError."""
    for ready in path.parent.glob(f"{path.name}.recovered-*"):
        _sync_directory(path.parent)
        aside = ready.name.replace(".recovered-", ".damaged-")
        for part in _PARTS:
            damaged = path.with_name(path.name + part)
            if damaged.exists():
                damaged.rename(path.with_name(aside + part))
        ready.rename(path)
        _sync_directory(path.parent)


def recovery_of(datastore: LogDatastore) -> Recovered | None:
    """The latest recovery that this log came from."""
    found = SQLiteAggregateRecorder(datastore, RECOVERIES_TABLE).select_events(STREAM, desc=True, limit=1)
    return Recovered(found[0].topic, int(found[0].state), found[0].originator_version) if found else None


def _plan(path: Path, at: int, verdict: Verdict) -> Recovered:
    first_bad = verdict.first_bad or verdict.head.sequence + 1
    return Recovered(f"{path.name}.damaged-{at}", first_bad, max(first_bad, _last_sequence(path, first_bad)) + 1)


def _last_sequence(path: Path, first_bad: int) -> int:
    """The highest sequence that was given out, as far as the damaged log can still tell."""
    query = f"SELECT max(originator_version) FROM {EVENTS_TABLE} WHERE originator_version BETWEEN ? AND ?"  # noqa: S608
    try:
        with closing(connect_to_read(path, running=True)) as connection:
            (last,) = connection.execute(query, (first_bad, first_bad + _PLAUSIBLE_RECORDS)).fetchone()
    except SQLITE_ERRORS:  # it cannot tell: that is what damaged means
        return first_bad
    return last or first_bad


def _newer_tail(path: Path, verdict: Verdict, catalogue: Catalogue) -> Tail | None:
    """The sound end of the log, if that is more recent than its sound beginning."""
    tail = sound_tail(path, catalogue)
    return tail if tail is not None and tail.last > verdict.head.sequence else None


def _build(building: Path, damaged: Path, verdict: Verdict, recovered: Recovered, tail: Tail | None) -> None:
    create_file(building)
    with closing(LogDatastore(building)) as datastore:
        make_tables(datastore)
        log = SQLiteAggregateRecorder(datastore, EVENTS_TABLE)
        for page in _pages(damaged, verdict.records, tail):
            log.insert_events(page)
        beginning = tail.beginning if tail else verdict.beginning
        if beginning.sequence and (tail or verdict.records):
            before = StoredEvent(STREAM, beginning.sequence, "", beginning.chain)
            SQLiteAggregateRecorder(datastore, BEGINNINGS_TABLE).insert_events([before])
        note = StoredEvent(STREAM, recovered.resumes_at, recovered.file, str(recovered.first_bad).encode())
        SQLiteAggregateRecorder(datastore, RECOVERIES_TABLE).insert_events([note])


def _pages(damaged: Path, records: int, tail: Tail | None) -> Iterator[list[StoredEvent]]:
    """The good rows, taken in the order in which they were found to be so: the row behind the last of them is not even
    asked for, since that may be the page that cannot be read.
    """
    if not records and not tail:
        return
    with closing(connect_to_read(damaged, running=True)) as connection:
        good = islice(rows_backwards(connection), tail.records) if tail else islice(rows_of_ours(connection), records)
        while page := [StoredEvent(STREAM, row[0], row[1].decode(), row[2]) for row in islice(good, PAGE)]:
            yield page


def _remove(building: Path) -> None:
    for part in _PARTS:
        building.with_name(building.name + part).unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
