"""`wgmesh merge`: two nodes' logs on one clock, and for each direction what became of what was said."""

from pathlib import Path
from typing import Annotated

import typer

from wgmesh.cli.place import AsJson

First = Annotated[Path, typer.Argument(metavar="A", help="A log, or the state directory that it is in.")]
Second = Annotated[Path, typer.Argument(metavar="B", help="The other node's.")]
Everything = Annotated[bool, typer.Option("--all", help="Also records that speak of other peers alone.")]


def merge(first: First, second: Second, everything: Everything = False, as_json: AsJson = False) -> None:
    """Tell two nodes' logs as one: who never sent or heard."""
    from wgmesh.cli.merging import Pair, show, show_json

    pair = Pair(first, second, everything)
    show_json(pair) if as_json else show(pair)
    pair.complain()
