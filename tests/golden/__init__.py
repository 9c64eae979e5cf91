"""Every version of every event ever shipped, one line each, as this and every later wgmesh must read it.

`events.jsonl` is itself a log: each line a record, chained to the line above, so that none changes or goes unnoticed.
A new event or version: `python -m tests.golden` appends its line. An event that changes shape before it was ever
released is a new file: delete it and run the same again.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Raw, Struct

from tests.golden.samples import sample
from wgmesh.domain.records import EVENTS, GENESIS, Record, encode

FILE = Path(__file__).parent / "events.jsonl"


class Line(Struct, frozen=True, forbid_unknown_fields=True):
    """One golden record: `state` is the JSON text without the chain, which stands beside it in hex."""

    topic: str
    chain: str
    state: Raw


def read_lines() -> tuple[Line, ...]:
    """The lines of the golden file, oldest first."""
    lines = FILE.read_bytes().splitlines() if FILE.exists() else []
    return tuple(msgspec.json.decode(line, type=Line) for line in lines)


def missing_events() -> tuple[type, ...]:
    """The events of the catalogue whose current version has no line."""
    topics = [line.topic for line in read_lines()]
    return tuple(event for event, topic in EVENTS.topics.items() if topic not in topics)


def lines_for_the_missing() -> Iterator[Line]:
    """The lines that are to be appended, in the order of the catalogue."""
    lines = read_lines()
    chain = bytes.fromhex(lines[-1].chain) if lines else GENESIS
    for sequence, event in enumerate(missing_events(), start=len(lines) + 1):
        stored = encode(_record(sequence, event), chain)
        chain = stored.record.chain
        yield Line(stored.topic, chain.hex(), Raw(stored.state[len(chain) :]))


def _record(sequence: int, event: type) -> Record:
    return Record(
        sequence=sequence,
        at=1_760_000_000_000 + sequence,
        awake=sequence * 1000,
        cause="golden",
        because=tuple(range(1, sequence))[-2:],
        event=sample(event),
    )
