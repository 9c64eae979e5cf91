"""`wgmesh replay` shows what a log was at any moment, decides recordings again, and leaves both as they are."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.adapters.event_log import AT, Unheard, a_newer_log, an_unheard, change
from tests.cast import CAROL
from tests.cli import Said, run
from tests.recorded_life import record_a_life
from wgmesh import __version__
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.domain import snapshot
from wgmesh.domain.decide import step
from wgmesh.domain.draft import State
from wgmesh.domain.events import CATALOGUE, VERSIONS, LogRecovered, PeerConnected
from wgmesh.domain.folding import evolve, fold
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.records import Record, catalogue_of
from wgmesh.domain.upcasts import UPCASTS
from wgmesh.domain.values import Moment
from wgmesh.node.recording import Decided, Scribe

_hearers: list[list[str]] = []


def _hear(event: str, told: tuple[object, ...]) -> None:
    for paths in _hearers if event == "open" else ():
        paths.append(str(told[0]))


sys.addaudithook(_hear)


@contextmanager
def opened() -> Iterator[list[str]]:
    """The paths of all files that are opened meanwhile."""
    _hearers.append([])
    yield _hearers[-1]
    _hearers.pop()


def replay(*words: object) -> Said:
    return run("replay", *(str(word) for word in words))


@pytest.fixture
def lived(tmp_path: Path) -> Path:
    """`events.db` and `inputs` of one run of a node."""
    (tmp_path / "lived").mkdir()
    record_a_life(tmp_path / "lived")
    return tmp_path / "lived"


def test_a_log_is_folded_to_its_end(node: Path) -> None:
    said = replay(node / "events.db", "--show", "peers", "--json")
    assert (said.exit_code, said.err) == (0, "")
    assert [peer["name"] for peer in json.loads(said.out)["peers"]] == ["beta", "gamma"]
    assert replay(node, "--json", "--show", "peers").out == said.out, "the state directory will do"


def test_a_log_is_folded_to_a_moment_or_a_record(node: Path) -> None:
    for until in ("8", "2026-11-22T12:00:04.200"):
        said = json.loads(replay(node, "--until", until, "--json").out)
        assert (said["sequence"], said["counts"]["known"], said["counts"]["connected"]) == (8, 1, 0)
    assert "gamma" not in replay(node, "--until", "9", "--show", "device").out
    shown = json.loads(replay(node, "--until", "9", "--show", "device", "--json").out)
    assert [len(shown["peers"]), shown["listen_port"]] == [1, 21820]


def test_a_moment_before_there_was_a_node_is_a_sentence(node: Path) -> None:
    said = replay(node, "--until", "2")
    assert (said.exit_code, said.out) == (1, "")
    assert "the log tells of no node that started: name a later one with --until" in said.err


def test_a_moment_before_the_log_is_a_sentence(node: Path) -> None:
    for until in ("0", "11:00"):
        said = replay(node, "--until", until)
        assert (said.exit_code, said.out) == (1, "")
        assert said.err == "wgmesh: the log begins at 12:00:00.000, with record 1: name a later moment\n"
    assert replay(node, "--until", "noon").exit_code == 2


def test_each_record_is_told_on_the_way(node: Path) -> None:
    told = replay(node, "--step").out.splitlines()
    assert told[8] == "     9  12:00:04.390  wireguard  connected with beta at 192.168.1.17:21820"
    assert [line.split()[0] for line in told[:13]] == [str(number) for number in range(1, 14)]


def test_a_strangers_log_is_left_as_it_is(node: Path) -> None:
    before = {path.name: path.read_bytes() for path in node.iterdir()}
    replay(node / "events.db", "--step")
    assert {path.name: path.read_bytes() for path in node.iterdir()} == before


def test_of_a_damaged_log_is_shown_what_is_sound_and_said_where_it_ends(node: Path) -> None:
    change(node / "events.db", "UPDATE stored_events SET topic = 'X' WHERE originator_version = 10")
    said = replay(node, "--json")
    assert said.exit_code == 1
    assert json.loads(said.out)["sequence"] == 9
    assert said.err.startswith(f"wgmesh: {node}/events.db: record 10 is bad: ")
    assert said.err.endswith("; shown is what is before it\n")


def test_what_is_no_log_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "events.db").write_bytes(b"not a database" * 1000)
    said = replay(tmp_path)
    assert (said.exit_code, said.out) == (1, "")
    assert said.err == (
        f"wgmesh: {tmp_path}/events.db: record 1 is bad: SQLite cannot read it: file is not a database\n"
    )
    assert "does not exist" in replay(tmp_path / "nowhere.db").err
    (tmp_path / "empty.db").touch()
    assert "holds no records" in replay(tmp_path / "empty.db").err


def test_a_log_of_a_newer_wgmesh_is_shown_without_what_only_that_can_read(node: Path) -> None:
    newer = catalogue_of((*CATALOGUE, Unheard), VERSIONS, UPCASTS)
    with closing(EventLog.open(node / "events.db", at=AT, catalogue=newer)) as log:
        log.append([an_unheard(14)])
    said = replay(node, "--json")
    assert said.exit_code == 0
    assert json.loads(said.out)["sequence"] == 13
    assert said.err.startswith("wgmesh: record 14 (Unheard.1) cannot be read by this wgmesh")


def test_a_name_in_a_log_is_never_imported(node: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "harmful.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    for topic in ("harmful:Event", "harmful.Event.1", "../../harmful.1", "harmful.1"):
        change(node / "events.db", f"UPDATE stored_events SET topic = '{topic}' WHERE originator_version = 12")
        said = replay(node, "--step")
        assert said.exit_code == 1
        assert "record 12 is bad" in said.err


def test_a_path_in_a_log_is_never_followed(node: Path, tmp_path: Path) -> None:
    bait = tmp_path / "bait"
    bait.write_text("what nobody asked for")
    with closing(EventLog.open(node / "events.db", at=AT)) as log:
        log.append([Record(14, AT, 0, "log", (), LogRecovered(str(bait), 12, 14))])
    with opened() as paths:
        said = replay(node, "--step")
    assert said.exit_code == 0
    assert "bait" in said.out
    assert any(path.endswith("events.db") for path in paths)
    assert not [path for path in paths if "bait" in path]


def test_of_a_log_that_was_cut_off_is_shown_what_is_left(lived: Path) -> None:
    path = lived / "events.db"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    said = replay(lived, "--step")
    assert said.exit_code == 1
    shown = said.out.count("\n")
    assert said.err.startswith(f"wgmesh: {path}: record {shown + 1} is bad: SQLite cannot read it: ")


def test_a_state_that_was_kept_otherwise_names_the_record(lived: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(mesh: Mesh, record: Record) -> Mesh:
        after = evolve(mesh, record)
        return replace(mesh, head=after.head) if isinstance(record.event, PeerConnected) else after

    assert replay(lived).exit_code == 0
    monkeypatch.setattr("wgmesh.replay.evolve", forgetful)
    said = replay(lived, "--json")
    assert said.exit_code == 1
    assert json.loads(said.out)["sequence"] > 10
    assert "peers[bob].proved is None here and was Ground(sequence=" in said.err
    assert "this wgmesh folds record " in said.err.splitlines()[-1]


def test_a_snapshot_of_another_version_is_compared_where_it_can_be_read(lived: Path) -> None:
    with_other_state = EventLog.open(lived / "events.db", at=AT)
    mesh = replace(fold(with_other_state.records()), nonce=3)
    head = with_other_state.head
    state = snapshot.encode(mesh)
    with_other_state.save_snapshot(head.sequence, head.chain, snapshot.shape("another version"), state)
    with_other_state.close()
    said = replay(lived)
    assert said.exit_code == 1
    assert "nonce is 0 here and was 3 there" in said.err
    assert f"the one that kept the state behind record {head.sequence}" in said.err
    again = EventLog.open(lived / "events.db", at=AT)
    again.save_snapshot(head.sequence, head.chain, b"of another form", state)
    again.close()
    assert replay(lived).exit_code == 0


def test_recorded_inputs_are_decided_again(lived: Path) -> None:
    said = replay(lived, "--inputs", lived / "inputs")
    assert (said.exit_code, said.err) == (0, "")
    records = json.loads(replay(lived, "--json").out)["sequence"]
    assert said.out == f"decided 19 inputs again: {records} records, 1 to {records}, as in the log\n"


def test_each_input_is_told_on_the_way_and_a_moment_ends_it(lived: Path) -> None:
    said = replay(lived, "--inputs", lived / "inputs", "--step", "--until", "5")
    lines = said.out.splitlines()
    assert lines[0] == "input 1, Start: 3 records"
    assert lines[1].startswith("     1  ")
    assert "joined the mesh" in lines[1]
    assert lines[-1] == "decided 3 inputs again: 5 records, 1 to 5, as in the log"


def test_it_stops_at_the_first_record_that_differs_and_shows_both(lived: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wgmesh.domain.liveness.SILENT_AFTER", 3_600_000)
    said = replay(lived, "--inputs", lived / "inputs")
    assert said.exit_code == 1
    there, here, sentence, shown, summary = said.out.splitlines()
    assert (there, here) == ("in the log: nothing", "decided now:")
    assert "connected with bob" in sentence
    assert json.loads(shown)["name"] == "PeerConnected"
    assert summary.startswith("decided 6 inputs again: ")
    assert (
        f"inputs: record {json.loads(shown)['sequence']} is decided otherwise by this wgmesh, at input 7, Sampled"
        in (said.err)
    )


def test_a_fold_that_differs_names_its_record(lived: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(mesh: Mesh, record: Record) -> Mesh:
        after = evolve(mesh, record)
        return replace(after, routed={}) if isinstance(record.event, PeerConnected) else after

    monkeypatch.setattr("wgmesh.domain.draft.evolve", forgetful)
    said = replay(lived, "--inputs", lived / "inputs")
    assert said.exit_code == 1
    assert "is folded otherwise by this wgmesh, at input 9, Sampled: the state after it differs" in said.err


def test_the_older_half_of_the_ring_comes_first(tmp_path: Path) -> None:
    record_a_life(tmp_path, half_bytes=6000, minutes=40)
    assert (tmp_path / "inputs.old").exists()
    lines = replay(tmp_path, "--inputs", tmp_path / "inputs").out.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("decided ") and line.endswith(", as in the log") for line in lines)


def test_a_run_is_decided_without_the_recording_of_the_run_before(tmp_path: Path) -> None:
    record_a_life(tmp_path)
    record_a_life(tmp_path, boot=2)
    assert (tmp_path / "inputs.old").exists()
    assert len(replay(tmp_path, "--inputs", tmp_path / "inputs").out.splitlines()) == 1
    assert replay(tmp_path, "--inputs", tmp_path / "inputs.old").exit_code == 0


def test_a_recording_cut_off_or_changed_is_decided_to_there_and_the_frame_is_named(lived: Path) -> None:
    recording = lived / "inputs"
    content = recording.read_bytes()
    recording.write_bytes(content[:-10])
    said = replay(lived, "--inputs", recording)
    assert said.exit_code == 1
    assert said.out.startswith("decided 18 inputs again")
    assert said.err == f"wgmesh: {recording}: it is cut off in frame 20\n"
    recording.write_bytes(content[:-10] + b"0123456789")
    assert replay(lived, "--inputs", recording).err == f"wgmesh: {recording}: frame 20 is not what was written\n"
    recording.write_bytes(b"wgmesh-inputs-v2\n")
    assert replay(lived, "--inputs", recording).err == f"wgmesh: {recording}: it is of a newer wgmesh\n"
    os.unlink(recording)
    assert "cannot be read: No such file" in replay(lived, "--inputs", recording).err


def test_a_recording_of_another_node_is_refused(lived: Path) -> None:
    scribe = Scribe()
    written = scribe.begin(State(), __version__, CAROL.key)
    written += scribe.take(Decided(CAROL.start(), Moment(AT, 0), step(State(), CAROL.start(), Moment(AT, 0))))
    (lived / "inputs").write_bytes(written)
    said = replay(lived, "--inputs", lived / "inputs")
    assert said.exit_code == 1
    assert said.err == f"wgmesh: {lived}/inputs: the recording is of another node than the log\n"


def test_what_rests_on_unreadable_records_is_not_decided_again(tmp_path: Path, lived: Path) -> None:
    path = a_newer_log(tmp_path / "events.db", 3)
    said = replay(path, "--inputs", lived / "inputs")
    assert said.exit_code == 1
    assert "record 4 (Unheard.1) cannot be read by this wgmesh" in said.err
    assert "cannot be decided again" in said.err
