"""Every transcript is what comes back when its commands are typed again."""

import os
from pathlib import Path

import pytest

from tests.scenarios import FILES, commands, page, played, written

REWRITE = "WGMESH_REWRITE_TRANSCRIPTS"


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_the_transcript_is_what_comes_back(file: Path, machine: Path) -> None:
    if REWRITE in os.environ:
        file.write_text(written(file.read_text(), machine))
        return  # what it wrote is there now, and some commands write new files only
    for command, output in commands(file.read_text()):
        assert played(command, machine) == output, command


def test_the_page_that_goes_through_a_story_is_what_comes_back(machine: Path) -> None:
    if REWRITE in os.environ:
        page.PAGE.write_text(page.written(page.PAGE.read_text(), machine))
        return
    for command, shown in page.blocks(page.PAGE.read_text()):
        assert page.says(command, shown, machine) == shown, command


def test_there_is_no_empty_transcript() -> None:
    assert FILES
    assert [file.name for file in FILES if not list(commands(file.read_text()))] == []
    assert len(list(page.blocks(page.PAGE.read_text()))) == page.PAGE.read_text().count("\n$ wgmesh")
