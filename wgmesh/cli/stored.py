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
    from wgmesh.cli.witnesses import Compared


def verify(directory: Path, as_json: bool, witness: Path | None = None) -> None:
    """Check every record; exit 1 with the first bad sequence if the log is not what was written.

    `witness`: a peer's log, or lines that `events --json` printed of it, to be compared with.
    """
    from wgmesh.adapters.event_log.verify import verify

    verdict = verify(directory / LOG_NAME, running=is_running(directory))
    if not verdict.records and not verdict.reason:
        raise _nothing_in(directory / LOG_NAME)
    compared = _compare(directory, witness) if witness and not verdict.reason else None
    if as_json:
        say_json(_object(verdict) | ({"witness": compared} if compared else {}))
    else:
        _tell(verdict)
        if compared:
            _tell_of_witness(compared)
    if verdict.reason or (compared and compared.reason):
        sys.exit(1)


def _compare(directory: Path, witness: Path) -> "Compared":
    from wgmesh.cli.reading import open_log
    from wgmesh.cli.witnesses import compare

    with open_log(directory) as reader:
        return compare(reader, witness)


def _tell_of_witness(compared: "Compared") -> None:
    if compared.reason:
        remark(f"this is not the log that the witness saw: {compared.reason}")
        return
    gone = f", but for {compared.gone} of records that are no longer in it" if compared.gone else ""
    seen = f"a witness saw it {compared.seen} times, last up to record {compared.last.through}"
    say(f"{seen}: all is there{gone}", "good")


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
    """Every row as text; what is not text is written with backslashes. LogBroken behind what can still be read."""
    from wgmesh.adapters.event_log.database import (
        EVENTS_TABLE,
        SQLITE_ERRORS,
        connect_to_read,
        is_damage,
        tables_of,
        unreachable,
    )
    from wgmesh.domain.errors import LogBroken

    path = directory / LOG_NAME
    last = f"SELECT coalesce(max(originator_version), 0) FROM {EVENTS_TABLE}"  # noqa: S608 - the name of our own table
    # In the order of the table, which is that of the records: what sorts first shows nothing of a torn file.
    rows = f"SELECT originator_version, topic, state FROM {EVENTS_TABLE} WHERE originator_version > ?"  # noqa: S608
    try:
        with closing(connect_to_read(path, running=is_running(directory))) as connection:
            is_empty = True
            if tables_of(connection):
                first = connection.execute(last).fetchone()[0] - limit if limit is not None else 0
                for row in connection.execute(rows, (first,)):
                    is_empty = False
                    yield _cells(*row)
            if is_empty and limit != 0:
                raise _nothing_in(path)
    except SQLITE_ERRORS as error:
        if not is_damage(error):
            raise unreachable(path, error) from error
        raise LogBroken(f"{path} is damaged ({error}): no more of it can be read") from error


def _nothing_in(path: Path) -> Exception:
    from wgmesh.domain.errors import WgmeshError

    return WgmeshError(f"{path} holds no records yet: join a mesh first")


def _cells(sequence: object, topic: object, state: object) -> tuple[str, ...]:
    from wgmesh.domain.records import CHAIN_BYTES

    stored = state if isinstance(state, bytes) else str(state).encode()
    return _text(sequence), _text(topic), stored[:CHAIN_BYTES].hex(), _text(stored[CHAIN_BYTES:])


def _text(stored: object) -> str:
    return stored.decode(errors="backslashreplace") if isinstance(stored, bytes) else str(stored)
