"""The ballast is there until it is needed; that it is real room is tested on a full disk beside this."""

import os
from pathlib import Path

import pytest

from tests.adapters.state_files import mode_of, nobody_in, only_root
from wgmesh.adapters.state_files import free_ballast, renew_ballast
from wgmesh.adapters.state_files.ballast import BALLAST_BYTES
from wgmesh.domain.errors import WgmeshError


def test_it_is_made_once_and_given_up_once(tmp_path: Path) -> None:
    renew_ballast(tmp_path)
    made = (tmp_path / "ballast").stat()
    assert (made.st_size, mode_of(tmp_path / "ballast")) == (BALLAST_BYTES, 0o600)
    assert made.st_blocks * 512 >= BALLAST_BYTES
    renew_ballast(tmp_path)
    assert (tmp_path / "ballast").stat().st_ino == made.st_ino
    assert free_ballast(tmp_path)
    assert not free_ballast(tmp_path)
    assert not os.listdir(tmp_path)


def test_one_of_another_size_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "ballast").write_bytes(b"half")
    renew_ballast(tmp_path)
    assert (tmp_path / "ballast").stat().st_size == BALLAST_BYTES


@only_root
def test_one_that_cannot_be_given_up_is_a_sentence(tmp_path: Path) -> None:
    renew_ballast(tmp_path)
    with nobody_in(tmp_path, 0o500), pytest.raises(WgmeshError, match=r"cannot be deleted \(Permission denied\)"):
        free_ballast(tmp_path)
