"""A laboratory for each test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.namespaces.lab import FaultyLab, require_namespaces


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[FaultyLab]:
    """Torn down in any case; the logs of its daemons are printed, which pytest shows if the test has failed."""
    require_namespaces()
    try:
        with FaultyLab(tmp_path) as lab:
            yield lab
    finally:
        for log in sorted(tmp_path.glob("*.log")):
            print(f"--- {log.name}\n{log.read_text(errors='replace')}")
