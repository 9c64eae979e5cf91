"""A log that is written at once verifies, and holds what was to be written."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.stories import MESH, STORY, records
from wgmesh.adapters.event_log.authoring import write_log
from wgmesh.adapters.event_log.database import Head
from wgmesh.adapters.event_log.reader import LogReader
from wgmesh.adapters.event_log.verify import verify
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.events import PeersSighted
from wgmesh.domain.folding import carried
from wgmesh.domain.records import Record


def read(path: Path) -> list[Record]:
    with LogReader(path, running=False) as reader:
        return [replace(record, chain=b"") for record in reader.records() if isinstance(record, Record)]


def test_a_whole_log_verifies_and_is_one_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    many = (*STORY, *records(*((4000 + n, "timer/roll-call", PeersSighted(())) for n in range(5000)), after=len(STORY)))
    write_log(tmp_path / "log", many)
    assert [(path.name, path.stat().st_mode & 0o777) for path in tmp_path.iterdir()] == [("log", 0o600)]
    verdict = verify(tmp_path / "log", running=False)
    assert (verdict.reason, verdict.records, verdict.beginning) == ("", len(many), Head())
    assert tuple(read(tmp_path / "log")) == many


def test_a_log_may_go_on_from_a_record_that_is_not_in_it(tmp_path: Path) -> None:
    later = records((4000, "log", carried(MESH)), after=70)
    write_log(tmp_path / "log", later, Head(70, bytes(range(16))))
    verdict = verify(tmp_path / "log", running=False)
    assert (verdict.reason, verdict.head.sequence) == ("", 71)
    assert verdict.beginning == Head(70, bytes(range(16)))


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("mine")
    with pytest.raises(WgmeshError, match="File exists"):
        write_log(tmp_path / "log", STORY)
    assert (tmp_path / "log").read_text() == "mine"
