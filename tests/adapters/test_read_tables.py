"""The tables can be read with plain SQL, and refer to each other."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import asdict

from tests.stories import STORY
from wgmesh.adapters.read_tables import TABLES, write_tables
from wgmesh.domain.errors import WgmeshError
from wgmesh.report.tables import tables


def ask(path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    write_tables(tmp_path / "tables.db", asdict(tables(STORY)))
    return tmp_path / "tables.db"


def test_who_was_connected_when_is_a_query(database: Path) -> None:
    query = "SELECT name, since, until, seconds FROM connections JOIN peers ON peer = public_key ORDER BY since"
    assert ask(database, query) == [
        ("beta", "2026-11-22T12:00:04.390Z", None, None),
        ("gamma", "2026-11-22T12:00:09.800Z", "2026-11-22T13:01:40.000Z", 3690),
    ]


def test_sentences_can_be_searched_and_records_found_by_peer(database: Path) -> None:
    found = "SELECT sequence FROM events JOIN events_fts ON events.rowid = events_fts.rowid"
    assert ask(database, f"{found} WHERE events_fts MATCH 'silent'") == [(13,)]
    of_gamma = "SELECT sequence FROM mentions JOIN peers ON peer = public_key WHERE name = 'gamma' ORDER BY 1"
    assert ask(database, of_gamma) == [(10,), (11,), (12,), (13,)]


def test_each_reference_leads_somewhere_and_the_rows_have_the_columns(database: Path) -> None:
    assert ask(database, "PRAGMA foreign_key_check") == []
    for table, rows in asdict(tables(STORY)).items():
        columns = next(each.columns for each in TABLES if each.name == table)
        assert all(sorted(row) == sorted(columns) for row in rows)
        assert ask(database, f"SELECT count(*) FROM {table}") == [(len(rows),)]


def test_where_it_cannot_be_written_a_sentence_says_so(tmp_path: Path) -> None:
    with pytest.raises(WgmeshError, match="cannot be written: unable to open database file"):
        write_tables(tmp_path / "nowhere" / "tables.db", {})
