"""`identity.seed`: 32 bytes that are the node. Lost, it is another node; known to somebody, it is two.

So it is made once, and one that is there is never written again, whatever is wrong with it.
"""

import os
from pathlib import Path

from wgmesh.adapters.state_files.private import read_private, write_private
from wgmesh.domain.errors import WgmeshError

NAME = "identity.seed"
SEED_BYTES = 32


def load_seed(directory: Path) -> bytes | None:
    """The seed; None if none was made yet. WgmeshError, with the fix, for one that cannot be trusted."""
    path = directory / NAME
    seed = read_private(path, SEED_BYTES)
    if seed is None:
        return None
    # A file system may give back a file that a power loss caught as empty, or as zeros.
    if len(seed) != SEED_BYTES or not any(seed):
        what = f"has {len(seed)} bytes and not {SEED_BYTES}" if len(seed) != SEED_BYTES else "holds nothing but zeros"
        raise WgmeshError(f"{path} {what}: restore it from a backup, or delete it to become a new node")
    return seed


def make_seed(directory: Path) -> bytes:
    """A new seed, durable; the caller holds the lock, and there is none yet. LogFull or WgmeshError: none was made."""
    path = directory / NAME
    assert not path.exists(), "a node has one seed"
    seed = os.urandom(SEED_BYTES)
    write_private(path, seed)
    return seed
