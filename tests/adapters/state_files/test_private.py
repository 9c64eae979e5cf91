"""A private file is there whole or not at all, and one that others had a hand in is refused with the cure."""

import os
from pathlib import Path

import pytest

from tests.adapters.small_disk import run_on_small_disk
from tests.adapters.state_files import NOBODY, mode_of, nobody_in, only_root, umask
from wgmesh.adapters.state_files.private import read_private, write_private
from wgmesh.domain.errors import WgmeshError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def test_what_was_written_is_read(path: Path) -> None:
    assert read_private(path, 10) is None
    write_private(path, b"content")
    assert read_private(path, 10) == b"content"


@pytest.mark.parametrize("mask", [0, 0o077, 0o777])
def test_a_file_is_for_its_owner_only_whatever_the_umask(path: Path, mask: int) -> None:
    with umask(mask):
        write_private(path, b"content")
    assert mode_of(path) == 0o600


def test_a_file_is_replaced_and_not_rewritten(path: Path) -> None:
    write_private(path, b"old")
    with path.open("rb") as before:
        write_private(path, b"new")
        assert before.read() == b"old"
    assert os.listdir(path.parent) == ["file"]


def test_what_a_power_loss_left_is_in_nobodys_way(path: Path) -> None:
    path.with_name("file.new").write_bytes(b"half")
    write_private(path, b"whole")
    assert os.listdir(path.parent) == ["file"]
    assert path.read_bytes() == b"whole"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_file_that_is_open_to_others_is_refused_with_the_command_that_closes_it(path: Path, mode: int) -> None:
    write_private(path, b"content")
    path.chmod(mode)
    with pytest.raises(WgmeshError, match=rf"open to other users \(mode {mode:04o}\): run `chmod 600 {path}`"):
        read_private(path, 10)


def test_the_owner_may_have_less_than_all_rights(path: Path) -> None:
    write_private(path, b"content")
    path.chmod(0o400)
    assert read_private(path, 10) == b"content"


@only_root
def test_somebody_elses_file_is_refused_with_the_command_that_makes_it_ours(path: Path) -> None:
    write_private(path, b"content")
    os.chown(path, NOBODY, NOBODY)
    with pytest.raises(WgmeshError, match=f"belongs to user {NOBODY}: run `chown 0 {path}`"):
        read_private(path, 10)


def test_the_command_is_quoted_for_the_shell(tmp_path: Path) -> None:
    path = tmp_path / "a file; rm -rf"
    write_private(path, b"content")
    path.chmod(0o644)
    with pytest.raises(WgmeshError, match=f"chmod 600 '{path}'"):
        read_private(path, 10)


def test_a_link_is_refused(path: Path) -> None:
    write_private(path.with_name("other"), b"content")
    path.symlink_to("other")
    with pytest.raises(WgmeshError, match="is a symbolic link"):
        read_private(path, 10)


def test_a_link_is_replaced_and_not_followed(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"theirs")
    path.with_name("file.new").symlink_to("other")
    write_private(path, b"ours")
    assert (path.read_bytes(), other.read_bytes()) == (b"ours", b"theirs")


def test_what_is_no_file_is_refused_at_once(path: Path) -> None:
    os.mkfifo(path, 0o600)
    with pytest.raises(WgmeshError, match="is not a file"):
        read_private(path, 10)
    path.unlink()
    path.mkdir(0o700)
    with pytest.raises(WgmeshError, match="is not a file"):
        read_private(path, 10)


def test_a_longer_file_is_not_read(path: Path) -> None:
    write_private(path, bytes(11))
    with pytest.raises(WgmeshError, match="is longer than wgmesh ever makes it"):
        read_private(path, 10)


def test_a_directory_that_is_missing_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(WgmeshError, match=r"cannot be written \(No such file or directory\)"):
        write_private(tmp_path / "nowhere" / "file", b"content")


@only_root
def test_a_read_only_directory_is_a_sentence_and_stays_as_it_is(path: Path) -> None:
    write_private(path, b"old")
    os.chown(path, NOBODY, NOBODY)
    with nobody_in(path.parent, 0o500), pytest.raises(WgmeshError, match=r"cannot be written \(Permission denied\)"):
        write_private(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == ["file"]


@only_root
def test_a_directory_that_is_closed_to_us_is_a_sentence(path: Path) -> None:
    with nobody_in(path.parent, 0o000), pytest.raises(WgmeshError, match=r"cannot be read \(Permission denied\)"):
        read_private(path, 10)


@pytest.mark.namespaces
def test_a_full_or_read_only_disk_is_a_sentence_and_stays_as_it_is(tmp_path: Path) -> None:
    run_on_small_disk("tests.adapters.state_files.full_disk", tmp_path, kib=1024)
