"""`wgmesh tables` writes a database of a log, or says in a sentence why not."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.adapters.event_log import change
from tests.cli import run


def test_a_log_becomes_tables(node: Path, tmp_path: Path) -> None:
    said = run("tables", "--state-dir", str(node), "-o", str(tmp_path / "t.db"))
    assert (said.exit_code, said.err) == (0, "")
    assert said.out == f"{tmp_path}/t.db: 2 peers, 2 endpoints, 13 events, 8 mentions, 2 connections\n"
    assert (tmp_path / "t.db").stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(tmp_path / "t.db")) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (13,)


def test_a_file_that_is_there_stays_and_a_bad_log_is_a_sentence(node: Path, tmp_path: Path) -> None:
    (tmp_path / "t.db").write_text("mine")
    assert run("tables", str(node), "-o", str(tmp_path / "t.db")).exit_code == 1
    assert (tmp_path / "t.db").read_text() == "mine"
    change(node / "events.db", "UPDATE stored_events SET topic = 'X' WHERE originator_version = 10")
    said = run("tables", str(node), "-o", str(tmp_path / "u.db"))
    assert (said.exit_code, said.err.count("record 10 is bad")) == (1, 1)
    assert "9 events" in said.out
    (tmp_path / "odd").write_bytes(b"")
    said = run("tables", str(tmp_path / "odd"), "-o", str(tmp_path / "v.db"))
    assert (said.exit_code, said.err.count("\n"), (tmp_path / "v.db").exists()) == (1, 1, False)
