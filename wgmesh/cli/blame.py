"""`wgmesh blame`: the desired WireGuard configuration, and which record each line of it comes from."""

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from wgmesh.cli.moments import At, before_each, records_of
from wgmesh.cli.place import AsJson, Interface, StateDir, find_state
from wgmesh.cli.reading import View, open_log, view_in
from wgmesh.cli.terminal import say, say_json

if TYPE_CHECKING:
    from wgmesh.adapters.event_log.reader import LogReader
    from wgmesh.projections.blame import Line

SCHEMA_VERSION = 1
# Comments begin in one column behind most lines.
COMMENT_COLUMN = 56

# A line with the sequence, time and cause of its record (0 and "" where there is none), and what it displaced.
Blamed = tuple["Line", int, int, str, str]


def blame(interface: Interface = None, state_dir: StateDir = None, as_json: AsJson = False, at: At = None) -> None:
    """Print what WireGuard should be, each line with the record that put it there."""
    directory = find_state(interface, state_dir)
    with open_log(directory) as reader:
        node = view_in(reader, directory, at)
        lines = list(_blamed(reader, node))
    _as_json(node, lines) if as_json else _as_text(node, lines)


def _blamed(reader: "LogReader", node: View) -> Iterator[Blamed]:
    from wgmesh.projections.blame import blame

    lines = blame(node.mesh, node.awake)
    sequences = sorted({line.ground.sequence for line in lines if line.ground})
    records = records_of(reader, sequences)
    old = dict(_displaced(reader, lines, sequences))
    for number, line in enumerate(lines):
        sequence, at = (line.ground.sequence, line.ground.at) if line.ground else (0, 0)
        yield line, sequence, at, records[sequence].cause if sequence in records else "", old.get(number, "")


def _displaced(reader: "LogReader", lines: "tuple[Line, ...]", sequences: list[int]) -> Iterator[tuple[int, str]]:
    """By number of the line, what was there before its record."""
    from wgmesh.projections.blame import blame, displaced

    for sequence, before in before_each(reader, sequences):
        old = blame(before, before.head.awake) if before.settings else ()
        for number, line in enumerate(lines):
            if line.ground and line.ground.sequence == sequence:
                yield number, displaced(line, before, old)


def _as_json(node: View, lines: list[Blamed]) -> None:
    from wgmesh.projections.wording import key

    told = [
        {
            "peer": key(node.mesh.peers[line.section].public_key) if line.section else None,
            "field": line.field,
            "value": line.value,
            "sequence": sequence or None,
            "at": at or None,
            "cause": cause or None,
            "displaced": old or None,
        }
        for line, sequence, at, cause, old in lines
    ]
    say_json({"schema_version": SCHEMA_VERSION, "at": node.at, "sequence": node.mesh.head.sequence, "lines": told})


def _as_text(node: View, lines: list[Blamed]) -> None:
    from wgmesh.projections.wording import name_of

    for section, inside in groupby(lines, key=lambda blamed: blamed[0].section):
        if section:
            say("")
            say(f"# {name_of(node.mesh, section)}", "faint")
        say("[Peer]" if section else "[Interface]", "strong")
        for blamed in inside:
            say(_line(node, *blamed))


def _line(node: View, line: "Line", sequence: int, at: int, cause: str, old: str) -> str:
    from wgmesh.cli.times import stamp

    record = f"record {sequence}, {stamp(at, node.at)}, {cause or 'no longer in the log'}" if sequence else "no record"
    return f"{line.text:<{COMMENT_COLUMN}} # {record}{f'; before: {old}' if old else ''}"
