"""Of a damaged log, the end is sound from the first record with the whole state behind the damage."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.adapters.event_log import AT, NEWER, a_log_with_states, an_unheard, begin_at, change
from wgmesh.adapters.event_log.database import Head
from wgmesh.adapters.event_log.tail import Tail, sound_tail
from wgmesh.adapters.event_log.verify import verify
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.domain.records import EVENTS

COUNT = 30


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return a_log_with_states(tmp_path / "events.db", COUNT, 5, 12, 20)


def chain_of(path: Path, sequence: int) -> bytes:
    query = "SELECT substr(state, 1, 16) FROM stored_events WHERE originator_version = ?"
    with closing(sqlite3.connect(path)) as connection:
        chain: bytes = connection.execute(query, (sequence,)).fetchone()[0]
    return chain


@pytest.mark.parametrize(
    ("bad", "begins_at"), [(3, 5), (4, 5), (5, 12), (11, 12), (12, 20), (13, 20), (19, 20), (20, None), (COUNT, None)]
)
def test_it_begins_with_the_first_state_behind_the_damage(path: Path, bad: int, begins_at: int | None) -> None:
    change(path, "UPDATE stored_events SET topic = topic || '0' WHERE originator_version = ?", bad)
    found = sound_tail(path, EVENTS)
    if begins_at is None:
        assert found is None
    else:
        before = begins_at - 1
        assert found == Tail(Head(before, chain_of(path, before)), COUNT, COUNT - before)


def test_a_state_whose_predecessor_is_gone_is_vouched_for_by_nothing(path: Path) -> None:
    change(path, "DELETE FROM stored_events WHERE originator_version = 11")
    found = sound_tail(path, EVENTS)
    assert found
    assert found.beginning.sequence == 19


def test_the_tail_of_a_sound_log_is_what_is_behind_its_first_state(path: Path) -> None:
    found = sound_tail(path, EVENTS)
    assert found == Tail(Head(4, chain_of(path, 4)), COUNT, COUNT - 4)
    begin_at(path, 12)
    assert sound_tail(path, EVENTS) == Tail(Head(19, chain_of(path, 19)), COUNT, 11)


def test_a_log_of_less_than_two_records_has_no_tail(tmp_path: Path) -> None:
    for count in range(2):
        assert sound_tail(a_log_with_states(tmp_path / f"{count}.db", count, 1), EVENTS) is None


def test_what_only_a_newer_wgmesh_can_read_is_not_counted_as_sound(path: Path) -> None:
    with closing(EventLog.open(path, at=AT, catalogue=NEWER)) as log:
        log.append([an_unheard(COUNT + 1)])
    change(path, "UPDATE stored_events SET topic = 'X' WHERE originator_version = 3")
    assert sound_tail(path, EVENTS) is None


def test_a_broken_page_of_the_file_ends_the_tail_but_does_not_undo_it(path: Path, tmp_path: Path) -> None:
    content, chance, found = path.read_bytes(), random.Random(5), 0
    broken = tmp_path / "broken.db"
    for page in range(1, len(content) // 4096):
        place = page * 4096
        broken.write_bytes(content[:place] + chance.randbytes(4096) + content[place + 4096 :])
        tail = sound_tail(broken, EVENTS)
        if tail is not None:
            assert tail.beginning.sequence in (4, 11, 19)
            assert chain_of(path, tail.beginning.sequence) == tail.beginning.chain
            found += verify(broken).first_bad is not None
    assert found


def test_what_is_no_database_has_no_tail(tmp_path: Path) -> None:
    (tmp_path / "events.db").write_bytes(b"not a database" * 1000)
    assert sound_tail(tmp_path / "events.db", EVENTS) is None
