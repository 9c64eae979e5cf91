"""`wgmesh bugreport`: the log, with pseudonyms and checked, in one file that can be sent to strangers."""

from pathlib import Path
from typing import Annotated

import typer

from wgmesh.cli.place import Interface, StateDir, find_state

Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="What to write.")]
Inputs = Annotated[
    Path | None, typer.Option("--inputs", metavar="FILE", help="A recording that goes along, made by --record-inputs.")
]


def bugreport(
    output: Output = None, interface: Interface = None, state_dir: StateDir = None, inputs: Inputs = None
) -> None:
    """Write a log for strangers: with pseudonyms, checked."""
    from wgmesh.cli.bundle import Bundle, packed

    directory = find_state(interface, state_dir)
    with Bundle(directory, inputs) as bundle:
        packed(bundle, output)
