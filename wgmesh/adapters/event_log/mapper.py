"""`eventsourcing` speaks of domain events and stored events; ours are records, and strict in both directions.

The stock mapper imports whatever module a stored topic names, skips `__init__` and lets missing fields and newer
versions pass. This one knows a closed catalogue.
"""

from collections.abc import Iterable

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent
from msgspec import Struct

from wgmesh.adapters.event_log.database import STREAM, Head
from wgmesh.domain.records import Catalogue, Record, Stored, decode, encode


class Entry(Struct, frozen=True):
    """A record in its place in the log, as `eventsourcing` wants to be told of it."""

    stored: Stored
    originator_id: str = STREAM

    @property
    def originator_version(self) -> int:
        """The sequence of the record."""
        return self.stored.record.sequence


class RecordMapper(Mapper[str]):
    """Between entries and rows. UnreadableEvent for what this version of wgmesh would not have written."""

    def __init__(self, catalogue: Catalogue) -> None:
        super().__init__(JSONTranscoder())
        self._catalogue = catalogue

    def entries(self, records: Iterable[Record], head: Head) -> tuple[Entry, ...]:
        """The records, chained to `head` and to each other."""
        entries: list[Entry] = []
        chain = head.chain
        for record in records:
            entries.append(Entry(encode(record, chain, self._catalogue)))
            chain = entries[-1].stored.record.chain
        return tuple(entries)

    def to_stored_event(self, domain_event: DomainEventProtocol[str]) -> StoredEvent:
        """The row of an entry."""
        assert isinstance(domain_event, Entry)
        stored = domain_event.stored
        return StoredEvent(domain_event.originator_id, stored.record.sequence, stored.topic, stored.state)

    def to_domain_event(self, stored_event: StoredEvent) -> Entry:
        """The entry of a row, whatever is in it."""
        sequence, topic, state = stored_event.originator_version, stored_event.topic, stored_event.state
        return Entry(Stored(decode(sequence, topic, state, self._catalogue), topic, state))
