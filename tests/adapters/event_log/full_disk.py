"""Run on a small disk by the test of the writer: whatever part of a write finds no room, it is all or nothing."""

import shutil
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.adapters.event_log import AT, a_log, append, change
from tests.adapters.small_disk import fill
from wgmesh.adapters.event_log.verify import verify
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.domain.errors import LogFull


def append_what_fits(log: EventLog) -> int:
    """Batches of all sizes; the last sequence that was acknowledged."""
    while True:
        try:
            append(log, 1 + log.head.sequence % 7)
        except LogFull:
            return log.head.sequence


def append_until_full(path: Path, leave_bytes: int) -> int:
    """With so much left at the start: nothing half-written when full, and all goes on when there is room again."""
    with closing(EventLog.open(path, at=AT)) as log:
        filler = fill(path.parent.parent, leave_bytes)
        acknowledged = append_what_fits(log)
        for _ in range(3):
            with pytest.raises(LogFull, match="is full: make room"):
                append(log, 10)
            assert log.head.sequence == acknowledged
        assert len(list(log.records())) == acknowledged
        assert verify(path).head == log.head
        filler.unlink()
        append(log, 3)
    assert (verify(path).reason, verify(path).records) == ("", acknowledged + 3)
    return acknowledged


def close_while_full(path: Path) -> None:
    """The WAL cannot be moved into the file, and stays: nothing is lost."""
    log = EventLog.open(path, at=AT)
    append(log, 200)
    filler = fill(path.parent.parent)
    log.close()
    assert verify(path).records == 200
    filler.unlink()
    with closing(EventLog.open(path, at=AT)) as again:
        append(again, 1)
    assert verify(path).records == 201


def save_a_snapshot_while_full(path: Path) -> None:
    with closing(EventLog.open(path, at=AT)) as log:
        append(log, 10)
        filler = fill(path.parent.parent)
        with pytest.raises(LogFull):
            log.save_snapshot(10, log.head.chain, b"shape", bytes(100_000))
        filler.unlink()
        log.save_snapshot(10, log.head.chain, b"shape", bytes(100_000))
        assert log.snapshot(b"shape") == (10, bytes(100_000))


def recover_while_full(path: Path) -> None:
    """The damaged log stays where it is until there is room for its successor."""
    a_log(path, 300)
    change(path, "UPDATE stored_events SET topic = 'X' WHERE originator_version = 290")
    damaged = path.read_bytes()
    filler = fill(path.parent.parent, 20_000)
    with pytest.raises(LogFull):
        EventLog.open(path, at=AT)
    assert path.read_bytes() == damaged
    filler.unlink()
    with closing(EventLog.open(path, at=AT)) as log:
        assert log.head.sequence == 289


def open_while_full(path: Path) -> None:
    filler = fill(path.parent.parent)
    with pytest.raises(LogFull):
        EventLog.open(path, at=AT)
    filler.unlink()
    with closing(EventLog.open(path, at=AT)) as log:
        append(log, 1)


def main(disk: Path) -> None:
    directory = disk / "node"
    path = directory / "events.db"
    counts = []
    for leave_bytes in range(0, 120_000, 3000):
        directory.mkdir()
        counts.append(append_until_full(path, leave_bytes))
        shutil.rmtree(directory)
    assert counts[0] == 0 < counts[-1], counts
    for scenario in (close_while_full, save_a_snapshot_while_full, recover_while_full, open_while_full):
        directory.mkdir()
        scenario(path)
        shutil.rmtree(directory)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
