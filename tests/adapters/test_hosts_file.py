"""The block comes, changes and goes, and all else in the file stays to the byte."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.own_namespace import own_namespace, run
from wgmesh.adapters.hosts_file import NEW_FILE_MODE, HostsFile
from wgmesh.domain.errors import WgmeshError

SYSTEM = b"127.0.0.1\tlocalhost\n# a remark without end"
LINES = ("10.71.3.9 beta.mesh", "fd71::9 beta.mesh")
BLOCK = (
    b"# BEGIN wgmesh wgmesh0: kept by wgmesh, gone with `wgmesh leave`\n"
    b"10.71.3.9 beta.mesh\nfd71::9 beta.mesh\n# END wgmesh wgmesh0\n"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A hosts file as a system has it."""
    path = tmp_path / "hosts"
    path.write_bytes(SYSTEM)
    return path


def test_the_block_is_put_at_the_end_and_taken_out_again(path: Path) -> None:
    file = HostsFile("wgmesh0", path)
    assert file.write(LINES)
    assert path.read_bytes() == SYSTEM + b"\n" + BLOCK
    assert not file.write(LINES)
    assert file.write(())
    assert path.read_bytes() == SYSTEM + b"\n"
    assert not file.write(())


def test_a_block_stays_where_it_is_and_those_of_other_meshes_with_it(path: Path) -> None:
    HostsFile("wgmesh0", path).write(LINES)
    HostsFile("wgmesh01", path).write(LINES)
    with path.open("ab") as more:
        more.write(b"10.0.0.1 printer")
    assert HostsFile("wgmesh0", path).write(LINES[:1])
    changed = (SYSTEM + b"\n" + BLOCK + BLOCK.replace(b"wgmesh0", b"wgmesh01")).replace(b"fd71::9 beta.mesh\n", b"", 1)
    assert path.read_bytes() == changed + b"10.0.0.1 printer"


@given(st.binary(max_size=200), st.binary(max_size=50))
def test_what_others_wrote_is_never_changed(before: bytes, behind: bytes) -> None:
    file = HostsFile("wgmesh0", Path("/nonexistent"))
    content = file._with(before, [b"10.0.0.1 a.mesh"]) + behind
    whole = before if not before or before.endswith(b"\n") else before + b"\n"
    assert file._with(content, []) == whole + behind
    assert file._with(content, [b"10.0.0.1 a.mesh"]) == content


def test_a_file_keeps_its_mode_owner_and_attributes(path: Path) -> None:
    path.chmod(0o640)
    os.setxattr(path, "user.note", b"kept")
    if os.geteuid() == 0:
        os.chown(path, 7, 8)
    before = path.stat()
    HostsFile("wgmesh0", path).write(LINES)
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert os.getxattr(path, "user.note") == b"kept"
    assert after.st_ino != before.st_ino, "it was replaced, not written over"
    assert sorted(each.name for each in path.parent.iterdir()) == ["hosts"]


def test_a_link_stays_one(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "etc"
    link.symlink_to(path)
    HostsFile("wgmesh0", link).write(LINES)
    assert link.is_symlink()
    assert path.read_bytes().endswith(BLOCK)


def test_a_file_that_is_not_there_is_made_for_all_to_read(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    assert not HostsFile("wgmesh0", path).write(())
    assert HostsFile("wgmesh0", path).write(LINES)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (BLOCK, NEW_FILE_MODE)


def test_what_a_power_loss_left_beside_it_is_in_nobodys_way(path: Path) -> None:
    (path.parent / ".hosts.wgmesh").write_bytes(b"half")
    HostsFile("wgmesh0", path).write(LINES)
    assert sorted(each.name for each in path.parent.iterdir()) == ["hosts"]


def test_a_file_that_is_mounted_where_it_is_is_written_over(tmp_path: Path) -> None:
    inside, outside = tmp_path / "hosts", tmp_path / "outside"
    outside.write_bytes(SYSTEM * 20)
    inside.touch()
    with own_namespace():
        run(f"mount --bind {outside} {inside}")
        file = HostsFile("wgmesh0", inside)
        assert file.write(LINES)
        assert inside.read_bytes() == outside.read_bytes() == SYSTEM * 20 + b"\n" + BLOCK
        assert file.write(())
        assert outside.read_bytes() == SYSTEM * 20 + b"\n"
        run(f"umount {inside}")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["hosts", "outside"]


def test_a_file_that_cannot_be_written_is_said_and_is_as_it_was(tmp_path: Path) -> None:
    inside, outside = tmp_path / "hosts", tmp_path / "outside"
    for file in (inside, outside):
        file.write_bytes(SYSTEM)
    with own_namespace():
        run(f"mount --bind {outside} {inside}")
        run(f"mount -o remount,bind,ro {inside}")
        with pytest.raises(WgmeshError, match=r"hosts cannot be written \(Read-only file system\)"):
            HostsFile("wgmesh0", inside).write(LINES)
        assert inside.read_bytes() == SYSTEM
        run(f"umount {inside}")


def test_a_block_that_lost_its_end_is_left_to_whoever_cut_it(path: Path) -> None:
    path.write_bytes(BLOCK.partition(b"# END")[0])
    with pytest.raises(WgmeshError, match="has lost the line '# END wgmesh wgmesh0'"):
        HostsFile("wgmesh0", path).write(LINES)
    assert path.read_bytes() == BLOCK.partition(b"# END")[0]
