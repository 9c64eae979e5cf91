"""A damaged log is kept whole under another name, what verified goes on, and a crash on the way loses neither."""

import os
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.adapters.event_log import (
    AT,
    NEWER,
    a_log,
    a_log_with_states,
    a_newer_log,
    a_record,
    append,
    begin_at,
    change,
)
from wgmesh.adapters.event_log.recovery import Recovered, finish
from wgmesh.adapters.event_log.verify import verify
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.domain.errors import UnreadableEvent, WgmeshError
from wgmesh.domain.events import LogRecovered
from wgmesh.domain.records import Record

COUNT = 5000
BAD = 3000
ASIDE = f"events.db.damaged-{AT}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log of more than two pages with a bad record in the second."""
    path = a_log(tmp_path / "events.db", COUNT)
    change(path, "UPDATE stored_events SET state = zeroblob(20) WHERE originator_version = ?", BAD)
    return path


def a_recovery(recovered: Recovered) -> Record:
    told = LogRecovered(recovered.file, recovered.first_bad, recovered.resumes_at)
    return Record(recovered.resumes_at, AT, 0, "start", (), told)


def test_the_good_records_go_on_and_the_damaged_log_is_kept_whole(path: Path) -> None:
    damaged = path.read_bytes()
    with closing(EventLog.open(path, at=AT)) as log:
        assert [record.sequence for record in log.records()] == list(range(1, BAD))
        assert log.recovered == Recovered(ASIDE, BAD, COUNT + 1)
    assert path.with_name(ASIDE).read_bytes() == damaged
    assert sorted(name for name in os.listdir(path.parent) if not name.endswith(("-wal", "-shm"))) == [
        "events.db",
        ASIDE,
    ]


def test_the_recovery_is_reported_until_it_is_in_the_log(path: Path) -> None:
    EventLog.open(path, at=AT).close()
    with closing(EventLog.open(path, at=AT + 1)) as log:
        assert log.recovered == Recovered(ASIDE, BAD, COUNT + 1)
        with pytest.raises(AssertionError, match=f"goes on at {COUNT + 1}"):
            append(log, 1)
        log.append([a_recovery(log.recovered), a_record(COUNT + 2)])
        append(log, 1)
    with closing(EventLog.open(path, at=AT + 2)) as log:
        assert log.recovered is None
        assert (log.head.sequence, verify(path).records) == (COUNT + 3, BAD + 2)


@pytest.mark.parametrize(("bad", "begins", "ends"), [(3, 5, 30), (8, 10, 30), (25, 1, 24), (30, 1, 29)])
def test_the_end_goes_on_where_it_holds_the_whole_state_and_else_the_beginning(
    tmp_path: Path, bad: int, begins: int, ends: int
) -> None:
    path = a_log_with_states(tmp_path / "events.db", 30, 5, 10, 20)
    change(path, "UPDATE stored_events SET state = zeroblob(20) WHERE originator_version = ?", bad)
    with closing(EventLog.open(path, at=AT)) as log:
        assert [record.sequence for record in log.records()] == list(range(begins, ends + 1))
        assert log.beginning.sequence == begins - 1
        assert log.recovered == Recovered(ASIDE, bad, 31)
        log.append([a_recovery(log.recovered)])
    assert (verify(path).reason, verify(path).head.sequence) == ("", 31)


def test_of_a_shortened_log_the_beginning_stays_where_it_was(tmp_path: Path) -> None:
    path = a_log_with_states(tmp_path / "events.db", 30, 5, 10)
    begin_at(path, 10)
    change(path, "UPDATE stored_events SET state = zeroblob(20) WHERE originator_version = 29")
    with closing(EventLog.open(path, at=AT)) as log:
        assert [record.sequence for record in log.records()] == list(range(10, 29))
        assert (log.beginning.sequence, log.recovered) == (9, Recovered(ASIDE, 29, 31))


def test_a_log_whose_only_state_is_damaged_begins_anew(tmp_path: Path) -> None:
    path = a_log_with_states(tmp_path / "events.db", 30, 10)
    begin_at(path, 10)
    change(path, "UPDATE stored_events SET state = zeroblob(20) WHERE originator_version = 10")
    with closing(EventLog.open(path, at=AT)) as log:
        assert (log.head.sequence, log.beginning.sequence) == (0, 0)
        assert log.recovered == Recovered(ASIDE, 10, 31)
        log.append([a_recovery(log.recovered)])
    assert (verify(path).reason, verify(path).records) == ("", 1)


def test_a_row_that_is_not_ours_costs_no_record_of_ours(tmp_path: Path) -> None:
    path = a_log_with_states(tmp_path / "events.db", 9, 4)
    change(path, "INSERT INTO stored_events VALUES ('aaaa', 1, 'NodeStopped.1', x'00')")
    with closing(EventLog.open(path, at=AT)) as log:
        assert [record.sequence for record in log.records()] == list(range(1, 10))


def test_a_log_can_be_damaged_twice(path: Path) -> None:
    with closing(EventLog.open(path, at=AT)) as log:
        assert log.recovered
        log.append([a_recovery(log.recovered), a_record(COUNT + 2)])
    change(path, "UPDATE stored_events SET topic = 'X' WHERE originator_version = ?", COUNT + 2)
    with closing(EventLog.open(path, at=AT + 1)) as log:
        assert log.recovered == Recovered(f"events.db.damaged-{AT + 1}", COUNT + 2, COUNT + 3)
        log.append([a_recovery(log.recovered)])
    assert verify(path).reason == ""


def test_a_sequence_beyond_all_reason_is_not_gone_on_from(tmp_path: Path) -> None:
    path = a_log(tmp_path / "events.db", 5)
    change(path, "UPDATE stored_events SET originator_version = 1 << 60 WHERE originator_version = 3")
    with closing(EventLog.open(path, at=AT)) as log:
        assert log.recovered == Recovered(ASIDE, 3, 6)


def test_rows_of_another_stream_are_left_behind(tmp_path: Path) -> None:
    path = a_log(tmp_path / "events.db", 5)
    change(path, "INSERT INTO stored_events VALUES ('aaaa', 1, 'NodeStopped.1', x'00')")
    with closing(EventLog.open(path, at=AT)) as log:
        assert len(list(log.records())) == 5


@pytest.mark.parametrize("content", [b"not a database" * 1000, b"SQLite format 3\x00" + bytes(4080), bytes(20_000)])
def test_what_is_no_database_is_set_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "events.db"
    path.write_bytes(content)
    with closing(EventLog.open(path, at=AT)) as log:
        assert log.recovered == Recovered(ASIDE, 1, 2)
        log.append([a_recovery(log.recovered)])
    assert path.with_name(ASIDE).read_bytes() == content
    assert verify(path).records == 1


def test_no_bit_of_the_file_keeps_the_good_records_from_going_on(tmp_path: Path) -> None:
    whole, path = a_log(tmp_path / "whole.db", 40), tmp_path / "log" / "events.db"
    content, chance, recovered = whole.read_bytes(), random.Random(11), 0
    for place in chance.sample(range(len(content)), 400):
        shutil.rmtree(path.parent, ignore_errors=True)
        path.parent.mkdir()
        path.write_bytes(content[:place] + bytes([content[place] ^ 1 << chance.randrange(8)]) + content[place + 1 :])
        good = verify(path).records
        with closing(EventLog.open(path, at=AT)) as log:
            assert len(list(log.records())) == good
            recovered += log.recovered is not None
            log.append([a_recovery(log.recovered)] if log.recovered else [a_record(41)])
        assert verify(path).reason == ""
    assert recovered > 5


@pytest.fixture
def interrupted(path: Path, tmp_path: Path) -> Path:
    """The damaged log with its companions, and beside it the recovered one that no file was moved for yet."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(path, elsewhere / "events.db")
    EventLog.open(elsewhere / "events.db", at=AT).close()
    (elsewhere / "events.db").rename(path.with_name(f"events.db.recovered-{AT}"))
    shutil.rmtree(elsewhere)
    for companion in ("events.db-wal", "events.db-shm"):
        path.with_name(companion).write_bytes(b"of the damaged log")
    return path


@pytest.mark.parametrize("moved", range(4))
def test_a_crash_between_the_moves_is_made_good_at_the_next_start(interrupted: Path, moved: int) -> None:
    for part in ("-wal", "-shm", "")[:moved]:
        interrupted.with_name(f"events.db{part}").rename(interrupted.with_name(ASIDE + part))
    with closing(EventLog.open(interrupted, at=AT + 1)) as log:
        assert log.recovered == Recovered(ASIDE, BAD, COUNT + 1)
        assert log.head.sequence == BAD - 1
    assert sorted(os.listdir(interrupted.parent)) == ["events.db", ASIDE, f"{ASIDE}-shm", f"{ASIDE}-wal"]


def test_a_crash_while_the_new_log_is_built_leaves_the_damaged_one_in_its_place(path: Path) -> None:
    for half in ("", "-wal", "-shm"):
        path.with_name(f"events.db.recovering{half}").write_bytes(b"half a log")
    with closing(EventLog.open(path, at=AT)) as log:
        assert log.head.sequence == BAD - 1
    assert not list(path.parent.glob("*.recovering*"))


def test_no_journal_stays_where_it_would_be_played_into_the_new_log(path: Path) -> None:
    path.with_name("events.db-journal").write_bytes(b"")
    with closing(EventLog.open(path, at=AT)):
        assert path.with_name(f"{ASIDE}-journal").exists()


def test_there_is_nothing_to_finish_beside_a_sound_log(tmp_path: Path) -> None:
    path = a_log(tmp_path / "events.db", 3)
    finish(path)
    assert os.listdir(tmp_path) == ["events.db"]


def test_a_damaged_log_of_a_newer_wgmesh_is_left_to_it(tmp_path: Path) -> None:
    path = a_newer_log(tmp_path / "events.db", 3)
    with closing(EventLog.open(path, at=AT, catalogue=NEWER)) as log:
        append(log, 2)
    change(path, "UPDATE stored_events SET topic = 'X' WHERE originator_version = 5")
    before = path.read_bytes()
    with pytest.raises(UnreadableEvent, match=r"record 4 \(Unheard\.1\)"):
        EventLog.open(path, at=AT)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.damaged-*"))


def test_what_is_not_the_file_s_fault_moves_nothing(tmp_path: Path) -> None:
    (tmp_path / "events.db").mkdir()
    with pytest.raises(WgmeshError, match="is not a file"):
        EventLog.open(tmp_path / "events.db", at=AT)
    with closing(sqlite3.connect(tmp_path / "songs.db")) as connection, connection:
        connection.execute("CREATE TABLE songs (title)")
    with pytest.raises(WgmeshError, match="not a log of wgmesh"):
        EventLog.open(tmp_path / "songs.db", at=AT)
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".db") == ["events.db", "songs.db"]
