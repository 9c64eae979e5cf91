"""What is printed: colour and columns where a person looks, plain lines where a program reads.

Names come from other machines, so every line for people is made printable before it is coloured.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

# SGR codes: the terminal's own colours, so that they can be read on any background.
STYLES = {"good": "32", "bad": "31", "odd": "33", "faint": "2", "strong": "1"}


def is_terminal(stream: TextIO | None = None) -> bool:
    """Whether a person looks at it (standard output, if nothing else is said)."""
    return (stream or sys.stdout).isatty()


def paint(text: str, style: str, stream: TextIO | None = None) -> str:
    """The text in a style, where a person looks and wants colour (https://no-color.org)."""
    if not style or not is_terminal(stream) or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m"


def say(text: str, style: str = "") -> None:
    """One line on standard output, at once."""
    from wgmesh.projections.wording import printable

    print(paint(printable(text), style), flush=True)


def remark(text: str) -> None:
    """One line on standard error."""
    from wgmesh.projections.wording import printable

    print(f"wgmesh: {printable(text)}", file=sys.stderr, flush=True)


def say_json(value: object) -> None:
    """One JSON object on one line."""
    import msgspec

    print(msgspec.json.encode(value).decode(), flush=True)


def say_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Aligned columns under a header for a person; for a program one line a row, its cells behind tabs."""
    if not is_terminal():
        for row in rows:
            say_cells(row)
        return
    table = [tuple(header), *(tuple(row) for row in rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    for number, row in enumerate(table):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        say(line.rstrip(), "faint" if number == 0 else "")


def say_cells(cells: Sequence[str]) -> None:
    """One row for a program."""
    from wgmesh.projections.wording import printable

    print("\t".join(printable(cell) for cell in cells), flush=True)
