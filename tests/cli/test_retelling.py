"""A slice of a log becomes a test that passes, and that fails when the fold, a view or a policy is broken."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cast import ALICE, BOB, CAROL, DAVE
from tests.cli import run
from tests.stories import STORY
from tests.told import EVERYTHING, told
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.events import Event
from wgmesh.domain.folding import fold
from wgmesh.domain.mesh import Mesh
from wgmesh.retelling import as_test, retold

BREAKS = {
    "as it is": "",
    "a fold that overlooks silence": "monkeypatch.setattr('wgmesh.domain.peer.Peer.disconnect', lambda peer, _: peer)",
    "a policy that tries nobody": "monkeypatch.setattr('wgmesh.domain.endpoints.turn', lambda *_: None)",
    "a view that shows no routes": (
        "monkeypatch.setattr('wgmesh.projections.desired_device.allowed_ips', lambda *_: [])"
    ),
}


def played(test: Path, broken: str) -> str:
    """What pytest says of the file, in a wgmesh that is broken so."""
    conftest = "import pytest\n\n@pytest.fixture(autouse=True)\ndef broken(monkeypatch):\n    " + (broken or "pass")
    (test.parent / "conftest.py").write_text(conftest)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(test.parent), str(test)]
    done = subprocess.run(command, cwd=test.parent, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("broken", list(BREAKS))
def test_what_is_written_passes_and_fails_when_something_is_broken(node: Path, tmp_path: Path, broken: str) -> None:
    test = tmp_path / "there" / "test_gamma.py"
    test.parent.mkdir()
    said = run("events", "--state-dir", str(node), "--to-test", "--since", "12:00:09", "-o", str(test))
    assert (said.exit_code, said.out) == (0, f"{test}: 4 records; python -m pytest {test}\n")
    verdict = played(test, BREAKS[broken])
    assert verdict.startswith("3 passed") == (not BREAKS[broken]), verdict
    assert ("failed" in verdict) == bool(BREAKS[broken])


@settings(max_examples=40)
@given(st.lists(st.sampled_from(EVERYTHING), min_size=1, max_size=12), st.integers(0, 20))
def test_a_slice_comes_to_what_the_whole_log_came_to(events: list[Event], cut: int) -> None:
    log = told(*ALICE.joined(), *(who.discovered() for who in (BOB, CAROL, DAVE)), *events)
    cut = min(cut, len(log) - 1)
    cut = 0 if cut < len(ALICE.joined()) else cut
    text = as_test(fold(log[:cut]), log[cut:], "0")
    names: dict[str, object] = {}
    exec(compile(text, "test", "exec"), names)
    for name, test in names.items():
        if name.startswith("test_"):
            assert callable(test)
            test()
    whole = as_test(Mesh(), log, "0")
    assert text.partition("\nPEERS")[2] == whole.partition("\nPEERS")[2]


def test_before_the_node_has_started_all_is_told_from_the_first_record_on(node: Path, tmp_path: Path) -> None:
    test = tmp_path / "early.py"
    times = ("--since", "2026-11-22T12:00:00.002", "--until", "12:00:01")
    said = run("events", "--state-dir", str(node), "--to-test", *times, "-o", str(test))
    assert (said.exit_code, said.out.partition(": ")[2][:9]) == (0, "6 records")


def test_nothing_too_much_and_too_early_are_sentences(node: Path, tmp_path: Path) -> None:
    with pytest.raises(WgmeshError, match="no records between"):
        as_test(Mesh(), (), "0")
    with pytest.raises(WgmeshError, match="2600 records are no test any more"):
        as_test(Mesh(), STORY * 200, "0")
    with pytest.raises(WgmeshError, match="no node that started"):
        as_test(Mesh(), STORY[:1], "0")
    words = ("events", "--state-dir", str(node), "--to-test")
    assert run(*words).exit_code == 2
    (tmp_path / "mine.py").write_text("mine")
    assert run(*words, "-o", str(tmp_path / "mine.py")).exit_code == 1
    assert (tmp_path / "mine.py").read_text() == "mine"
    assert run(*words, "--until", "11:00", "-o", str(tmp_path / "none.py")).exit_code == 1
    assert not (tmp_path / "none.py").exists()


def test_a_line_that_was_changed_is_not_read() -> None:
    text = as_test(Mesh(), STORY, "0")
    names: dict[str, tuple[str, ...]] = {}
    exec(compile(text, "test", "exec"), names)
    with pytest.raises(WgmeshError):
        retold([line.replace("PeerConnected.1", "PeerConnected.9") for line in names["RECORDS"]])
