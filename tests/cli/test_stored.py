"""Whether the log is what was written, for people and scripts; and its rows, whatever is in them."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.cli import run
from tests.stories import NOON, STORY, records, started
from wgmesh.adapters.event_log.writer import EventLog


def change(directory: Path, statement: str) -> None:
    """Write to the log behind its back."""
    connection = sqlite3.connect(directory / "events.db")
    with connection:
        connection.execute(statement)
    connection.close()


def test_a_sound_log_verifies(node: Path) -> None:
    said = run("events", "--verify", "--state-dir", str(node))
    assert (said.exit_code, said.err) == (0, "")
    assert said.out.startswith("13 records up to 13 are what was written; chain ")
    shown = json.loads(run("events", "--verify", "--json", "--state-dir", str(node)).out)
    assert (shown["verified"], shown["records"], shown["first_bad"], shown["unreadable"]) == (True, 13, None, [])


def test_a_changed_record_is_named(node: Path) -> None:
    change(node, "UPDATE stored_events SET state = state || ' ' WHERE originator_version = 5")
    said = run("events", "--verify", "--state-dir", str(node))
    assert (said.exit_code, said.out) == (1, "")
    assert "record 5 is bad" in said.err
    shown = json.loads(run("events", "--verify", "--json", "--state-dir", str(node)).out)
    assert (shown["verified"], shown["first_bad"]) == (False, 5)


def test_a_missing_record_is_named(node: Path) -> None:
    change(node, "DELETE FROM stored_events WHERE originator_version = 7")
    said = run("events", "--verify", "--state-dir", str(node))
    assert said.exit_code == 1
    assert "record 7 is bad: it is missing" in said.err


def test_raw_prints_every_row_also_what_nobody_can_read(node: Path) -> None:
    change(node, "UPDATE stored_events SET topic = 'Marvel.9', state = x'00112233445566778899aabbccddeeffff41'"
                 " WHERE originator_version = 2")  # fmt: skip
    rows = [line.split("\t") for line in run("events", "--raw", "--state-dir", str(node)).out.splitlines()]
    assert [int(row[0]) for row in rows] == list(range(1, len(STORY) + 1))
    assert rows[0][1] == "MeshJoined.1"
    assert json.loads(rows[0][3])["cause"] == "start"
    assert rows[1][1:] == ["Marvel.9", "00112233445566778899aabbccddeeff", "\\xffA"]


def test_raw_prints_the_last_ones_where_a_limit_is_given(node: Path) -> None:
    assert run("events", "--raw", "--limit", "2", "--state-dir", str(node)).out.count("\n") == 2


def test_of_a_torn_file_what_can_be_read_is_shown_and_then_a_sentence(node: Path) -> None:
    file = node / "events.db"
    with closing(EventLog.open(file, at=NOON)) as log:
        log.append(records(*((4000, "start", started(2)) for _ in range(600)), after=len(STORY)))
    pages = file.read_bytes()
    file.write_bytes(pages[:-4096] + bytes(255 for _ in range(4096)))
    said = run("events", "--raw", "--state-dir", "alpha")
    assert said.exit_code == 1
    assert said.out.startswith("1\tMeshJoined.1\t")
    assert "is damaged (database disk image is malformed): no more of it can be read" in said.err


def test_what_no_row_of_ours_holds_is_shown_as_it_is(node: Path) -> None:
    change(node, "UPDATE stored_events SET state = NULL WHERE originator_version = 3")
    change(node, "UPDATE stored_events SET topic = x'ff' WHERE originator_version = 2")
    lines = run("events", "--raw", "--state-dir", "alpha").out.splitlines()
    assert lines[1].startswith("2\t\\xff\t")
    assert lines[2].split("\t")[1] == "SettingsChanged.2"
