"""`wgmesh ban PEER` and `wgmesh unban PEER`: this node no longer talks to that key, or does again."""

import base64
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from wgmesh.cli.place import Interface, StateDir, find_state
from wgmesh.cli.reading import is_running, latest, open_log
from wgmesh.cli.terminal import say

if TYPE_CHECKING:
    from wgmesh.domain.mesh import Mesh

Name = Annotated[str, typer.Argument(metavar="PEER", help="Key, its beginning, hostname or mesh address.")]

# The daemon decides within milliseconds; one that is busy with its device takes a second.
RECORDED_TIMEOUT_SECONDS = 5.0
LOOK_AGAIN_SECONDS = 0.02


def ban(peer: Name, interface: Interface = None, state_dir: StateDir = None) -> None:
    """No longer talk to a peer, whatever it says."""
    _keep_out(peer, find_state(interface, state_dir), "ban")
    say(f"{peer} is banned: its tunnel is gone, `wgmesh unban` lets it back in")


def unban(peer: Name, interface: Interface = None, state_dir: StateDir = None) -> None:
    """Talk to a banned peer again."""
    _keep_out(peer, find_state(interface, state_dir), "unban")
    say(f"{peer} is no longer banned: it connects again when it is met")


def _keep_out(name: str, directory: Path, verb: Literal["ban", "unban"]) -> None:
    mesh = _mesh(directory)
    key = _key(mesh, name, verb)
    if is_running(directory):
        _ask(directory, verb, key)
    else:
        _decide_once(directory, mesh, verb, key)


def _mesh(directory: Path) -> "Mesh":
    with open_log(directory) as reader:
        return latest(reader)


def _key(mesh: "Mesh", name: str, verb: Literal["ban", "unban"]) -> bytes:
    """The WireGuard key that is meant; WgmeshError where nothing would come of it."""
    from wgmesh.domain.bans import BAN_CAP
    from wgmesh.domain.errors import WgmeshError
    from wgmesh.projections.named_peer import named_key

    key = named_key(mesh, name)
    if key == mesh.public_key:
        raise WgmeshError(f"{name} is this node itself: `wgmesh leave` takes it out of the mesh")
    if verb == "unban" and key not in mesh.banned:
        raise WgmeshError(f"{name} is not banned: `wgmesh peers` shows who is")
    if verb == "ban" and key not in mesh.banned and len(mesh.banned) >= BAN_CAP:
        raise WgmeshError(
            f"{BAN_CAP} keys are banned already: `wgmesh rotate-secret` keeps out all who lack the new one"
        )
    return key


def _ask(directory: Path, verb: Literal["ban", "unban"], key: bytes) -> None:
    """Ask the daemon, and wait until it has recorded it; WgmeshError if it does not."""
    from wgmesh.adapters.control.client import ask
    from wgmesh.domain.errors import WgmeshError

    ask(directory, {"verb": verb, "public_key": base64.b64encode(key).decode()})
    end = time.monotonic() + RECORDED_TIMEOUT_SECONDS
    while (key in _mesh(directory).banned) != (verb == "ban"):
        if time.monotonic() > end:
            raise WgmeshError(f"the daemon was asked and has recorded nothing after {RECORDED_TIMEOUT_SECONDS:g} s")
        time.sleep(LOOK_AGAIN_SECONDS)


def _decide_once(directory: Path, mesh: "Mesh", verb: Literal["ban", "unban"], key: bytes) -> None:
    from wgmesh.daemon.once import keep_out_once
    from wgmesh.domain.inputs import Ban, Unban

    assert mesh.settings is not None
    keep_out_once(directory, mesh.settings.interface, Ban(key) if verb == "ban" else Unban(key))
