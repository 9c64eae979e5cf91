"""A file has the names of the options, and nothing that is not one of them."""

from pathlib import Path

import pytest

from tests.cli import run
from wgmesh.cli.config_file import read_options
from wgmesh.domain.errors import WgmeshError
from wgmesh.settings import Options


def written(tmp_path: Path, text: str) -> Path:
    """A configuration file."""
    file = tmp_path / "wgmesh.toml"
    file.write_text(text)
    return file


def test_a_file_has_the_same_names(tmp_path: Path) -> None:
    file = written(tmp_path, 'interface = "wg7"\nlisten-port = 51820\nlan = false\nlan-interface = ["eth0", "eth1"]\n')
    assert read_options(file) == Options(interface="wg7", listen_port=51820, lan=False, lan_interface=("eth0", "eth1"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("listen-prot = 1", "unknown field `listen-prot`"),
        ("listen-port = 70000", "<= 65535"),
        ('wireguard = "hardware"', "'hardware'"),
        ("lan = 1", "Expected `bool"),
        ("lan = ", "is not a TOML file"),
    ],
)
def test_a_file_that_says_what_join_does_not_take_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(WgmeshError) as refusal:
        read_options(written(tmp_path, text))
    assert why in str(refusal.value)
    assert "wgmesh.toml" in str(refusal.value)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WgmeshError, match="cannot be read: No such file"):
        read_options(tmp_path / "none")
    (tmp_path / "wgmesh.toml").write_bytes(b"\xff")
    with pytest.raises(WgmeshError, match="is not a TOML file"):
        read_options(tmp_path / "wgmesh.toml")


def test_join_takes_its_options_from_the_file_and_flags_win(tmp_path: Path) -> None:
    written(tmp_path, 'interface = "not an interface"\nhostname = "Not a hostname"\n')
    said = run("join", "--dry-run", "--config", "wgmesh.toml", "--interface", "wg7")
    assert (said.exit_code, said.out) == (1, "")
    assert "'Not a hostname' cannot be a hostname here" in said.err
