"""How long a look at a large log takes, wherever in it one looks: held against tests/budgets.toml, in processor time.

The log here is a month's; a year's, at the cap, was measured by hand and takes as long, since snapshots bound the work.
"""

import time
import tomllib
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli import run
from tests.month import write_month
from tests.source import ROOT
from wgmesh import __version__
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.domain import snapshot
from wgmesh.domain.folding import fold

BUDGET = tomllib.loads((ROOT / "tests" / "budgets.toml").read_text())["log"]["look_seconds"]
TOLERANCE = 5
# As often as the daemon keeps its state.
SNAPSHOT_EVERY = 10_000


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory with the log of a month, and its snapshots."""
    directory = tmp_path_factory.mktemp("month")
    directory.chmod(0o700)
    write_month(directory / "events.db")
    with closing(EventLog.open(directory / "events.db", at=0)) as log:
        records = tuple(log.records())
        for last in (*range(SNAPSHOT_EVERY, len(records), SNAPSHOT_EVERY), len(records)):
            state = snapshot.encode(fold(records[:last]))
            log.save_snapshot(last, records[last - 1].chain, snapshot.shape(__version__), state)
    return directory


@pytest.mark.parametrize(
    "words", [["status", "--at", "14999"], ["why", "n42"], ["why", "n42", "--at", "-40d"]], ids=" ".join
)
def test_a_look_at_any_moment_takes_half_a_second(month: Path, words: list[str]) -> None:
    verb, *options = words
    times = []
    for _ in range(3):
        began = time.process_time()
        said = run(verb, "--state-dir", str(month), *options)
        times.append(time.process_time() - began)
        assert said.exit_code == 0, said.err
    print(f"{' '.join(words)}: {min(times):.2f} s")
    assert min(times) <= BUDGET * TOLERANCE
