"""A machine for the command line: its clock stands still two hours after the story began, in UTC."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories import NOON, STORY
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.domain.records import Record
from wgmesh.domain.values import HOUR

NOW = NOON + 2 * HOUR


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The moment at which all commands run, ms."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr("wgmesh.cli.times.now", lambda: NOW)
    yield NOW
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(autouse=True)
def no_mesh_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine that the tests run on is seen."""
    for name in ("WGMESH_STATE_DIR", "WGMESH_SECRET", "WGMESH_SECRET_FILE", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("wgmesh.settings.STATE_ROOT", tmp_path / "var")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def keep(directory: Path, records: tuple[Record, ...] = STORY) -> Path:
    """A state directory with these records in its log, left in good order."""
    directory.mkdir(mode=0o700, parents=True)
    log = EventLog.open(directory / "events.db", at=NOON)
    log.append(records)
    log.close()
    return directory


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """The state directory of alpha, whose daemon is gone."""
    return keep(tmp_path / "alpha")
