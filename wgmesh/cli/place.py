"""Which node a verb is about: its state directory, as said or as found."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

Interface = Annotated[
    str | None, typer.Option("--interface", metavar="NAME", help="The node's interface.", show_default="wgmesh0")
]
StateDir = Annotated[
    str | None,
    typer.Option("--state-dir", metavar="DIR", help="Where it keeps its state.", show_default="/var/lib/wgmesh/NAME"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

LOG_NAME = "events.db"


def find_state(interface: str | None, state_dir: str | None) -> Path:
    """The state directory of a node that has a log.

    As said, else as the environment says, else by the interface, else the only one there is. WgmeshError if there is
    none, if there are several, or if we may not look.
    """
    from wgmesh.domain.errors import WgmeshError

    directory = _said(interface, state_dir) or _only_one()
    if not _has_log(directory):
        raise WgmeshError(f"there is no mesh in {directory}: join one with `wgmesh join`, or name another --state-dir")
    return directory


def has_mesh() -> bool:
    """Whether a verb that is given no place finds a node; WgmeshError if we may not look."""
    directory = _said(None, None)
    return _has_log(directory) if directory else bool(_all())


def _said(interface: str | None, state_dir: str | None) -> Path | None:
    from wgmesh.settings import STATE_DIR_VARIABLE, state_directory

    if state_dir or interface or os.environ.get(STATE_DIR_VARIABLE):
        return state_directory(interface or "", state_dir, os.environ)
    return None


def _only_one() -> Path:
    from wgmesh.domain.errors import WgmeshError
    from wgmesh.settings import DEFAULT_INTERFACE, STATE_ROOT

    found = _all()
    usual = STATE_ROOT / DEFAULT_INTERFACE
    if len(found) > 1 and usual not in found:
        names = " or ".join(directory.name for directory in found)
        raise WgmeshError(f"there are several meshes here: choose with --interface {names}")
    return found[0] if len(found) == 1 else usual


def _all() -> list[Path]:
    from wgmesh.settings import STATE_ROOT

    with _allowed(STATE_ROOT):
        return sorted(each for each in STATE_ROOT.iterdir() if _has_log(each)) if STATE_ROOT.exists() else []


def _has_log(directory: Path) -> bool:
    with _allowed(directory):
        return (directory / LOG_NAME).exists()


@contextmanager
def _allowed(directory: Path) -> Iterator[None]:
    from wgmesh.domain.errors import WgmeshError

    try:
        yield
    except PermissionError as error:
        raise WgmeshError(f"{directory} belongs to another user: ask as root, with sudo") from error
