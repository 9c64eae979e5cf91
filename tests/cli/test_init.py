"""A new mesh: its secret on standard output alone, its owner key in a file."""

import base64
import json
import stat
from pathlib import Path

import pytest

from tests.cli import run
from wgmesh.domain.identity import Identity
from wgmesh.domain.secret import fingerprint, parse


def test_standard_output_is_the_uri_and_nothing_else() -> None:
    said = run("init")
    uri, end = said.out.split("\n")
    assert (said.exit_code, end) == (0, "")
    assert parse(uri).owner
    assert "pass it on privately" in said.err
    assert uri not in said.err


def test_the_owner_key_is_the_private_half_for_its_owners_eyes(tmp_path: Path) -> None:
    secret = parse(run("init").out)
    file = tmp_path / "home" / ".config" / "wgmesh" / f"owner-{fingerprint(secret).hex()}.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert Identity.from_seed(base64.b64decode(file.read_bytes())).key == secret.owner


def test_an_owner_key_is_never_overwritten(tmp_path: Path) -> None:
    assert run("init", "--owner-key", "key").exit_code == 0
    before = (tmp_path / "key").read_bytes()
    said = run("init", "--owner-key", "key")
    assert (said.exit_code, said.out) == (1, "")
    assert "never overwritten" in said.err
    assert (tmp_path / "key").read_bytes() == before


def test_an_owner_key_that_cannot_be_written_makes_no_secret(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = run("init", "--owner-key", "file/key")
    assert (said.exit_code, said.out) == (1, "")
    assert "file/key cannot be written" in said.err


def test_without_an_owner_there_is_no_file_and_init_says_what_that_means(tmp_path: Path) -> None:
    said = run("init", "--no-owner")
    assert parse(said.out).owner == b""
    assert "whoever has the secret can rotate it" in said.err
    assert not (tmp_path / "home").exists()


def test_no_owner_and_an_owner_key_do_not_go_together() -> None:
    said = run("init", "--no-owner", "--owner-key", "key")
    assert (said.exit_code, said.out) == (2, "")


def test_a_subnet_is_in_the_secret() -> None:
    assert parse(run("init", "--no-owner", "--subnet", "10.64.0.0/28").out).subnet == "10.64.0.0/28"
    assert "in the mesh 10.64.0.0/28" in run("init", "--no-owner", "--subnet", "10.64.0.0/28").err


@pytest.mark.parametrize("subnet", ["10.64.0.1/16", "10.0.0.0/29", "hello", "127.0.0.0/16"])
def test_a_subnet_that_cannot_be_is_refused(subnet: str) -> None:
    said = run("init", "--no-owner", "--subnet", subnet)
    assert (said.exit_code, said.out) == (1, "")
    assert said.err.startswith("wgmesh: the mesh's subnet")


def test_json_has_the_keys_that_scripts_rely_on(tmp_path: Path) -> None:
    shown = json.loads(run("init", "--json", "--secret", "--owner-key", "key").out)
    assert list(shown) == ["schema_version", "uri", "owner_key_file", "mesh_network", "mesh_network_ipv6"]
    assert shown["owner_key_file"] == str(tmp_path / "key")
    assert shown["mesh_network"].endswith(".0.0/16")
    assert shown["mesh_network_ipv6"].startswith("fd")


def test_two_meshes_have_two_secrets() -> None:
    assert run("init", "--no-owner").out != run("init", "--no-owner").out
