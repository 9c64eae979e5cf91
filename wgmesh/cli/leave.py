"""`wgmesh leave`: out of the mesh, with or without a running daemon."""

import time
from pathlib import Path

from wgmesh.cli.place import Interface, StateDir, find_state
from wgmesh.cli.reading import is_running
from wgmesh.cli.terminal import say

# Saying goodbye and removing an interface takes a second or two.
END_TIMEOUT_SECONDS = 15.0
LOOK_AGAIN_SECONDS = 0.05


def leave(interface: Interface = None, state_dir: StateDir = None) -> None:
    """Say goodbye, remove the interface, stop."""
    directory = find_state(interface, state_dir)
    if is_running(directory):
        _ask(directory)
    else:
        _leave_once(directory)
    say("left the mesh: the interface is gone, `wgmesh join` brings this node back")


def _ask(directory: Path) -> None:
    """Ask the daemon, and wait until it has ended; WgmeshError if it does not."""
    from wgmesh.adapters.control.client import ask
    from wgmesh.domain.errors import WgmeshError

    ask(directory, {"verb": "leave"})
    end = time.monotonic() + END_TIMEOUT_SECONDS
    while is_running(directory):
        if time.monotonic() > end:
            raise WgmeshError(f"the daemon was told to leave and still runs after {END_TIMEOUT_SECONDS:g} s: ask again")
        time.sleep(LOOK_AGAIN_SECONDS)


def _leave_once(directory: Path) -> None:
    from wgmesh.cli.reading import latest, open_log
    from wgmesh.daemon.leaving import leave_once

    with open_log(directory) as reader:
        settings = latest(reader).settings
    assert settings is not None
    leave_once(directory, settings.interface)
