"""What `append` returned is on the disk in its place, whatever happens next; what failed is as if it had not been."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.adapters.event_log import AT, NEWER, a_log, a_log_with_states, a_newer_log, a_record, a_state, append, change
from tests.adapters.small_disk import run_on_small_disk
from tests.source import ROOT
from wgmesh.adapters.event_log.database import Head
from wgmesh.adapters.event_log.reader import LogReader
from wgmesh.adapters.event_log.verify import Carried, verify
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.domain.errors import LogBroken, UnreadableEvent
from wgmesh.domain.records import GENESIS, encode


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


@pytest.fixture
def log(path: Path) -> Iterator[EventLog]:
    with closing(EventLog.open(path, at=AT)) as log:
        yield log


def test_a_new_log_is_empty(log: EventLog) -> None:
    assert log.head == Head(0, GENESIS)
    assert list(log.records()) == []
    assert log.recovered is None
    assert log.snapshot(b"shape") is None


def test_appended_records_come_back_chained(log: EventLog) -> None:
    first, second = log.append([a_record(1), a_record(2)])
    (third,) = log.append([a_record(3)])
    assert [first.chain, second.chain, third.chain] == [
        encode(a_record(1), GENESIS).record.chain,
        encode(a_record(2), first.chain).record.chain,
        encode(a_record(3), second.chain).record.chain,
    ]
    assert log.head == Head(3, third.chain)
    assert list(log.records()) == [first, second, third]


def test_the_log_goes_on_where_it_ended(path: Path) -> None:
    a_log(path, 3)
    with closing(EventLog.open(path, at=AT)) as log:
        assert log.head == verify(path).head
        append(log, 1)
    assert (verify(path).records, verify(path).reason) == (4, "")


def test_records_are_read_in_parts_of_any_size(log: EventLog) -> None:
    append(log, 6001)
    assert [record.sequence for record in log.records()] == list(range(1, 6002))
    assert [record.sequence for record in log.records(after=2000, until=4000)] == list(range(2001, 4001))
    assert list(log.records(after=6001)) == []


def test_nothing_appended_is_nothing_done(log: EventLog) -> None:
    assert log.append([]) == ()
    assert log.head == Head()


@pytest.mark.parametrize("sequences", [[2], [0], [1, 3], [1, 1], [2, 1]])
def test_a_sequence_out_of_place_is_our_own_mistake(log: EventLog, sequences: list[int]) -> None:
    with pytest.raises(AssertionError, match="goes on at 1"):
        log.append([a_record(sequence) for sequence in sequences])
    assert list(log.records()) == []


def test_a_record_that_could_not_be_read_back_is_not_written_nor_its_batch(log: EventLog) -> None:
    with pytest.raises(UnreadableEvent):
        log.append([a_record(1), a_record(2, reason="\udcff")])
    assert log.head == Head()
    assert list(log.records()) == []


def test_two_writers_fence_each_other(path: Path) -> None:
    with closing(EventLog.open(path, at=AT)) as one, closing(EventLog.open(path, at=AT)) as other:
        append(one, 2)
        with pytest.raises(LogBroken, match="another process has written"):
            append(other, 3)
        assert other.head == Head()
        append(one, 1)
    assert (verify(path).records, verify(path).reason) == (3, "")


def test_no_acknowledged_record_is_lost_when_the_writer_is_killed(path: Path) -> None:
    chance = random.Random(3)
    acknowledged = 0
    for _ in range(12):
        argv = [sys.executable, "-m", "tests.adapters.event_log.killed_writer", str(path)]
        with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout
            for _ in range(chance.randrange(1, 60)):
                acknowledged = int(writer.stdout.readline())
            writer.kill()
            acknowledged = max([acknowledged, *(int(line) for line in writer.stdout if line.endswith("\n"))])
        verdict = verify(path)
        assert verdict.reason == ""
        assert acknowledged <= verdict.records <= acknowledged + 5  # at most the batch that was not yet said
        with closing(EventLog.open(path, at=AT)) as log:
            assert log.recovered is None
            assert log.head == verdict.head


def test_a_clean_close_leaves_one_file_for_its_owner_only(path: Path) -> None:
    a_log(path, 3)
    assert os.listdir(path.parent) == ["events.db"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_clean_close_beside_a_reader_leaves_the_file_complete(path: Path, tmp_path: Path) -> None:
    log = EventLog.open(path, at=AT)
    append(log, 3)
    with LogReader(path, running=True):
        log.close()
        copy = tmp_path / "copy.db"
        copy.write_bytes(path.read_bytes())
        assert verify(copy).records == 3


def test_the_log_of_a_newer_wgmesh_is_refused_and_left_as_it_is(path: Path) -> None:
    before = a_newer_log(path, 3).read_bytes()
    with pytest.raises(UnreadableEvent, match=r"^record 4 \(Unheard\.1\) .* install the wgmesh that wrote"):
        EventLog.open(path, at=AT)
    assert path.read_bytes() == before
    with closing(EventLog.open(path, at=AT, catalogue=NEWER)) as log:
        assert len(list(log.records())) == 4


def test_a_snapshot_is_of_its_record_and_shape(path: Path) -> None:
    with closing(EventLog.open(path, at=AT)) as log:
        second = append(log, 2)[-1]
        log.save_snapshot(2, second.chain, b"shape", b"state")
        append(log, 2)
    with closing(EventLog.open(path, at=AT)) as log:
        assert log.snapshot(b"shape") == (2, b"state")
        assert log.snapshot(b"new shape") is None
        log.save_snapshot(4, log.head.chain, b"new shape", b"later")
        assert log.snapshot(b"shape") == (2, b"state")
        assert log.snapshot(b"new shape") == (4, b"later")


def test_a_snapshot_of_another_log_is_none(path: Path, tmp_path: Path) -> None:
    a_log(path, 3)
    with closing(EventLog.open(path, at=AT)) as log:
        log.save_snapshot(3, bytes(16), b"shape", b"state")
        assert log.snapshot(b"shape") is None


def test_a_log_can_begin_later_with_the_state_that_earlier_records_made(path: Path) -> None:
    a_log_with_states(path, 12, 4, 8)
    with closing(EventLog.open(path, at=AT)) as log:
        whole = list(log.records())
        assert log.beginning == Head()
        log.begin_at(log.carried[-1])
        assert list(log.records()) == whole[7:]
        assert (log.beginning, log.carried) == (Head(7, whole[6].chain), [Carried(8, AT + 8)])
        log.append([a_state(13), a_record(14)])
        assert [each.sequence for each in log.carried] == [8, 13]
    with closing(EventLog.open(path, at=AT)) as log:
        assert (log.beginning, log.head.sequence, log.recovered) == (Head(7, whole[6].chain), 14, None)
        log.begin_at(log.carried[-1])
        assert [record.sequence for record in log.records()] == [13, 14]
    assert verify(path).reason == ""


def test_a_log_begins_with_a_state_or_not_later(path: Path) -> None:
    a_log_with_states(path, 5, 3)
    with closing(EventLog.open(path, at=AT)) as log, pytest.raises(AssertionError, match="holds the state"):
        log.begin_at(Carried(4, AT + 4))


def test_what_was_taken_out_makes_room_in_the_file(path: Path) -> None:
    a_log_with_states(path, 4000, 3990)
    with closing(EventLog.open(path, at=AT)) as log:
        before = log.size_bytes
        log.begin_at(log.carried[0])
        assert log.size_bytes < before / 10
    length = path.stat().st_size
    with closing(EventLog.open(path, at=AT)) as log:
        append(log, 2000)
        assert log.size_bytes > before / 3
    assert path.stat().st_size == length


def test_a_snapshot_of_a_record_that_was_taken_out_is_none(path: Path) -> None:
    a_log_with_states(path, 9, 7)
    with closing(EventLog.open(path, at=AT)) as log:
        log.save_snapshot(5, next(log.records(4)).chain, b"shape", b"state")
        log.begin_at(log.carried[0])
        assert log.snapshot(b"shape") is None


def test_a_log_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(LogBroken, match="No such file or directory"):
        EventLog.open(tmp_path / "nowhere" / "events.db", at=AT)


def test_the_log_of_a_crash_during_the_first_start_is_begun_again(path: Path) -> None:
    path.touch()
    with closing(EventLog.open(path, at=AT)) as log:
        assert log.recovered is None
        append(log, 1)


def test_a_log_without_its_other_tables_gets_them(path: Path) -> None:
    a_log(path, 3)
    change(path, "DROP TABLE snapshots")
    with closing(EventLog.open(path, at=AT)) as log:
        log.save_snapshot(3, log.head.chain, b"shape", b"state")
        assert log.snapshot(b"shape") == (3, b"state")


@pytest.mark.namespaces
def test_on_a_full_disk_a_batch_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    run_on_small_disk("tests.adapters.event_log.full_disk", tmp_path, kib=2048)
