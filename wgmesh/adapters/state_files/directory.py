"""The state directory is its owner's alone: what is in it says who the node is and opens the mesh."""

import os
from pathlib import Path

from wgmesh.adapters.state_files.private import check_owner, sync_directory
from wgmesh.domain.errors import WgmeshError

MODE = 0o700


def open_directory(path: Path) -> Path:
    """The absolute path of the directory, made if it is not there; WgmeshError if it is not ours or open to others."""
    path = path.absolute()
    try:
        if not path.exists():
            _make(path)
        if not path.is_dir():
            raise WgmeshError(f"{path} is not a directory: name another --state-dir")
        check_owner(path, os.stat(path), MODE)
    except OSError as error:
        raise WgmeshError(
            f"{path} cannot be the state directory ({error.strerror}): name another --state-dir"
        ) from error
    return path


def _make(path: Path) -> None:
    path.mkdir(MODE, parents=True)
    path.chmod(MODE)  # whatever the umask
    sync_directory(path.parent)
