"""What read verbs stand on: they make do with what the log has, and say what they leave out."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.cli import run
from tests.cli.conftest import keep
from tests.stories import MESH, NOON, STORY, records
from wgmesh import __version__
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.adapters.state_files import Lock
from wgmesh.cli.reading import latest, open_log, view
from wgmesh.domain import events as e
from wgmesh.domain import snapshot
from wgmesh.domain.values import HOUR


def rename(directory: Path, sequence: int, topic: str) -> None:
    """Make a record one of another kind, as a newer version might have written it."""
    with sqlite3.connect(directory / "events.db") as connection:
        connection.execute("UPDATE stored_events SET topic = ? WHERE originator_version = ?", (topic, sequence))
    connection.close()


def test_the_log_is_folded_whole(node: Path) -> None:
    with open_log(node) as reader:
        assert latest(reader).peers == MESH.peers


def test_a_snapshot_stands_for_what_is_before_it(node: Path) -> None:
    log = EventLog.open(node / "events.db", at=NOON)
    log.save_snapshot(log.head.sequence, log.head.chain, snapshot.shape(__version__), snapshot.encode(MESH))
    log.append(records((3900, "operator/stop", e.NodeStopped("SIGTERM")), after=len(STORY)))
    log.close()
    with open_log(node) as reader:
        mesh = latest(reader)
    assert (mesh.peers, mesh.head.sequence) == (MESH.peers, len(STORY) + 1)
    assert mesh.stopped is not None


def test_a_record_of_a_newer_version_is_left_out_and_said_once_a_name(node: Path) -> None:
    rename(node, 5, "DeviceChanged.2")
    rename(node, 6, "DeviceChanged.2")
    said = run("events", "--state-dir", str(node))
    assert said.out.count("\n") == len(STORY) - 2
    assert said.err.count("DeviceChanged.2") == 1
    assert "left out" in said.err


def test_what_rests_on_a_record_that_cannot_be_read_is_told_as_far_as_it_goes(node: Path) -> None:
    rename(node, 7, "PeerDiscovered.2")
    said = run("events", "--state-dir", str(node))
    assert said.exit_code == 0
    assert "discovered" in said.out
    assert said.out.count("\n") == len(STORY) - 1
    assert run("peers", "count", "--state-dir", str(node)).out == "1\n"


def test_a_log_that_tells_of_no_node_says_so(tmp_path: Path) -> None:
    keep(tmp_path / "young", STORY[:1])
    said = run("status", "--state-dir", "young")
    assert said.exit_code == 1
    assert "this log tells of no node" in said.err


def test_counters_are_as_old_as_the_last_roll_call(node: Path) -> None:
    shown = json.loads(run("peers", "--state-dir", str(node), "--json").out)
    assert (shown["at"], shown["sampled_at"]) == (NOON + 2 * HOUR, NOON + HOUR)


def test_without_a_roll_call_counters_have_no_age(tmp_path: Path) -> None:
    keep(tmp_path / "young", STORY[:11])
    assert json.loads(run("peers", "--state-dir", "young", "--json").out)["sampled_at"] is None


def test_a_daemon_that_holds_the_lock_and_does_not_answer_is_running_all_the_same(node: Path) -> None:
    lock = Lock(node)
    seen = view(node)
    assert (seen.running, seen.live) == (True, None)
    lock.release()
    assert not view(node).running


def test_a_file_that_is_no_log_says_so(tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "events.db").write_bytes(b"not a database, but long enough to look like one " * 30)
    said = run("status", "--state-dir", "odd")
    assert said.exit_code == 1
    assert "events.db" in said.err


@pytest.mark.parametrize("verb", ["status", "peers", "events", "config"])
def test_reading_changes_nothing(node: Path, verb: str) -> None:
    before = (node / "events.db").read_bytes()
    assert run(verb, "--state-dir", str(node)).exit_code == 0
    assert (node / "events.db").read_bytes() == before
