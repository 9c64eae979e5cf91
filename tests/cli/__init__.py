"""The command line as a user types it, but in this process."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

from wgmesh.cli import main


@dataclass(frozen=True)
class Said:
    """What a command left behind; `both` is standard output and error as a terminal shows them."""

    exit_code: int
    out: str
    err: str
    both: str


def run(*words: str) -> Said:
    """`wgmesh WORDS…`, to its end."""
    out, err, both = io.StringIO(), io.StringIO(), io.StringIO()
    before, sys.argv = sys.argv, ["wgmesh", *words]
    try:
        with redirect_stdout(_Both(out, both)), redirect_stderr(_Both(err, both)):
            code = _code(main)
    finally:
        sys.argv = before
    return Said(code, out.getvalue(), err.getvalue(), both.getvalue())


def _code(command: object) -> int:
    assert callable(command)
    try:
        command()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


class _Both(io.StringIO):
    """Writes to two places."""

    def __init__(self, one: io.StringIO, other: io.StringIO) -> None:
        super().__init__()
        self._places = (one, other)

    def write(self, text: str) -> int:
        for place in self._places:
            place.write(text)
        return len(text)
