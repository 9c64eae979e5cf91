"""`ballast`: bytes that are given up when the disk is full, so that there is room for a last word in the log."""

import os
from pathlib import Path

from wgmesh.adapters.state_files.private import write_private
from wgmesh.domain.errors import WgmeshError

NAME = "ballast"
# Room for a batch of the longest records, the index of the WAL, and what a file system needs to delete a file.
BALLAST_BYTES = 256 * 1024


def renew_ballast(directory: Path) -> None:
    """Have the ballast there; LogFull if there is no room for it, WgmeshError if it cannot be written at all."""
    path = directory / NAME
    if not path.is_file() or path.stat().st_size != BALLAST_BYTES:
        # Random, so that no file system stores it in less.
        write_private(path, os.urandom(BALLAST_BYTES))


def free_ballast(directory: Path) -> bool:
    """Give it up; False if it was given up before."""
    path = directory / NAME
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise WgmeshError(f"{path} cannot be deleted ({error.strerror}): check its disk") from error
    return True
