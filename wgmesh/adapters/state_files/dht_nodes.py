"""`dht-nodes.IPv4`, `dht-nodes.IPv6`: nodes of the DHT that were good lately, so that a restart needs no known ones.

They are a cache: a file that is missing or damaged costs a few more questions and nothing else.
"""

from pathlib import Path

from wgmesh.adapters.state_files.private import read_private, write_private
from wgmesh.domain.errors import WgmeshError

# As many as eight near and many far buckets hold, 38 bytes each at most.
CAP_BYTES = 200 * 38


def read_dht_nodes(directory: Path, family: str) -> bytes:
    """What was kept; nothing where there is nothing to be had."""
    try:
        return read_private(_path(directory, family), CAP_BYTES) or b""
    except WgmeshError:  # somebody else's file, or too long a one: not worth a refusal to start
        return b""


def write_dht_nodes(directory: Path, family: str, packed: bytes) -> None:
    """Keep these; LogFull on a full disk."""
    write_private(_path(directory, family), packed[:CAP_BYTES])


def _path(directory: Path, family: str) -> Path:
    return directory / f"dht-nodes.{family}"
