"""`wgmesh tables`: a log as a database for `sqlite-utils`, Datasette and whoever speaks SQL."""

from pathlib import Path
from typing import Annotated

import typer

from wgmesh.cli.place import Interface, StateDir, find_state
from wgmesh.cli.writing import Output, new_file

Log = Annotated[
    Path | None, typer.Argument(metavar="[LOG]", help="A log, or its state directory; without it, this node's.")
]


def tables(output: Output, log: Log = None, interface: Interface = None, state_dir: StateDir = None) -> None:
    """Write a log as tables: peers, events, connections."""
    from msgspec.structs import asdict

    from wgmesh.adapters.read_tables import write_tables
    from wgmesh.cli.replaying import Past, borrowed
    from wgmesh.cli.terminal import say
    from wgmesh.report.tables import tables

    with borrowed(log or find_state(interface, state_dir)) as copy:
        past = Past(copy, None)
        with past.opened() as reader, new_file(output):
            rows = asdict(tables(past.records(reader)))
            write_tables(output, rows)
        say(f"{output}: " + ", ".join(f"{len(found)} {name}" for name, found in rows.items()), "good")
        past.complain()
