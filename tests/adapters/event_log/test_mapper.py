"""A record becomes a row and the row the same record; nothing else is let through."""

import pytest
from eventsourcing.persistence import StoredEvent

from tests.adapters.event_log import a_record
from wgmesh.adapters.event_log.database import Head
from wgmesh.adapters.event_log.mapper import RecordMapper
from wgmesh.domain.errors import UnreadableEvent
from wgmesh.domain.records import EVENTS, GENESIS, encode

MAPPER = RecordMapper(EVENTS)


def test_records_are_chained_to_the_head_and_to_each_other() -> None:
    first, second = MAPPER.entries([a_record(1), a_record(2)], Head())
    assert first.stored == encode(a_record(1), GENESIS)
    assert second.stored == encode(a_record(2), first.stored.record.chain)


def test_a_row_is_the_stream_the_sequence_the_topic_and_the_state() -> None:
    (entry,) = MAPPER.entries([a_record(1)], Head())
    row = MAPPER.to_stored_event(entry)
    assert row == StoredEvent("node", 1, "NodeStopped.1", entry.stored.state)
    assert MAPPER.to_domain_event(row) == entry


@pytest.mark.parametrize("topic", ["NodeStopped.2", "NodeExploded.1", "os:system", "wgmesh.domain.events:NodeStopped"])
def test_a_topic_names_no_code_and_no_later_version(topic: str) -> None:
    (entry,) = MAPPER.entries([a_record(1)], Head())
    with pytest.raises(UnreadableEvent, match="record 1"):
        MAPPER.to_domain_event(StoredEvent("node", 1, topic, entry.stored.state))
