"""Tables for people, `sqlite-utils` and Datasette: made at will, in a file of their own, and never read by wgmesh."""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlite_utils import Database

from wgmesh.domain.errors import WgmeshError

# Rows in one statement.
BATCH = 1000


class Table(Struct, frozen=True):
    """`columns`: name and type, text, integer or real; `refers`: column, table and column that it points to."""

    name: str
    columns: dict[str, type]
    key: str | tuple[str, ...] | None
    refers: tuple[tuple[str, str, str], ...] = ()
    searched: tuple[str, ...] = ()
    indexed: tuple[str, ...] = ()


_PEER = (("peer", "peers", "public_key"),)

TABLES = (
    Table(
        "peers",
        {
            "public_key": str, "name": str, "state": str, "mesh_ipv4": str, "mesh_ipv6": str, "endpoint": str,
            "first_seen": str, "last_heard": str, "rx_bytes": int, "tx_bytes": int, "identity": str,
        },
        "public_key",
    ),
    Table(
        "endpoints",
        {"peer": str, "endpoint": str, "kind": str, "source": str, "since": str},
        ("peer", "endpoint"),
        _PEER,
    ),
    Table(
        "events",
        {
            "sequence": int, "time": str, "at": int, "name": str, "cause": str, "sentence": str, "because": str,
            "fields": str,
        },
        "sequence",
        searched=("sentence",),
        indexed=("time", "name", "cause"),
    ),
    Table(
        "mentions",
        {"sequence": int, "peer": str},
        ("peer", "sequence"),
        (*_PEER, ("sequence", "events", "sequence")),
    ),
    Table(
        "connections",
        {
            "peer": str, "endpoint": str, "since": str, "until": str, "seconds": int, "begun_by": int, "ended_by": int,
            "at": int,
        },
        ("peer", "begun_by"),
        (*_PEER,),
        indexed=("since", "until"),
    ),
)  # fmt: skip


def write_tables(path: Path, rows: Mapping[str, Iterable[dict[str, Any]]]) -> None:
    """Make the tables in an empty file and fill them, by name; WgmeshError if the file cannot be written."""
    try:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("PRAGMA synchronous=OFF")  # a file that is made anew in seconds need not survive a crash
            database = Database(connection)
            for table in TABLES:
                made = database.create_table(table.name, table.columns, pk=table.key, foreign_keys=table.refers)
                made.insert_all(rows[table.name], batch_size=BATCH)
                for column in table.indexed:
                    made.create_index([column])
                if table.searched:
                    made.enable_fts(table.searched, create_triggers=False)
    except sqlite3.Error as error:
        raise WgmeshError(f"{path} cannot be written: {error}") from error
