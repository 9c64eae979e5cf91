"""A recording is a ring of two files that never outgrows its bound, and never stands in the node's way."""

import os
from pathlib import Path

import pytest

from tests.cast import ALICE, SECRET
from tests.daemon.test_freezer import Disk
from wgmesh.daemon.recorder import FileRecorder
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.inputs import Due, Networked, Resumed, Suspended
from wgmesh.domain.mesh import Mesh
from wgmesh.node import Keyring, Node
from wgmesh.node.recording import FORMAT, Beginning, Taken, read_recording

NOON = 1_767_268_800_000


def a_node(recorder: FileRecorder) -> Node:
    keyring = Keyring(ALICE.identity, Keyring.of(bytes(32), SECRET).keys, ALICE.mesh, 1)
    node = Node(keyring, Disk(), Mesh(), os.urandom, recorder)
    node.turn([ALICE.start(), Networked((ALICE.interface,))], NOON, 0)
    return node


def read(path: Path) -> tuple[Beginning, list[Taken]]:
    with path.open("rb") as file:
        beginning, taken = read_recording(file.read)
        return beginning, list(taken)


def test_what_is_taken_is_on_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "inputs"
    node = a_node(FileRecorder(path, ALICE.key))
    assert len(read(path)[1]) == 2
    node.turn([Due("sample")], NOON, 5)
    beginning, taken = read(path)
    assert (beginning.identity, beginning.sequence) == (ALICE.key, 0)
    assert taken[-1].given == Due("sample")
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_ring_stays_within_its_bound_and_keeps_at_least_half_of_it(tmp_path: Path) -> None:
    path, half, turns = tmp_path / "inputs", 20_000, 2000
    node = a_node(FileRecorder(path, ALICE.key, half))
    for number in range(turns):
        node.turn([Suspended("lan", f"{number}") if number % 2 else Resumed("lan")], NOON + number, number)
        assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 2 * half + 5000
    (older, first), (newer, last) = read(tmp_path / "inputs.old"), read(path)
    assert [taken.now.awake for taken in (*first, *last)] == list(range(turns - len(first) - len(last), turns))
    assert first[-1].sequence == newer.sequence > older.sequence > 0
    assert older.session.clock_offset is not None
    assert len(first) > half // 300


def test_each_run_begins_a_recording_of_its_own_and_the_one_before_is_still_there(tmp_path: Path) -> None:
    path = tmp_path / "inputs"
    FileRecorder(path, ALICE.key).close()
    first = a_node(FileRecorder(path, ALICE.key))
    first.turn([Due("forget")], NOON, 1)
    a_node(FileRecorder(path, ALICE.key))
    assert read(tmp_path / "inputs.old")[1][-1].given == Due("forget")
    assert len(read(path)[1]) == 2


@pytest.mark.parametrize("name", ["inputs", "inputs.old"])
def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"my diary")
    with pytest.raises(WgmeshError, match="no recording of wgmesh: name another file"):
        FileRecorder(tmp_path / "inputs", ALICE.key)
    assert (tmp_path / name).read_bytes() == b"my diary"
    assert os.listdir(tmp_path) == [name]


def test_where_nothing_can_be_made_a_sentence_says_so(tmp_path: Path) -> None:
    with pytest.raises(WgmeshError, match=r"cannot be recorded to \(No such file or directory\): name another"):
        FileRecorder(tmp_path / "nowhere" / "inputs", ALICE.key)


def test_a_recording_that_cannot_be_written_ends_and_the_node_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "inputs"
    recorder = FileRecorder(path, ALICE.key)
    node = a_node(recorder)
    length = path.stat().st_size
    full = os.open("/dev/full", os.O_WRONLY)
    assert recorder._descriptor is not None
    os.dup2(full, recorder._descriptor)
    os.close(full)
    for awake in (1, 2):
        assert node.turn([Suspended("lan", str(awake))], NOON, awake).records
    assert [record.message for record in caplog.records] == [f"recording to {path} ends here: No space left on device"]
    assert path.stat().st_size == length > len(FORMAT)
