"""The log as it is stored: whether it is what was written, and its rows as they are."""

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from wgmesh.cli.place import LOG_NAME
from wgmesh.cli.reading import is_running
from wgmesh.cli.terminal import remark, say, say_cells, say_json

if TYPE_CHECKING:
    from wgmesh.adapters.event_log.verify import Verdict


def verify(directory: Path, as_json: bool) -> None:
    """Check every record; exit 1 with the first bad sequence if the log is not what was written."""
    from wgmesh.adapters.event_log.verify import verify

    verdict = verify(directory / LOG_NAME, running=is_running(directory))
    if as_json:
        say_json(_object(verdict))
    else:
        _tell(verdict)
    if verdict.reason:
        sys.exit(1)


def show(directory: Path, limit: int | None) -> None:
    """Print sequence, name and version, chain and text of each record, whatever is in it."""
    for cells in _rows(directory, limit):
        say_cells(cells)


def _object(verdict: "Verdict") -> dict[str, object]:
    return {
        "schema_version": 1,
        "verified": not verdict.reason,
        "records": verdict.records,
        "head": verdict.head.sequence,
        "chain": verdict.head.chain.hex(),
        "first_bad": verdict.first_bad,
        "reason": verdict.reason,
        "unreadable": [kind.topic for kind in verdict.unreadable],
    }


def _tell(verdict: "Verdict") -> None:
    for kind in verdict.unreadable:
        remark(f"unreadable here, but what was written: {kind.reason}")
    whole = f"{verdict.records} records up to {verdict.head.sequence} are what was written"
    if not verdict.reason:
        say(f"{whole}; chain {verdict.head.chain.hex()}", "good")
    else:
        where = f"record {verdict.first_bad} is bad: " if verdict.first_bad is not None else ""
        remark(f"{where}{verdict.reason}; {whole}")


def _rows(directory: Path, limit: int | None) -> Iterator[tuple[str, ...]]:
    """Every row as text; what is not text is written with backslashes."""
    from wgmesh.adapters.event_log.database import EVENTS_TABLE, connect_to_read
    from wgmesh.domain.records import CHAIN_BYTES

    last = f"SELECT max(originator_version) FROM {EVENTS_TABLE}"  # noqa: S608 - the name of our own table
    rows = f"SELECT originator_version, topic, state FROM {EVENTS_TABLE} WHERE originator_version > ?"  # noqa: S608
    with closing(connect_to_read(directory / LOG_NAME, running=is_running(directory))) as connection:
        first = connection.execute(last).fetchone()[0] - limit if limit is not None else 0
        for sequence, topic, state in connection.execute(f"{rows} ORDER BY originator_version", (first,)):
            yield str(sequence), _text(topic), state[:CHAIN_BYTES].hex(), _text(state[CHAIN_BYTES:])


def _text(stored: bytes) -> str:
    return stored.decode(errors="backslashreplace")
