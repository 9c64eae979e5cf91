"""`events --verify --witness`: what others saw of a log, against the log.

A log that was cut short, or replaced by an old copy, is sound in itself; but a peer may have seen how far it reached.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wgmesh.cli.place import LOG_NAME

if TYPE_CHECKING:
    from wgmesh.adapters.event_log.reader import LogReader

# What every SQLite file begins with; anything else is read as lines of JSON.
_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True)
class Seen:
    """At `at` (ms) the log reached its record `through`, with `head` as the chain of that."""

    at: int
    through: int
    head: bytes


@dataclass(frozen=True)
class Compared:
    """How many heads were seen, the last of them, and what one does not agree with.

    `gone`: so many can no longer be compared, since their records were dropped, or lost in a damage that the log tells
    of. `reason` is a sentence, empty if the log holds all else that was seen of it.
    """

    seen: int
    gone: int
    last: Seen
    reason: str


def compare(reader: "LogReader", witness: Path) -> Compared:
    """The log against what a witness saw of it; WgmeshError if that cannot be read, or saw nothing of this node."""
    from wgmesh.domain.errors import WgmeshError

    seen = sorted(_seen(witness, _identity(reader)), key=lambda each: each.through)
    if not seen:
        raise WgmeshError(f"{witness} saw nothing of this log: name the log of a peer, which is told once an hour")
    head = reader.head.sequence
    gone = [each for each in seen if each.through <= head and reader.chain_of(each.through) is None]
    faults = (fault for each in seen if each not in gone and (fault := _fault(reader, each)))
    return Compared(len(seen), len(gone), seen[-1], next(faults, ""))


def _identity(reader: "LogReader") -> bytes:
    from wgmesh.cli.reading import latest

    return latest(reader).identity


def _fault(reader: "LogReader", seen: Seen) -> str:
    from wgmesh.cli.times import now, stamp

    when = f"of which the witness was told at {stamp(seen.at, now())}"
    head = reader.head.sequence
    if seen.through > head:
        return f"it ends at record {head}, and not at record {seen.through}, {when}: it was cut, or is an old copy"
    if reader.chain_of(seen.through) != seen.head:
        return f"its record {seen.through} is not the one {when}: an old copy was put back and written on"
    return ""


def _seen(witness: Path, identity: bytes) -> Iterator[Seen]:
    """What is in a log, in a state directory, or in what `events --json` printed of one."""
    from wgmesh.domain.errors import WgmeshError

    path = witness / LOG_NAME if witness.is_dir() else witness
    try:
        with path.open("rb") as file:
            is_log = file.read(len(_SQLITE)) == _SQLITE
    except OSError as error:
        raise WgmeshError(f"{path} cannot be read: {error.strerror}") from error
    yield from (_in_log(path, identity) if is_log else _in_lines(path, identity))


def _in_log(path: Path, identity: bytes) -> Iterator[Seen]:
    from wgmesh.adapters.event_log.reader import LogReader
    from wgmesh.cli.replaying import borrowed
    from wgmesh.domain.events import HeadWitnessed
    from wgmesh.domain.records import Record

    with borrowed(path) as copy, LogReader(copy, running=False) as reader:
        for record in reader.records():
            event = record.event if isinstance(record, Record) else None
            if isinstance(record, Record) and isinstance(event, HeadWitnessed) and event.identity == identity:
                yield Seen(record.at, event.through, event.head)


def _in_lines(path: Path, identity: bytes) -> Iterator[Seen]:
    import msgspec

    from wgmesh.domain.errors import WgmeshError
    from wgmesh.projections.wording import key

    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            told: dict[str, Any] = msgspec.json.decode(line, type=dict[str, Any])
            if told.get("name") == "HeadWitnessed" and told.get("identity") == key(identity):
                yield msgspec.convert(told, Seen)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise WgmeshError(f"{path} is no log, and line {number} is none that `events --json` prints") from error
