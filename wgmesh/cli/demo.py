"""`wgmesh demo`: a mesh on this machine, told live."""

from typing import Annotated

import typer

from wgmesh.cli.terminal import is_terminal

Nodes = Annotated[int, typer.Option(min=1, max=20, help="How many nodes.")]


def demo(nodes: Nodes = 3) -> None:
    """Form a mesh on this machine, and clean up."""
    from wgmesh.demo import run

    run(nodes, is_terminal())
