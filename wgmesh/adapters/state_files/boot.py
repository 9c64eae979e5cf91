"""`boot`: how often this node has started, kept apart from the log so that a lost log does not count again.

A boot names the first half of every incarnation and counter: one that is used twice makes a node its own twin.
"""

from pathlib import Path

from wgmesh.adapters.state_files.private import read_private, write_private
from wgmesh.domain.errors import WgmeshError

NAME = "boot"
# The last u32 is refused by every peer, so that nobody is pushed to where no next one is.
LIMIT = 2**32 - 1
_DIGITS = 10


def next_boot(directory: Path, logged: int, at_least: int = 0) -> int:
    """The number of this start, above that in the log and in the file; durable on return.

    LogFull or WgmeshError: it is not to be used.
    """
    boot = max(logged + 1, _read(directory / NAME) + 1, at_least)
    if boot >= LIMIT:
        raise WgmeshError(
            f"{directory} has run out of starts: run `wgmesh leave`, then delete identity.seed, boot and events.db"
            " in it to join as a new node"
        )
    write_private(directory / NAME, b"%d\n" % boot)
    return boot


def _read(path: Path) -> int:
    content = read_private(path, _DIGITS + 1)
    if content is None:
        return 0
    digits = content.removesuffix(b"\n")
    if not digits.isdigit():
        raise WgmeshError(f"{path} is damaged: delete it, the log knows how often this node has started")
    return int(digits)
