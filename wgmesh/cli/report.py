"""`wgmesh report`: a log as one page to look at in a browser, now or years from now."""

from pathlib import Path
from typing import Annotated

import typer

from wgmesh.cli.place import Interface, StateDir, find_state
from wgmesh.cli.writing import Output, new_file

Log = Annotated[
    Path | None, typer.Argument(metavar="[LOG]", help="A log, or its state directory; without it, this node's.")
]


def report(output: Output, log: Log = None, interface: Interface = None, state_dir: StateDir = None) -> None:
    """Write a log as a page that is moved through time."""
    from wgmesh.cli.replaying import Past, borrowed
    from wgmesh.cli.terminal import say
    from wgmesh.report.chronicle import chronicle
    from wgmesh.report.page import page

    with borrowed(log or find_state(interface, state_dir)) as copy:
        past = Past(copy, None)
        with past.opened() as reader:
            told = chronicle(past.records(reader))
        with new_file(output) as file:
            file.write(page(told).encode())
        say(f"{output}: {len(told.sequence)} records; it is one file and loads nothing", "good")
        past.complain()
