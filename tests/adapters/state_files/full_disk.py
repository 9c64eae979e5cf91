"""Run on a small disk: what finds no room, or may not be written, leaves everything as it was."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.adapters.small_disk import fill
from wgmesh.adapters.state_files import (
    Generation,
    Lock,
    free_ballast,
    make_seed,
    next_boot,
    open_directory,
    read_generations,
    renew_ballast,
    write_generations,
)
from wgmesh.adapters.state_files.ballast import BALLAST_BYTES
from wgmesh.adapters.state_files.private import write_private
from wgmesh.domain.errors import LogFull, WgmeshError


def free_bytes(disk: Path) -> int:
    return os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize


def the_ballast_is_real(state: Path) -> None:
    filler = fill(state.parent)
    with pytest.raises(LogFull):
        renew_ballast(state)
    assert not os.listdir(state)
    filler.unlink()
    before = free_bytes(state)
    renew_ballast(state)
    assert before - free_bytes(state) == BALLAST_BYTES
    filler = fill(state.parent)
    with pytest.raises(LogFull):
        write_private(state / "file", bytes(BALLAST_BYTES))
    assert free_ballast(state)
    write_private(state / "file", bytes(BALLAST_BYTES))
    (state / "file").unlink()
    filler.unlink()


def nothing_changes_on_a_full_disk(state: Path) -> None:
    assert next_boot(state, 4) == 5
    write_generations(state, [Generation(1, "wgmesh://v1/one")])
    names = sorted(os.listdir(state))
    filler = fill(state.parent)
    for refused in (
        lambda: make_seed(state),
        lambda: next_boot(state, 5),
        lambda: write_generations(state, [Generation(2, "wgmesh://v1/two")]),
    ):
        with pytest.raises(LogFull, match="is full: make room"):
            refused()
    assert sorted(os.listdir(state)) == names
    assert read_generations(state) == (Generation(1, "wgmesh://v1/one"),)
    filler.unlink()
    assert next_boot(state, 0) == 6


def nothing_changes_on_a_read_only_disk(state: Path) -> None:
    names = sorted(os.listdir(state))
    subprocess.run(["mount", "-o", "remount,ro", str(state.parent)], check=True)
    for refused in (
        lambda: Lock(state),
        lambda: make_seed(state),
        lambda: next_boot(state, 5),
        lambda: renew_ballast(state),
        lambda: open_directory(state.parent / "another"),
    ):
        with pytest.raises(WgmeshError, match="Read-only file system"):
            refused()
    assert sorted(os.listdir(state)) == names
    assert read_generations(state) == (Generation(1, "wgmesh://v1/one"),)


if __name__ == "__main__":
    state = open_directory(Path(sys.argv[1]) / "state")
    the_ballast_is_real(state)
    nothing_changes_on_a_full_disk(state)
    nothing_changes_on_a_read_only_disk(state)
