"""Which node a verb is about, when little or nothing is said."""

import os
import tempfile
from pathlib import Path

import pytest

from tests.cli.conftest import keep
from wgmesh.cli.place import find_state, has_mesh
from wgmesh.domain.errors import WgmeshError


def test_a_directory_that_is_named_is_the_one(node: Path) -> None:
    assert find_state(None, str(node)) == node
    assert find_state("wg7", "alpha") == node


def test_the_environment_goes_before_the_interface(node: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WGMESH_STATE_DIR", str(node))
    assert find_state("wg7", None) == node
    assert has_mesh()


def test_an_interface_names_its_directory(tmp_path: Path) -> None:
    keep(tmp_path / "var" / "wg7")
    keep(tmp_path / "var" / "wgmesh0")
    assert find_state("wg7", None) == tmp_path / "var" / "wg7"
    assert find_state(None, None) == tmp_path / "var" / "wgmesh0"


def test_the_only_mesh_need_not_be_named(tmp_path: Path) -> None:
    assert not has_mesh()
    keep(tmp_path / "var" / "wg7")
    (tmp_path / "var" / "wg8").mkdir()
    assert find_state(None, None) == tmp_path / "var" / "wg7"
    assert has_mesh()


def test_of_several_meshes_one_has_to_be_chosen(tmp_path: Path) -> None:
    keep(tmp_path / "var" / "wg7")
    keep(tmp_path / "var" / "wg8")
    with pytest.raises(WgmeshError, match="choose with --interface wg7 or wg8"):
        find_state(None, None)


def test_no_mesh_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WgmeshError, match=r"there is no mesh in .*/var/wgmesh0: join one with `wgmesh join`"):
        find_state(None, None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else for a while")
def test_a_directory_of_another_user_says_so() -> None:
    with tempfile.TemporaryDirectory() as open_to_all:
        Path(open_to_all).chmod(0o755)
        node = keep(Path(open_to_all, "alpha"))
        os.seteuid(65534)
        try:
            with pytest.raises(WgmeshError, match="alpha belongs to another user: ask as root"):
                find_state(None, str(node))
        finally:
            os.seteuid(0)
