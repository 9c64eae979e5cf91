"""A laboratory for each test that asks for one, and two machines that stay for many of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.namespaces.lab import FaultyLab, require_namespaces
from tests.namespaces.pair import BACK_ENDS, Pair, print_logs


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[FaultyLab]:
    """Torn down in any case; the logs of its daemons are printed, which pytest shows if the test has failed."""
    require_namespaces()
    try:
        with FaultyLab(tmp_path) as lab:
            yield lab
    finally:
        print_logs(tmp_path)


@pytest.fixture(scope="session", params=BACK_ENDS)
def standing_pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """One for all tests that a process runs on this back end."""
    require_namespaces()
    with FaultyLab(tmp_path_factory.mktemp(request.param)) as lab:
        yield Pair(lab, request.param)


@pytest.fixture
def pair(standing_pair: Pair) -> Iterator[Pair]:
    """Two machines that are connected, whatever the test before did to them."""
    try:
        standing_pair.mend()
        yield standing_pair
    finally:
        print_logs(standing_pair.lab.directory)
