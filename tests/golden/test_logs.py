"""Whatever a released version wrote is folded by this one to the state that it had, record by record."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.cli import run
from tests.golden.logs import DIRECTORY, story, write_log
from wgmesh import __version__
from wgmesh.adapters.event_log.borrowed import borrow
from wgmesh.adapters.event_log.reader import LogReader
from wgmesh.adapters.event_log.verify import verify
from wgmesh.domain.events import CATALOGUE, PeerRoamed, StateCarried
from wgmesh.domain.folding import evolve
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.records import Record
from wgmesh.replay import fold_again

LOGS = sorted(DIRECTORY.glob("*.db"))


@pytest.fixture(params=LOGS, ids=[log.stem for log in LOGS])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy: SQLite makes files beside what it reads."""
    return borrow(request.param, tmp_path, running=False)


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """The log of this version."""
    return borrow(DIRECTORY / f"{__version__}.db", tmp_path, running=False)


def test_there_is_a_log_of_this_version() -> None:
    assert DIRECTORY / f"{__version__}.db" in LOGS, "run `python -m tests.golden.logs` and keep what it writes"


def test_the_story_has_every_event() -> None:
    assert [event for event in CATALOGUE if event not in [StateCarried, *(type(each) for _, each in story())]] == []


def test_it_verifies_and_nothing_in_it_is_unreadable(log: Path) -> None:
    verdict = verify(log, running=False)
    assert (verdict.reason, verdict.unreadable) == ("", ())
    assert verdict.records > 60


def test_every_record_is_folded_as_it_was(log: Path) -> None:
    said = run("replay", str(log))
    assert (said.exit_code, said.err) == (0, "")


def test_the_first_record_that_would_be_folded_otherwise_is_named(ours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def overlooking(mesh: Mesh, record: Record) -> Mesh:
        after = evolve(mesh, record)
        return replace(mesh, head=after.head) if isinstance(record.event, PeerRoamed) else after

    monkeypatch.setattr("wgmesh.replay.evolve", overlooking)
    with LogReader(ours, running=False) as reader:
        records = [record for record in reader.records() if isinstance(record, Record)]
    differing = next(each for each in fold_again(records, {}) if each.differences)
    roamed = next(record.sequence for record in records if isinstance(record.event, PeerRoamed))
    assert (differing.first_different, differing.record.sequence) == (roamed, roamed + 1)


def test_the_log_of_this_version_is_what_this_version_writes(ours: Path, tmp_path: Path) -> None:
    write_log(tmp_path / "now.db")
    now = verify(tmp_path / "now.db", running=False)
    assert now.head == verify(ours, running=False).head, (
        "an event or the fold has changed: before the first release, run `python -m tests.golden.logs`"
    )
