"""`wgmesh rehearse`: what the installed version would make of the log and of WireGuard, before the service restarts."""

import typer

from wgmesh.cli.place import AsJson, Interface, StateDir, find_state


def rehearse(interface: Interface = None, state_dir: StateDir = None, as_json: AsJson = False) -> None:
    """Tell what a restart with this version would change; exit 1 if that is a surprise."""
    from wgmesh.cli.rehearsing import rehearsed, show

    found = rehearsed(find_state(interface, state_dir))
    show(found, as_json)
    if found.surprises:
        raise typer.Exit(1)
