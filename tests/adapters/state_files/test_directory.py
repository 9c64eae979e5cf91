"""The state directory is its owner's alone."""

import os
from pathlib import Path

import pytest

from tests.adapters.state_files import NOBODY, mode_of, nobody_in, only_root, umask
from wgmesh.adapters.state_files import open_directory
from wgmesh.domain.errors import WgmeshError


@pytest.mark.parametrize("mask", [0, 0o077, 0o022])
def test_a_new_one_is_closed_to_others_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    with umask(mask):
        directory = open_directory(tmp_path / "var" / "wgmesh0")
    assert mode_of(directory) == 0o700


def test_one_that_is_there_is_taken_as_it_is(tmp_path: Path) -> None:
    first = open_directory(tmp_path / "wgmesh0")
    (first / "file").touch()
    assert open_directory(tmp_path / "wgmesh0") == first
    assert os.listdir(first) == ["file"]


def test_its_path_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_directory(Path("wgmesh0")) == tmp_path / "wgmesh0"


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o777, 0o701])
def test_one_that_is_open_to_others_is_refused_with_the_command_that_closes_it(tmp_path: Path, mode: int) -> None:
    directory = open_directory(tmp_path / "wgmesh0")
    directory.chmod(mode)
    with pytest.raises(WgmeshError, match=f"run `chmod 700 {directory}`"):
        open_directory(directory)


@only_root
def test_somebody_elses_is_refused(tmp_path: Path) -> None:
    directory = open_directory(tmp_path / "wgmesh0")
    os.chown(directory, NOBODY, NOBODY)
    with pytest.raises(WgmeshError, match=f"belongs to user {NOBODY}: run `chown 0 {directory}`"):
        open_directory(directory)


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "wgmesh0").touch()
    with pytest.raises(WgmeshError, match="is not a directory"):
        open_directory(tmp_path / "wgmesh0")
    with pytest.raises(WgmeshError, match="Not a directory"):
        open_directory(tmp_path / "wgmesh0" / "below")


@only_root
def test_where_none_can_be_made_is_a_sentence(tmp_path: Path) -> None:
    with nobody_in(tmp_path, 0o500), pytest.raises(WgmeshError, match=r"cannot be .* \(Permission denied\)"):
        open_directory(tmp_path / "wgmesh0")
    assert not os.listdir(tmp_path)
