"""Whatever is done to a row, verification names the first sequence that is not as it was written."""

import os
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import combinations
from pathlib import Path

import pytest

from tests.adapters.event_log import AT, a_log, a_log_with_states, a_newer_log, a_record, append, begin_at, change
from tests.adapters.machine import let_everybody_in
from wgmesh.adapters.event_log.database import Head, Unreadable
from wgmesh.adapters.event_log.verify import Carried, verify
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.domain.errors import LogBroken, WgmeshError
from wgmesh.domain.events import LogRecovered
from wgmesh.domain.records import Record

COUNT = 6
Row = tuple[str, int, str, bytes]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return a_log(tmp_path / "events.db", COUNT)


def rows_of(path: Path) -> list[Row]:
    with closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as connection:
        return connection.execute("SELECT * FROM stored_events").fetchall()


def first_bad_of(path: Path) -> int | None:
    verdict = verify(path)
    assert bool(verdict.reason) == (verdict.first_bad is not None)
    return verdict.first_bad


def test_a_sound_log_has_a_head_and_nothing_to_say(path: Path) -> None:
    verdict = verify(path)
    assert (verdict.records, verdict.first_bad, verdict.reason, verdict.unreadable) == (COUNT, None, "", ())
    assert verdict.head == Head(COUNT, rows_of(path)[-1][3][:16])


def test_an_empty_log_is_sound(tmp_path: Path) -> None:
    (tmp_path / "events.db").touch()
    assert verify(tmp_path / "events.db").head == Head() == verify(a_log(tmp_path / "other.db", 0)).head


def flips(stored: bytes) -> Iterator[bytes]:
    """Each byte changed in one bit, another one from byte to byte."""
    for place in range(len(stored)):
        yield stored[:place] + bytes([stored[place] ^ (1 << place % 8)]) + stored[place + 1 :]


@pytest.mark.parametrize("sequence", range(1, COUNT + 1))
@pytest.mark.parametrize(("column", "value"), [(0, "CAST(? AS TEXT)"), (2, "CAST(? AS TEXT)"), (3, "?")])
def test_a_changed_byte_of_any_row_is_named(path: Path, sequence: int, column: int, value: str) -> None:
    stored = rows_of(path)[sequence - 1][column]
    name = ("originator_id", "originator_version", "topic", "state")[column]
    for flipped in flips(stored if isinstance(stored, bytes) else str(stored).encode()):
        change(path, f"UPDATE stored_events SET {name} = {value} WHERE originator_version = ?", flipped, sequence)
        assert first_bad_of(path) == sequence, flipped


@pytest.mark.parametrize("sequence", range(1, COUNT + 1))
def test_a_changed_bit_of_any_sequence_is_named(path: Path, sequence: int) -> None:
    renumber = "UPDATE stored_events SET originator_version = ? WHERE originator_version = ?"
    for other in (sequence ^ (1 << bit) for bit in range(63)):
        if not 1 <= other <= COUNT:
            change(path, renumber, other, sequence)
            assert first_bad_of(path) == sequence, other
            change(path, renumber, sequence, other)


@pytest.mark.parametrize("sequence", range(1, COUNT))
def test_a_removed_row_is_named(path: Path, sequence: int) -> None:
    change(path, "DELETE FROM stored_events WHERE originator_version = ?", sequence)
    verdict = verify(path)
    assert verdict.first_bad == sequence
    assert verdict.reason == f"it is missing: record {sequence + 1} follows record {sequence - 1}"


def test_a_cut_tail_cannot_be_seen(path: Path) -> None:
    change(path, "DELETE FROM stored_events WHERE originator_version >= 4")
    assert verify(path).head.sequence == 3


@pytest.mark.parametrize(("one", "other"), list(combinations(range(1, COUNT + 1), 2)))
def test_two_swapped_rows_are_named(path: Path, one: int, other: int) -> None:
    swap = "UPDATE stored_events SET originator_version = ? WHERE originator_version = ?"
    for target, source in ((-1, one), (one, other), (other, -1)):
        change(path, swap, target, source)
    assert first_bad_of(path) == one


@pytest.mark.parametrize("sequence", range(1, COUNT + 1))
@pytest.mark.parametrize(
    "assignment",
    [
        "state = CAST(state AS TEXT)",
        "state = NULL",
        "state = 5",
        "state = zeroblob(0)",
        "topic = CAST(topic AS BLOB)",
        "topic = NULL",
        "originator_id = CAST(originator_id AS BLOB)",
        "originator_id = 'nodf'",
        "originator_version = 'x' || originator_version",
        "originator_version = CAST(originator_version AS TEXT) || 'x'",
        "originator_version = originator_version + 0.5",
        "originator_version = CAST(originator_version AS BLOB)",
        "originator_version = -originator_version",
    ],
)
def test_a_changed_type_or_stream_is_named(path: Path, assignment: str, sequence: int) -> None:
    change(path, f"UPDATE stored_events SET {assignment} WHERE originator_version = ?", sequence)
    assert first_bad_of(path) == sequence


def test_a_row_too_many_is_named(path: Path) -> None:
    change(path, "INSERT INTO stored_events VALUES ('zzzz', 1, 'NodeStopped.1', x'00')")
    assert first_bad_of(path) == COUNT + 1


def test_a_sound_record_that_only_a_newer_wgmesh_can_read_is_told_apart(tmp_path: Path) -> None:
    verdict = verify(a_newer_log(tmp_path / "events.db", 3))
    assert (verdict.records, verdict.reason) == (4, "")
    reason = "record 4 (Unheard.1) cannot be read by this wgmesh: it knows no such event, but a newer one may"
    assert verdict.unreadable == (Unreadable(4, "Unheard.1", reason),)


def test_sequences_may_be_missing_before_a_recovery_and_nowhere_else(path: Path) -> None:
    change(path, "UPDATE stored_events SET topic = 'X.1' WHERE originator_version = 3")
    with closing(EventLog.open(path, at=AT)) as log:
        log.append([Record(7, AT, 0, "start", (), LogRecovered("events.db.damaged-1", 3, 7)), a_record(8)])
    assert (verify(path).records, verify(path).head.sequence) == (4, 8)
    change(path, "DELETE FROM stored_events WHERE originator_version = 2")
    assert first_bad_of(path) == 2


def test_a_recovery_that_cannot_be_read_excuses_nothing(path: Path) -> None:
    change(path, "UPDATE stored_events SET topic = 'LogRecovered.1', state = zeroblob(40) WHERE originator_version = 5")
    change(path, "DELETE FROM stored_events WHERE originator_version = 3 OR originator_version = 4")
    assert first_bad_of(path) == 3


def test_a_recovery_that_names_another_place_excuses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with closing(EventLog.open(path, at=AT)) as log:
        append(log, 2)
        log.append([Record(3, AT, 0, "start", (), LogRecovered("events.db.damaged-1", 3, 7))])
    change(path, "DELETE FROM stored_events WHERE originator_version = 2")
    assert first_bad_of(path) == 2


@pytest.fixture
def compacted(tmp_path: Path) -> Path:
    """Of 12 records, those from the second state on."""
    path = a_log_with_states(tmp_path / "compacted.db", 12, 3, 7, 9)
    begin_at(path, 7)
    return path


def test_a_log_that_begins_with_a_state_is_sound(compacted: Path) -> None:
    verdict = verify(compacted)
    assert (verdict.records, verdict.reason, verdict.head.sequence) == (6, "", 12)
    assert verdict.beginning.sequence == 6
    assert verdict.carried == (Carried(7, AT + 7), Carried(9, AT + 9))


@pytest.mark.parametrize(
    ("statement", "first_bad"),
    [
        ("UPDATE stored_events SET state = CAST(state || x'20' AS BLOB) WHERE originator_version = 7", 7),
        ("DELETE FROM stored_events WHERE originator_version = 7", 7),
        ("UPDATE beginnings SET state = zeroblob(16)", 7),
        ("UPDATE beginnings SET originator_version = 5", 6),
        ("UPDATE beginnings SET originator_version = 'six'", 1),
        ("UPDATE beginnings SET state = 'text'", 1),
        ("DELETE FROM beginnings", 1),
    ],
)
def test_nothing_that_a_shortened_log_begins_with_can_be_changed(
    compacted: Path, statement: str, first_bad: int
) -> None:
    change(compacted, statement)
    assert first_bad_of(compacted) == first_bad


def test_a_log_can_begin_with_a_state_only(compacted: Path) -> None:
    content = rows_of(compacted)
    change(compacted, "DELETE FROM stored_events WHERE originator_version < 8")
    change(compacted, "UPDATE beginnings SET originator_version = 7, state = ?", content[0][3][:16])
    verdict = verify(compacted)
    assert (verdict.first_bad, verdict.records) == (8, 0)
    assert "does not hold the state" in verdict.reason


def test_every_single_bit_of_the_pages_that_hold_the_rows_is_found_where_it_changes_a_row(tmp_path: Path) -> None:
    """All of them, on a log of two records in pages of 512 bytes."""
    small = tmp_path / "small.db"
    with closing(sqlite3.connect(a_log(tmp_path / "events.db", 2))) as connection:
        connection.execute("PRAGMA page_size = 512")
        connection.execute("VACUUM INTO ?", (str(small),))
    with closing(sqlite3.connect(small)) as connection:
        roots = dict(connection.execute("SELECT name, rootpage FROM sqlite_master WHERE type = 'table'"))
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    content, rows = small.read_bytes(), rows_of(small)
    schema = range(1, min(roots.values()))
    others = [root for name, root in roots.items() if name != "stored_events"]
    held = [page for page in range(1, pages + 1) if page not in schema and page not in others]
    found = silent = 0
    with small.open("r+b", buffering=0) as file:
        for place in (byte for page in held for byte in range((page - 1) * 512, page * 512)):
            for bit in range(8):
                os.pwrite(file.fileno(), bytes([content[place] ^ 1 << bit]), place)
                if verify(small, running=False).reason:
                    found += 1
                else:
                    silent += 1
                    assert rows_of(small) == rows, (place, bit)
            os.pwrite(file.fileno(), content[place : place + 1], place)
    print(f"{found} of {found + silent} bits change a row or the way to it: all of them are found")
    assert found > 8 * sum(len(topic) + len(state) for _, _, topic, state in rows)


def test_a_changed_bit_of_the_file_is_found_wherever_it_changes_a_row(path: Path, tmp_path: Path) -> None:
    content, rows, found = path.read_bytes(), rows_of(path), 0
    flipped = tmp_path / "flipped.db"
    chance = random.Random(7)
    for place in chance.sample(range(len(content)), 1500):
        flipped.write_bytes(content[:place] + bytes([content[place] ^ 1 << chance.randrange(8)]) + content[place + 1 :])
        verdict = verify(flipped, running=False)
        if not verdict.reason:
            assert rows_of(flipped) == rows
        found += bool(verdict.reason)
    assert found > 20


@pytest.mark.parametrize("length", [2, 50, 100, 4096, 5000, 8192])
def test_a_file_cut_short_is_damaged_or_a_shorter_log(path: Path, length: int, tmp_path: Path) -> None:
    short = tmp_path / "short.db"
    short.write_bytes(path.read_bytes()[:length])
    verdict = verify(short, running=False)
    assert verdict.reason
    assert verdict.records < COUNT


def test_what_is_no_database_is_bad_from_the_first_record_on(tmp_path: Path) -> None:
    (tmp_path / "events.db").write_bytes(b"not a database" * 1000)
    verdict = verify(tmp_path / "events.db")
    assert (verdict.records, verdict.first_bad) == (0, 1)
    assert "not a database" in verdict.reason


def test_somebody_elses_database_is_no_log(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "events.db")) as connection, connection:
        connection.execute("CREATE TABLE songs (title)")
    with pytest.raises(WgmeshError, match="not a log of wgmesh"):
        verify(tmp_path / "events.db")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_log_that_we_may_not_read_is_not_called_damaged(path: Path) -> None:
    let_everybody_in(path.parent)
    os.seteuid(65534)
    try:
        with pytest.raises(LogBroken, match="cannot be used"):
            verify(path)
    finally:
        os.seteuid(0)


def test_what_is_not_there_cannot_be_verified(tmp_path: Path) -> None:
    with pytest.raises(WgmeshError, match="does not exist"):
        verify(tmp_path / "events.db")
    with pytest.raises(WgmeshError, match="is not a file"):
        verify(tmp_path)


def test_verifying_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    verify(path)
    assert path.read_bytes() == before
