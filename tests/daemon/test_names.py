"""The hosts file follows the mesh, and a file that cannot be written stops nothing else."""

import logging
from pathlib import Path

import anyio
import pytest
from msgspec.structs import replace

from tests.cast import ALICE, BOB
from tests.playbook import given
from wgmesh.adapters.hosts_file import HostsFile
from wgmesh.daemon.names import LOOK_AGAIN, Names
from wgmesh.domain.events import MeshLeft, SettingsChanged
from wgmesh.domain.inputs import Input, Resumed, Suspended
from wgmesh.domain.mesh import Mesh

WITH_HOSTS = given(*ALICE.joined(), SettingsChanged(replace(ALICE.settings, hosts=True)))


def follow(names: Names, mesh: Mesh, awake: int = 0) -> list[Input]:
    return anyio.run(names.follow, mesh, awake)


def test_the_file_follows_the_mesh_and_is_read_again_only_after_a_while(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    names, met = Names(HostsFile("wgmesh0", path)), WITH_HOSTS.given(BOB.discovered()).mesh
    assert follow(names, WITH_HOSTS.mesh) == [Resumed("hosts")]
    assert follow(names, met) == [Resumed("hosts")]
    assert f"{BOB.ipv4} bob.mesh\n" in path.read_text()
    path.write_text("")
    assert follow(names, met, LOOK_AGAIN - 1) == []
    assert follow(names, met, LOOK_AGAIN) == [Resumed("hosts")]
    assert "bob.mesh" in path.read_text()
    anyio.run(names.clear)
    assert path.read_text() == ""


def test_a_file_that_cannot_be_written_is_tried_again_and_said_in_a_sentence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = tmp_path / "missing"
    names = Names(HostsFile("wgmesh0", place / "hosts"))
    reason = f"{place / 'hosts'} cannot be written (No such file or directory), so it has no names of peers"
    assert follow(names, WITH_HOSTS.mesh) == [Suspended("hosts", reason)]
    assert follow(names, WITH_HOSTS.mesh, LOOK_AGAIN - 1) == []
    place.mkdir()
    assert follow(names, WITH_HOSTS.mesh, LOOK_AGAIN) == [Resumed("hosts")]
    (place / "hosts").write_text((place / "hosts").read_text().partition("# END")[0])
    with caplog.at_level(logging.WARNING, "wgmesh"):
        anyio.run(names.clear)
    assert "has lost the line" in caplog.text


def test_without_the_option_or_after_a_goodbye_nothing_is_written(tmp_path: Path) -> None:
    names = Names(HostsFile("wgmesh0", tmp_path / "hosts"))
    for mesh in (Mesh(), given(*ALICE.joined()).mesh, WITH_HOSTS.given(MeshLeft()).mesh):
        assert follow(names, mesh) == []
    assert not (tmp_path / "hosts").exists()
