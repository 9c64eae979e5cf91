"""The secrets come back as they were told, and show themselves to nobody else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.state_files import mode_of
from wgmesh.adapters.state_files import Generation, read_generations, write_generations
from wgmesh.adapters.state_files.private import write_private
from wgmesh.domain.errors import WgmeshError

CANARY = "wgmesh://v1/canary?owner=x&subnet=10.0.0.0/8"
TWO = (Generation(1, CANARY), Generation(3, "a weak secret with spaces  "))

lines = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), min_size=1)


def test_there_are_none_before_the_first_join(tmp_path: Path) -> None:
    assert read_generations(tmp_path) == ()


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_generations(tmp_path, TWO)
    assert read_generations(tmp_path) == TWO
    assert (tmp_path / "secrets").read_text() == f"1 {CANARY}\n3 a weak secret with spaces  \n"
    assert mode_of(tmp_path / "secrets") == 0o600


@given(st.dictionaries(st.integers(0, 2**32 - 1), lines, min_size=1))
def test_any_secret_of_one_line_survives(tmp_path_factory: pytest.TempPathFactory, uris: dict[int, str]) -> None:
    directory = tmp_path_factory.mktemp("state")
    generations = tuple(Generation(number, uris[number]) for number in sorted(uris))
    write_generations(directory, generations)
    assert read_generations(directory) == generations


@pytest.mark.parametrize(
    "generations",
    [
        [Generation(1, "two\nlines")],
        [Generation(1, "")],
        [Generation(-1, "x")],
        [Generation(2, "x"), Generation(1, "x")],
        [Generation(1, "x"), Generation(1, "x")],
    ],
)
def test_what_would_not_be_read_back_is_our_own_mistake(tmp_path: Path, generations: list[Generation]) -> None:
    with pytest.raises(AssertionError):
        write_generations(tmp_path, generations)
    assert read_generations(tmp_path) == ()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"1 " + CANARY.encode(),
        b"1\n",
        b"1 \n",
        b"01 " + CANARY.encode() + b"\n",
        b"-1 " + CANARY.encode() + b"\n",
        b"1 " + CANARY.encode() + b"\n\n",
        b"2 " + CANARY.encode() + b"\n1 x\n",
        b"1 x\n1 " + CANARY.encode() + b"\n",
        b"1 \xff" + CANARY.encode() + b"\n",
        b"9" * 5000 + b" x\n",
        CANARY.encode() + b"\n",
        bytes(40),
    ],
)
def test_a_damaged_file_is_refused_without_a_word_of_what_is_in_it(tmp_path: Path, content: bytes) -> None:
    write_private(tmp_path / "secrets", content)
    with pytest.raises(WgmeshError, match="is damaged: restore it from a backup") as refused:
        read_generations(tmp_path)
    assert "canary" not in str(refused.value)


def test_a_secret_is_in_no_repr() -> None:
    assert "canary" not in f"{TWO} {TWO[0]!r} {TWO[0]}"
