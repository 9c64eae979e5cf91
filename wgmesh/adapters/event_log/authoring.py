"""A whole log at once, from records that are made elsewhere: chained anew, and sound by construction."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from eventsourcing.persistence import PersistenceError, StoredEvent
from eventsourcing.sqlite import SQLiteAggregateRecorder

from wgmesh.adapters.event_log.database import BEGINNINGS_TABLE, EVENTS_TABLE, PAGE, STREAM, Head, unreachable
from wgmesh.adapters.event_log.datastore import LogDatastore, create_file, make_tables
from wgmesh.domain.records import EVENTS, Catalogue, Record, encode

# Where a log begins from which nothing was taken out.
START = Head()


def write_log(path: Path, records: Sequence[Record], beginning: Head = START, catalogue: Catalogue = EVENTS) -> None:
    """A new file with these records, which go on from `beginning`; WgmeshError if it cannot be written."""
    try:
        create_file(path)
        with closing(LogDatastore(path)) as datastore:
            make_tables(datastore)
            log = SQLiteAggregateRecorder(datastore, EVENTS_TABLE)
            for page in _pages(records, beginning.chain, catalogue):
                log.insert_events(page)
            if beginning.sequence:
                before = StoredEvent(STREAM, beginning.sequence, "", beginning.chain)
                SQLiteAggregateRecorder(datastore, BEGINNINGS_TABLE).insert_events([before])
            _leave_one_file(datastore)
    except (OSError, sqlite3.Error, PersistenceError) as error:
        raise unreachable(path, error) from error


def _pages(records: Sequence[Record], chain: bytes, catalogue: Catalogue) -> Iterator[list[StoredEvent]]:
    for start in range(0, len(records), PAGE):
        page = []
        for record in records[start : start + PAGE]:
            stored = encode(record, chain, catalogue)
            chain = stored.record.chain
            page.append(StoredEvent(STREAM, record.sequence, stored.topic, stored.state))
        yield page


def _leave_one_file(datastore: LogDatastore) -> None:
    with datastore.get_connection(commit=True) as connection:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
