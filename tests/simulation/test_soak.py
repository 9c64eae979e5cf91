"""A soak goes on until it is told to stop, and what it finds is written down."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation import soak
from tests.simulation.swarm import Options, simulate
from tests.simulation.world import SECOND
from tests.source import ROOT


def test_it_goes_on_until_ctrl_c_and_says_how_far_it_came(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.simulation", "--soak", "--seed", "4", "--processes", "2"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stdout
        assert running.stderr
        assert running.stdout.readline() == "10 seeds from 4, 0 violations\n"
        os.killpg(running.pid, signal.SIGINT)
        *_, last = running.stdout.read().splitlines()
        assert last.startswith("stopped after ")
        assert running.stderr.read() == ""
        assert running.wait() == 0
    assert list(tmp_path.iterdir()) == []


def test_a_violation_is_appended_with_its_options_and_its_drawing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = simulate(Options(seed=1, nodes=3, duration=SECOND // 20))
    assert outcome.violation.startswith("liveness: 0 min after the last fault n")
    for _ in range(2):
        soak._write_down(outcome)
    text = (tmp_path / soak.FOUND).read_text("utf-8")
    assert text.count("seed=1 liveness: ") == 2
    assert "nodes=3" in text
    assert "sequenceDiagram" in text
