"""`wgmesh merge` tells two logs as one story, verdicts first."""

import json
from pathlib import Path

import pytest

from tests.adapters.event_log import change
from tests.cli import run
from tests.cli.conftest import keep
from tests.pair_stories import WELL, WRONG_SECRET


@pytest.fixture
def beta(tmp_path: Path) -> Path:
    return keep(tmp_path / "beta", WELL)


def test_both_logs_are_told_on_the_first_ones_clock(node: Path, beta: Path) -> None:
    said = run("merge", str(node), str(beta / "events.db"))
    assert (said.exit_code, said.err) == (0, "")
    head, _, story = said.out.partition("\n\n")
    directions, tunnel, clocks = head.splitlines()[:2], *head.splitlines()[2:]
    assert [line.partition(" first at 12:00:04")[0] for line in directions] == [
        "alpha to beta: heard; its record arrived",
        "beta to alpha: heard; its record arrived",
    ]
    assert tunnel == "WireGuard: both say that they are connected"
    assert clocks.startswith("clocks: beta's is 2 min ahead of alpha's, give or take 2")
    assert clocks.endswith(" ms, from 4 words between them; times are alpha's")
    times = [line.split()[0] for line in story.splitlines()]
    assert times == sorted(times)
    assert any("  beta  wireguard  connected with alpha" in line for line in story.splitlines())
    assert "discovered deJw3ylS" not in story, "gamma is not of the pair"
    assert "discovered deJw3ylS" in run("merge", str(node), str(beta), "--all").out


def test_a_wrong_secret_is_said_where_a_person_looks_first(node: Path, tmp_path: Path) -> None:
    keep(tmp_path / "beta", WRONG_SECRET)
    said = run("merge", str(node), str(tmp_path / "beta"))
    assert said.out.startswith("alpha to beta: refused; datagrams from 192.168.1.5 were dropped (seal 61)")


def test_programs_get_one_object(node: Path, beta: Path) -> None:
    said = json.loads(run("merge", str(node), str(beta), "--json").out)
    assert [each["kind"] for each in said["directions"]] == ["heard", "heard"]
    assert said["nodes"] == ["alpha", "beta"]
    assert abs(said["clock"]["ahead"] - 120_000) <= said["clock"]["doubt"]
    assert [each["at_first"] for each in said["records"]] == sorted(each["at_first"] for each in said["records"])


def test_what_cannot_be_merged_is_a_sentence(node: Path, beta: Path, tmp_path: Path) -> None:
    said = run("merge", str(node), str(node / "events.db"))
    assert (said.exit_code, said.out) == (1, "")
    assert "are logs of one node, alpha: name two nodes' logs" in said.err
    (tmp_path / "odd").write_bytes(b"")
    for pair in ((node, tmp_path / "odd"), (tmp_path / "nowhere", beta)):
        said = run("merge", *map(str, pair))
        assert (said.exit_code, said.out, said.err.count("\n")) == (1, "", 1)


def test_of_a_damaged_log_what_is_sound_is_told(node: Path, beta: Path) -> None:
    change(node / "events.db", "UPDATE stored_events SET topic = 'X' WHERE originator_version = 10")
    said = run("merge", str(node), str(beta))
    assert (said.exit_code, "beta answered" in said.out) == (1, True)
    assert f"{node}: record 10 is bad" in said.err
