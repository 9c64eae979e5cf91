"""Every transcript is what comes back when its commands are typed again."""

import os
from pathlib import Path

import pytest

from tests.scenarios import FILES, commands, played, written

REWRITE = "WGMESH_REWRITE_TRANSCRIPTS"


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_the_transcript_is_what_comes_back(file: Path, machine: Path) -> None:
    if REWRITE in os.environ:
        file.write_text(written(file.read_text(), machine))
        return  # what it wrote is there now, and some commands write new files only
    for command, output in commands(file.read_text()):
        assert played(command, machine) == output, command


def test_there_is_no_empty_transcript() -> None:
    assert FILES
    assert [file.name for file in FILES if not list(commands(file.read_text()))] == []
