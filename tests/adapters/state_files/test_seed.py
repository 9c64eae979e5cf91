"""A node has one seed for ever: it is made once, and never written over."""

from pathlib import Path

import pytest

from tests.adapters.state_files import mode_of
from wgmesh.adapters.state_files import load_seed, make_seed
from wgmesh.adapters.state_files.private import write_private
from wgmesh.domain.errors import WgmeshError


def test_the_seed_that_was_made_is_loaded(tmp_path: Path) -> None:
    assert load_seed(tmp_path) is None
    seed = make_seed(tmp_path)
    assert len(seed) == 32
    assert load_seed(tmp_path) == seed
    assert mode_of(tmp_path / "identity.seed") == 0o600


def test_no_two_are_alike(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert make_seed(tmp_path) != make_seed(tmp_path / "other")


def test_there_is_no_second_one(tmp_path: Path) -> None:
    seed = make_seed(tmp_path)
    with pytest.raises(AssertionError):
        make_seed(tmp_path)
    assert load_seed(tmp_path) == seed


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "has 0 bytes and not 32"),
        (b"s" * 31, "has 31 bytes and not 32"),
        (b"s" * 33, "is longer than wgmesh ever makes it"),
        (bytes(32), "holds nothing but zeros"),
    ],
)
def test_what_a_power_loss_made_of_it_is_refused_and_kept(tmp_path: Path, content: bytes, what: str) -> None:
    write_private(tmp_path / "identity.seed", content)
    with pytest.raises(WgmeshError, match=f"{what}: restore it from a backup, or"):
        load_seed(tmp_path)
    assert (tmp_path / "identity.seed").read_bytes() == content


def test_no_refusal_shows_what_is_in_it(tmp_path: Path) -> None:
    write_private(tmp_path / "identity.seed", b"canary" * 5)
    with pytest.raises(WgmeshError) as refused:
        load_seed(tmp_path)
    assert "canary" not in str(refused.value)


def test_one_that_others_could_read_is_refused(tmp_path: Path) -> None:
    make_seed(tmp_path)
    (tmp_path / "identity.seed").chmod(0o644)
    with pytest.raises(WgmeshError, match="chmod 600"):
        load_seed(tmp_path)
