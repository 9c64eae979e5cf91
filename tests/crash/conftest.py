"""Where the rig works: in memory, since syncs are recorded and not waited for."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory where there is one: syncs are recorded and not waited for."""
    if not MEMORY.is_dir():
        yield tmp_path
        return
    place = Path(tempfile.mkdtemp(prefix="wgmesh-crash-", dir=MEMORY))
    yield place
    shutil.rmtree(place)
