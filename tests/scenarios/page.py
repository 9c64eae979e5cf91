"""The page of the documentation that goes through a story, command by command, with what each says.

A block between two ``` begins with a command. `…` as its last line stands for more of the same.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.scenarios import PROMPT, played
from tests.source import ROOT

PAGE = ROOT / "docs" / "it-does-not-connect.md"
MORE = "…"
# What is shown of an output that goes on.
SHOWN_LINES = 4

_BLOCK = re.compile(r"^```\n\$ (.*)\n((?:.*\n)*?)```$", re.MULTILINE)


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Each command of the page, and what stands below it."""
    for block in _BLOCK.finditer(text):
        yield block[1], block[2].strip("\n")


def says(command: str, shown: str, directory: Path) -> str:
    """What the command says now, as much of it as is shown."""
    output = played(command, directory)
    if shown.splitlines()[-1:] != [MORE]:
        return output
    return "\n".join([*output.splitlines()[:SHOWN_LINES], MORE])


def written(text: str, directory: Path) -> str:
    """The page with the outputs of now."""

    def again(block: re.Match[str]) -> str:
        return f"```\n{PROMPT}{block[1]}\n{says(block[1], block[2].strip(chr(10)), directory)}\n```"

    return _BLOCK.sub(again, text)
