"""`wgmesh status`: one screen, and the way for scripts to wait until a node is connected."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from wgmesh.cli.moments import At
from wgmesh.cli.place import AsJson, Interface, StateDir, find_state, has_mesh
from wgmesh.cli.reading import view
from wgmesh.cli.terminal import say, say_json

if TYPE_CHECKING:
    from wgmesh.cli.reading import View
    from wgmesh.projections.status import Status

# A connection takes a second at best, and each look folds the log.
LOOK_AGAIN_SECONDS = 0.2

Wait = Annotated[float | None, typer.Option(min=0, metavar="SECONDS", help="Wait until it is up and connected.")]
Connected = Annotated[int, typer.Option("--peers", min=0, metavar="N", help="How many peers are to be connected.")]


def status(
    interface: Interface = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
    at: At = None,
    wait: Wait = None,
    peers: Connected = 0,
) -> None:
    """Show this node and what is wrong.

    With --wait: return 0 once the interface is up and so many peers are connected, else 1.
    """
    if wait is not None or peers:
        _wait(interface, state_dir, wait or 0, peers)
    show_status(view(find_state(interface, state_dir), at), as_json)


def status_or_help(context: typer.Context) -> None:
    """What `wgmesh` alone does: status if there is a mesh, and help if not."""
    if has_mesh():
        status()
    else:
        print(context.get_help())


def show_status(node: "View", as_json: bool) -> None:
    """Print the page of a node at a moment."""
    from wgmesh.cli.status_page import page
    from wgmesh.projections.peers import peers

    shown = _status(node)
    if as_json:
        say_json(shown)
        return
    for line, style in page(shown, peers(node.mesh, node.at, node.live, node.sampled_at)):
        say(line, style)


def _status(node: "View") -> "Status":
    from wgmesh.projections.status import status

    return status(node.mesh, node.at, running=node.running, live=node.live, quoted=node.quoted)


def _wait(interface: str | None, state_dir: str | None, seconds: float, wanted: int) -> None:
    """Return when it is so; WgmeshError with what is missing when the time is over."""
    from wgmesh.domain.errors import WgmeshError

    end = time.monotonic() + seconds
    while missing := _missing(interface, state_dir, wanted):
        if time.monotonic() >= end:
            raise WgmeshError(f"{missing}, after {seconds:g} s: `wgmesh status` says what is wrong")
        time.sleep(LOOK_AGAIN_SECONDS)


def _missing(interface: str | None, state_dir: str | None, wanted: int) -> str:
    """What keeps this node from being up and connected; empty if nothing does."""
    from wgmesh.domain.errors import WgmeshError

    try:
        node = view(find_state(interface, state_dir))
    except WgmeshError as error:
        return str(error)
    if not node.running or node.live is None:
        return "the daemon is not running"
    if node.live.device is None or not node.live.device.up:
        return "the interface is not up"
    connected = _status(node).counts.connected
    return "" if connected >= wanted else f"{connected} of {wanted} peers are connected"
