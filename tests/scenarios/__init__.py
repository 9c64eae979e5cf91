"""Transcripts: what a user types and what exactly comes back, as tests and as documentation.

A file is a row of commands, each a line that begins with `$ `, a line `----`, and the output of both streams, with
`exit N` behind it where N is not 0. `python -m tests.scenarios` writes the outputs anew, to be read before they stay.
"""

import shlex
from collections.abc import Iterator
from pathlib import Path

from tests.cli import run

FILES = sorted(Path(__file__).parent.glob("*.txt"))
PROMPT = "$ "
RULE = "----"


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command with the output that the transcript gives it."""
    for block in f"\n{text}".split(f"\n{PROMPT}")[1:]:
        command, _, output = block.partition(f"\n{RULE}\n")
        yield command, output.strip("\n")


def played(command: str, directory: Path) -> str:
    """What the command says now, run in this directory, which is written as if it were the root."""
    program, *words = shlex.split(command)
    assert program == "wgmesh", command
    said = run(*words)
    output = said.both.replace(str(directory), "").strip("\n")
    return f"{output}\nexit {said.exit_code}".strip("\n") if said.exit_code else output


def written(text: str, directory: Path) -> str:
    """The transcript with the outputs of now."""
    blocks = (f"{PROMPT}{command}\n{RULE}\n{played(command, directory)}\n" for command, _ in commands(text))
    return "\n".join(blocks)
