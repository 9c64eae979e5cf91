"""What is on the disk after whatever happened."""

import pytest

from tests.cast import ALICE
from tests.simulation.disk import Backup, Disk, Killed
from wgmesh.domain.errors import LogFull
from wgmesh.domain.events import Event
from wgmesh.domain.folding import fold
from wgmesh.domain.records import GENESIS, Record

EVENTS: tuple[Event, ...] = ALICE.joined()
RECORDS = [Record(place, 1000 + place, place, "start", (), event) for place, event in enumerate(EVENTS, start=1)]


def test_what_was_appended_is_read_back_and_the_chain_holds_it_together() -> None:
    disk = Disk()
    disk.append(RECORDS[:1])
    disk.append(RECORDS[1:])
    assert [record.event for record in disk.read()] == [record.event for record in RECORDS]
    assert [record.sequence for record in disk.read(after=2)] == [3, 4]
    assert disk.chain_at(0) == GENESIS != disk.chain == disk.chain_at(4)
    assert disk.chain_at(5) == b""


def test_on_a_full_disk_nothing_is_written() -> None:
    disk = Disk()
    disk.full = True
    with pytest.raises(LogFull):
        disk.append(RECORDS)
    assert disk.stored == []


@pytest.mark.parametrize(("dies", "kept"), [("before", 0), ("after", 4)])
def test_who_dies_in_a_commit_has_all_of_it_or_nothing(dies: str, kept: int) -> None:
    disk = Disk()
    disk.dies = dies
    with pytest.raises(Killed):
        disk.append(RECORDS)
    assert len(disk.stored) == kept
    disk.append([])


def test_a_snapshot_and_the_records_after_it_make_what_the_whole_log_makes() -> None:
    disk = Disk()
    disk.append(RECORDS[:2])
    disk.keep_snapshot(fold(RECORDS[:1]))
    disk.keep_snapshot(fold(disk.read()))
    disk.append(RECORDS[2:])
    assert disk.fold() == fold(disk.read())


def test_a_restored_log_is_the_old_one_and_the_boot_counter_goes_on() -> None:
    disk = Disk()
    disk.append(RECORDS[:1])
    backup = Backup(disk)
    disk.append(RECORDS[1:])
    first = disk.next_boot(0, 0)
    disk.restore(backup)
    assert len(disk.stored) == 1
    assert disk.next_boot(0, 0) == first + 1


def test_a_boot_is_above_every_other_and_at_least_the_minutes_since_2020() -> None:
    disk = Disk()
    assert disk.next_boot(7, 0) == 8
    assert disk.next_boot(0, 1_577_836_800_000 + 90 * 60_000) == 90
    assert disk.next_boot(500, 0) == 501
