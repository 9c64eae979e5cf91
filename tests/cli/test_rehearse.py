"""`wgmesh rehearse` says what a restart with this version would change, and exits 1 if that is a surprise."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.adapters.event_log import a_newer_log, change
from tests.cli import Said, run
from tests.stories import MESH, NOON
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.domain import snapshot
from wgmesh.domain.mesh import Mesh


def rehearse(directory: Path, *words: str) -> Said:
    return run("rehearse", "--state-dir", str(directory), *words)


def left_behind(directory: Path, mesh: Mesh) -> None:
    """The daemon that stopped last was of another version, and had this state."""
    with closing(EventLog.open(directory / "events.db", at=NOON)) as log:
        log.save_snapshot(log.head.sequence, log.head.chain, snapshot.shape("0.0.9"), snapshot.encode(mesh))


def test_a_log_that_is_folded_alike_is_no_surprise(node: Path) -> None:
    left_behind(node, MESH)
    before = {path.name: path.read_bytes() for path in node.iterdir()}
    said = rehearse(node)
    assert (said.exit_code, said.err) == (0, "")
    assert said.out.splitlines()[1:] == [
        "WireGuard against what the stopped daemon wished for: nothing to change",
        "no surprise: a restart keeps what runs",
    ]
    assert {path.name: path.read_bytes() for path in node.iterdir()} == before


def test_a_version_that_folds_or_wishes_otherwise_is_a_surprise(node: Path) -> None:
    left_behind(node, replace(MESH, listen_port=21821, peers={}, routed={}))
    said = rehearse(node)
    assert said.exit_code == 1
    assert "! behind record 13, listen_port would be 21820 and was 21821" in said.out
    assert "! it would set listen port 21820" in said.out
    assert "! it would add peer " in said.out
    told = json.loads(rehearse(node, "--json").out)
    assert told["surprises"]
    assert told["records"] == 13


def test_without_a_state_there_is_the_log_alone(node: Path) -> None:
    said = rehearse(node)
    assert said.exit_code == 0
    assert "against nothing, since no daemon runs and none left its state behind: nothing to change" in said.out


def test_a_log_of_a_newer_version_is_a_surprise_and_a_damaged_one_a_sentence(node: Path, tmp_path: Path) -> None:
    change(node / "events.db", "UPDATE stored_events SET topic = 'X' WHERE originator_version = 10")
    said = rehearse(node)
    assert (said.exit_code, said.out) == (1, "")
    assert "record 10 is bad" in said.err
    (tmp_path / "newer").mkdir()
    a_newer_log(tmp_path / "newer" / "events.db", 3)
    said = rehearse(tmp_path / "newer")
    assert said.exit_code == 1


@pytest.mark.parametrize("content", [b"", b"not a log" * 100])
def test_what_is_no_log_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "events.db").write_bytes(content)
    said = rehearse(tmp_path / "odd")
    assert (said.exit_code, said.out, said.err.count("\n")) == (1, "", 1)
