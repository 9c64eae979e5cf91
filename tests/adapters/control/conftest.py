import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def directory() -> Iterator[Path]:
    """A state directory whose path is longer than an AF_UNIX address can be."""
    with tempfile.TemporaryDirectory() as parent:
        deep = Path(parent, "d" * 120)
        deep.mkdir(mode=0o700)
        yield deep
