"""The same seed is the same world, whatever the order of hashes: in processes of their own."""

import os
import re
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path

import pytest

from tests.source import ROOT

# Enough worlds that something which is iterated in the order of hashes is seen to differ.
SEEDS = 3
LAST_LINE = r"seed=\d+ nodes=\d+ virtual_s=\d+ cpu_s=\d+\.\d\d ratio=\d+ digest=[0-9a-f]{32}"


def run(hash_seed: int, logs: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The simulator as a person runs it."""
    command = [sys.executable, "-m", "tests.simulation", "--logs", str(logs), *options]
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("options", [("--chaos", "--seed", "3"), ("--seed", "1", "--nodes", "5", "--hours", "0.1")])
def test_the_same_seed_gives_the_same_logs_under_every_hash_seed(tmp_path: Path, options: tuple[str, ...]) -> None:
    runs = [run(hash_seed, tmp_path / str(hash_seed), *options) for hash_seed in (0, 1, 2)]
    assert [each.returncode for each in runs] == [0, 0, 0], runs[0].stdout + runs[0].stderr
    first, *others = [(tmp_path / str(hash_seed)).read_text("utf-8").splitlines() for hash_seed in (0, 1, 2)]
    for other in others:
        differing = next((pair for pair in zip_longest(first, other) if pair[0] != pair[1]), None)
        assert differing is None, f"the first record that differs:\n{differing[0]}\n{differing[1]}"
    digests = [each.stdout.split()[-1] for each in runs]
    assert digests[0].startswith("digest=")
    assert len(set(digests)) == 1


def test_several_worlds_come_out_the_same_under_every_hash_seed(tmp_path: Path) -> None:
    runs = [run(hash_seed, tmp_path / "logs", "--chaos", "--seeds", str(SEEDS)) for hash_seed in (0, 1, 2)]
    first, *others = [re.findall(r"seed=(\d+) .* digest=([0-9a-f]+)", each.stdout) for each in runs]
    assert len(first) == SEEDS, runs[0].stdout
    for other in others:
        assert other == first, "look at the first seed that differs with --logs, under both hash seeds"


def test_the_last_line_is_what_scripts_read(tmp_path: Path) -> None:
    done = run(0, tmp_path / "logs", "--seed", "9", "--nodes", "2", "--hours", "0.01")
    assert re.fullmatch(LAST_LINE, done.stdout.splitlines()[-1])
    assert done.stdout.splitlines()[-1].startswith("seed=9 nodes=2 virtual_s=36 ")
