"""A copy of the project with some lines changed: what a mistake would do, asked without touching the checkout.

A child process that starts in the copy imports the copy.
"""

import shutil
from pathlib import Path
from typing import NamedTuple

from tests.source import ROOT


class Edit(NamedTuple):
    """In this file (from the root of the project) a text that occurs once becomes another."""

    path: str
    old: str
    new: str


def edited(directory: Path, *edits: Edit) -> Path:
    """Copy `wgmesh` and `tests` into a directory that is there, with the edits made; the directory."""
    for room in ("wgmesh", "tests"):
        shutil.copytree(ROOT / room, directory / room, ignore=shutil.ignore_patterns("__pycache__"))
    for path, old, new in edits:
        file = directory / path
        text = file.read_text("utf-8")
        assert text.count(old) == 1, f"{path} has {text.count(old)} times, not once: {old}"
        file.write_text(text.replace(old, new), "utf-8")
    return directory
