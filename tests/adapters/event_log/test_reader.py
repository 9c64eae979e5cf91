"""A reader sees what is durable, is in nobody's way, and says in a sentence what it cannot read."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from time import monotonic

import pytest
from msgspec.structs import replace

from tests.adapters.event_log import (
    AT,
    NEWER,
    a_log,
    a_log_with_states,
    a_newer_log,
    a_record,
    a_state,
    an_unheard,
    append,
    begin_at,
    change,
)
from tests.adapters.machine import let_everybody_in
from wgmesh.adapters.event_log.database import Head, Unreadable
from wgmesh.adapters.event_log.reader import LogReader
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.records import Record


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    with closing(EventLog.open(tmp_path / "events.db", at=AT)) as log:
        append(log, 3)
        yield log


@pytest.fixture
def reader(log: EventLog, tmp_path: Path) -> Iterator[LogReader]:
    with LogReader(tmp_path / "events.db", running=True) as reader:
        yield reader


def sequences(records: Iterator[Record | Unreadable]) -> list[int]:
    return [record.sequence for record in records]


def test_what_was_appended_is_read_with_its_chain(log: EventLog, reader: LogReader) -> None:
    assert list(reader.records()) == list(log.records())
    appended = append(log, 2)
    assert list(reader.records(after=3)) == list(appended)
    assert reader.head == log.head


def test_a_part_is_read_by_its_bounds(log: EventLog, reader: LogReader) -> None:
    append(log, 5000)
    assert sequences(reader.records(after=10, until=4500)) == list(range(11, 4501))
    assert sequences(reader.records(after=5003)) == []


def test_a_change_is_seen_once_and_only_after_the_commit(log: EventLog, reader: LogReader) -> None:
    assert not reader.changed()
    append(log, 1)
    assert reader.changed()
    assert not reader.changed()


def test_following_gives_each_record_once_and_soon(log: EventLog, reader: LogReader) -> None:
    later = threading.Timer(0.1, lambda: (append(log, 2), append(log, 1)))
    later.start()
    begun = monotonic()
    assert sequences(islice(reader.follow(after=1, interval_seconds=0.01), 5)) == [2, 3, 4, 5, 6]
    assert monotonic() - begun < 2
    later.join()


def wal_after(log: EventLog, path: Path, following: Iterator[Record | Unreadable]) -> int:
    """Bytes of WAL after a thousand commits beside a reader."""
    for _ in range(1000):
        append(log, 1)
        next(following)
    return path.with_name("events.db-wal").stat().st_size


def test_a_reader_that_follows_for_long_does_not_pin_the_wal(log: EventLog, reader: LogReader, tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    bounded = wal_after(log, path, reader.follow(after=3, interval_seconds=0.001))
    with closing(sqlite3.connect(path, isolation_level=None)) as careless:
        careless.execute("BEGIN")
        careless.execute("SELECT * FROM stored_events").fetchone()
        assert wal_after(log, path, reader.follow(after=1003, interval_seconds=0.001)) > bounded + 2**21


def test_a_log_at_rest_is_read_and_followed_into_the_next_run(tmp_path: Path) -> None:
    path = a_log(tmp_path / "events.db", 3)
    with LogReader(path, running=False) as reader:
        following = reader.follow(after=0, interval_seconds=0.01)
        assert sequences(islice(following, 3)) == [1, 2, 3]
        with closing(EventLog.open(path, at=AT)) as log:
            append(log, 1)
            assert next(following).sequence == 4


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_log_read_as_unchanging_is_opened_anew_when_a_daemon_starts(tmp_path: Path) -> None:
    let_everybody_in(tmp_path)
    path = a_log(tmp_path / "events.db", 3)
    path.chmod(0o644)
    os.seteuid(65534)
    try:
        reader = LogReader(path, running=False)
        os.seteuid(0)
        with closing(EventLog.open(path, at=AT)) as log, closing(reader):
            append(log, 1)
            os.seteuid(65534)
            assert reader.changed()
            assert sequences(reader.records()) == [1, 2, 3, 4]
            assert not reader.changed()
            os.seteuid(0)
    finally:
        os.seteuid(0)


def test_a_log_that_was_set_aside_is_followed_in_its_successor(tmp_path: Path) -> None:
    path = a_log(tmp_path / "events.db", 5)
    with LogReader(path, running=False) as reader:
        change(path, "UPDATE stored_events SET state = zeroblob(9) WHERE originator_version = 3")
        EventLog.open(path, at=AT).close()
        assert reader.changed()
        assert sequences(reader.records()) == [1, 2]


def test_a_log_that_is_gone_has_not_changed(tmp_path: Path) -> None:
    path = a_log(tmp_path / "events.db", 3)
    with LogReader(path, running=False) as reader:
        path.unlink()
        assert not reader.changed()


def test_what_cannot_be_read_is_passed_on_between_what_can(tmp_path: Path) -> None:
    path = a_newer_log(tmp_path / "events.db", 2)
    change(path, "UPDATE stored_events SET topic = CAST(x'ff' AS TEXT) WHERE originator_version = 1")
    with LogReader(path, running=False) as reader:
        first, second, third = reader.records()
    assert isinstance(first, Unreadable)
    assert isinstance(second, Record)
    assert isinstance(third, Unreadable)
    assert (first.topic, third.topic) == ("\\xff", "Unheard.1")
    assert third.reason.startswith("record 3 (Unheard.1) cannot be read by this wgmesh")


@pytest.mark.parametrize("odd", ["state = 'text'", "state = NULL", "topic = NULL", "topic = 5", "state = zeroblob(3)"])
def test_an_odd_row_is_passed_on_too(tmp_path: Path, odd: str) -> None:
    path = a_log(tmp_path / "events.db", 2)
    change(path, f"UPDATE stored_events SET {odd} WHERE originator_version = 2")
    with LogReader(path, running=False) as reader:
        assert [type(record) for record in reader.records()] == [Record, Unreadable]
        assert reader.head.sequence in (1, 2)


def test_the_head_is_the_last_record(reader: LogReader) -> None:
    *_, last = reader.records()
    assert isinstance(last, Record)
    assert reader.head == Head(3, last.chain)


def test_a_log_without_records_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(WgmeshError, match="holds no records yet: join a mesh first"):
        LogReader(a_log(tmp_path / "events.db", 0), running=False)


@pytest.mark.parametrize("content", [b"not a database" * 500, b"SQLite format 3\x00" + bytes(4080)])
def test_what_is_no_log_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "events.db").write_bytes(content)
    with pytest.raises(WgmeshError, match=r"is damaged .*: `wgmesh events --verify` says where"):
        LogReader(tmp_path / "events.db", running=False)


def test_an_empty_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "events.db").touch()
    with pytest.raises(WgmeshError, match="holds no records yet"):
        LogReader(tmp_path / "events.db", running=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_live_log_that_we_may_not_read_is_not_called_damaged(log: EventLog, tmp_path: Path) -> None:
    let_everybody_in(tmp_path)
    os.seteuid(65534)
    try:
        with pytest.raises(WgmeshError, match="cannot be used"):
            LogReader(tmp_path / "events.db", running=True)
    finally:
        os.seteuid(0)


def test_what_is_missing_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(WgmeshError, match="does not exist"):
        LogReader(tmp_path / "events.db", running=False)


def test_somebody_elses_database_is_a_sentence(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "events.db")) as connection, connection:
        connection.execute("CREATE TABLE songs (title)")
    with pytest.raises(WgmeshError, match="but not a log of wgmesh"):
        LogReader(tmp_path / "events.db", running=False)


def test_a_snapshot_is_read_without_the_writer(log: EventLog, reader: LogReader) -> None:
    assert reader.snapshot(b"shape") is None
    log.save_snapshot(*log_head(log), b"shape", b"state")
    assert reader.snapshot(b"shape") == (3, b"state")
    assert reader.snapshot(b"other shape") is None


def log_head(log: EventLog) -> tuple[int, bytes]:
    return log.head.sequence, log.head.chain


@pytest.mark.parametrize(
    "odd",
    [
        "originator_version = -1",
        "originator_version = 4",
        "originator_version = 2",
        "originator_version = 1 << 62",
        "originator_version = 'x'",
        "state = NULL",
        "state = zeroblob(0)",
    ],
)
def test_an_odd_snapshot_is_as_good_as_none(tmp_path: Path, odd: str) -> None:
    path = tmp_path / "events.db"
    with closing(EventLog.open(path, at=AT)) as log:
        append(log, 3)
        log.save_snapshot(*log_head(log), b"shape", b"state")
    change(path, f"UPDATE snapshots SET {odd}")
    with closing(EventLog.open(path, at=AT)) as log:
        assert log.snapshot(b"shape") is None


def test_reading_loads_nothing_that_only_writing_needs() -> None:
    code = "import wgmesh.adapters.event_log.reader, sys; sys.exit('eventsourcing' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_record_of_a_reader_is_the_record_that_was_written(reader: LogReader) -> None:
    (second,) = reader.records(1, 2)
    assert isinstance(second, Record)
    assert (second.event, second.because) == (a_record(2).event, (1,))


def saved(path: Path, *places: int, shape: bytes = b"shape") -> Path:
    """A log of six records, with snapshots of some."""
    a_log(path, 6)
    with closing(EventLog.open(path, at=AT)) as log:
        for place in places:
            (record,) = log.records(place - 1, place)
            log.save_snapshot(place, record.chain, shape, b"state %d" % place)
    return path


def test_a_look_back_begins_at_the_last_snapshot_before_it(tmp_path: Path) -> None:
    with LogReader(saved(tmp_path / "events.db", 2, 4), running=False) as reader:
        found = [reader.snapshot(b"shape", until) for until in range(7)]
    assert found == [None, None, *[(2, b"state 2")] * 2, *[(4, b"state 4")] * 3]


def test_snapshots_are_found_by_the_form_of_their_shape(tmp_path: Path) -> None:
    path = saved(tmp_path / "events.db", 2, 4)
    with closing(EventLog.open(path, at=AT)) as log:
        log.save_snapshot(6, log.head.chain, b"shaped otherwise", b"state 6")
    with LogReader(path, running=False) as reader:
        assert [sequence for sequence, _ in reader.snapshots(b"shape")] == [6, 4, 2]
        assert [sequence for sequence, _ in reader.snapshots(b"shaped")] == [6]
        assert list(reader.snapshots(b"round")) == []
    change(path, "UPDATE snapshots SET topic = 'X'")
    with LogReader(path, running=False) as reader:
        assert list(reader.snapshots(b"shape")) == []


def test_a_moment_is_the_last_record_that_was_written_by_then(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with closing(EventLog.open(path, at=AT)) as log:
        clock = (10, 20, 15, 30)  # it was set back once
        log.append([replace(a_record(sequence), at=at) for sequence, at in enumerate(clock, start=1)])
    with LogReader(path, running=False) as reader:
        found = {at: reader.last_at(at) for at in (0, 9, 10, 14, 15, 19, 20, 30, 2**70)}
        begun = {at: reader.first_at(at) for at in (0, 10, 11, 15, 20, 21, 31, 2**70)}
    assert begun == {0: 1, 10: 1, 11: 2, 15: 2, 20: 2, 21: 4, 31: 5, 2**70: 5}
    assert found == {0: 0, 9: 0, 10: 1, 14: 1, 15: 3, 19: 3, 20: 3, 30: 4, 2**70: 4}


def test_the_last_records_that_speak_of_something_are_found(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with closing(EventLog.open(path, at=AT, catalogue=NEWER)) as log:
        reasons = ("one", "two", "one two", "three")
        log.append([a_record(sequence, reason) for sequence, reason in enumerate(reasons, start=1)])
        log.append([a_state(5), an_unheard(6)])
    with LogReader(path, running=False) as reader:

        def found(*words: str, until: int = 6, limit: int = 9) -> list[int]:
            return [record.sequence for record in reader.mentioning(words, until, limit)]

        assert found("one") == [3, 1]
        assert found("one", "three") == [4, 3, 1]
        assert found("NodeStopped", limit=2) == [4, 3]
        assert found("two", until=2) == [2]
        assert found("StateCarried", "Unheard", "%", "") == [4, 3, 2, 1]
        assert found() == found("four") == []


def test_a_reader_says_where_a_shortened_log_begins(tmp_path: Path) -> None:
    path = a_log_with_states(tmp_path / "short.db", 6, 4)
    with LogReader(path, running=False) as reader:
        assert reader.beginning == Head()
        third = next(reader.records(2))
    begin_at(path, 4)
    with LogReader(path, running=False) as reader:
        assert isinstance(third, Record)
        assert reader.beginning == Head(3, third.chain)
        assert sequences(reader.records()) == [4, 5, 6]
