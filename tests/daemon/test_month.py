"""A daemon that has run for a month in a large mesh is up again in a second, without its snapshot."""

import time
import tomllib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.month import PEERS, write_month
from tests.source import ROOT
from wgmesh.adapters.event_log.verify import verify
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.domain.folding import carried, fold
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.records import GENESIS, Record, encode

BUDGET = tomllib.loads((ROOT / "tests" / "budgets.toml").read_text())["log"]
TOLERANCE = 5
RUNS = 3


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    path = tmp_path_factory.mktemp("month") / "events.db"
    return path, write_month(path)


def best_of(work: Callable[[], object]) -> float:
    """Seconds of processor time."""
    times = []
    for _ in range(RUNS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def start(path: Path) -> Mesh:
    with closing(EventLog.open(path, at=0)) as log:
        return fold(log.records())


def test_a_month_is_replayed_at_fifty_thousand_records_a_second(month: tuple[Path, int]) -> None:
    path, count = month
    with closing(EventLog.open(path, at=0)) as log:
        rate = count / best_of(lambda: fold(log.records()))
    print(f"{rate:,.0f} records a second, from SQLite to the state")
    assert rate * TOLERANCE >= BUDGET["replayed_a_second"]


def test_a_month_is_verified_at_a_hundred_thousand_records_a_second(month: tuple[Path, int]) -> None:
    path, count = month
    rate = count / best_of(lambda: verify(path, running=False))
    print(f"{rate:,.0f} records a second, verified")
    assert rate * TOLERANCE >= BUDGET["verified_a_second"]


def test_a_start_after_a_month_takes_a_second(month: tuple[Path, int]) -> None:
    path, count = month
    seconds = best_of(lambda: start(path))
    print(f"{count} records, {path.stat().st_size / 1e6:.1f} MB: a start takes {seconds:.2f} s")
    assert seconds <= TOLERANCE * BUDGET["start_seconds"]
    assert len(start(path).peers) == PEERS


def test_the_state_of_a_month_is_carried_in_a_hundredth_of_it(month: tuple[Path, int]) -> None:
    path, _ = month
    mesh = start(path)
    stored = encode(Record(mesh.head.sequence + 1, 0, 0, "log", (), carried(mesh)), GENESIS)
    print(f"{len(stored.state) / 1000:.0f} KB carry {PEERS} peers")
    assert len(stored.state) * 50 < path.stat().st_size
