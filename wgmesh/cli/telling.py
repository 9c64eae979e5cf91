"""Picks the records that were asked for and prints them, those of the past and those that come."""

import base64
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wgmesh.cli.moments import story
from wgmesh.cli.reading import latest, open_log
from wgmesh.cli.terminal import is_terminal, paint, say_json

if TYPE_CHECKING:
    from wgmesh.adapters.event_log.reader import LogReader
    from wgmesh.domain.mesh import Mesh
    from wgmesh.domain.records import Record

# A record is printed within 200 ms of its commit; a look costs 20 µs.
LOOK_AGAIN_SECONDS = 0.05
# Wide enough for `wireguard`; longer causes push their sentence to the right.
CAUSE_WIDTH = 9

Print = Callable[["Mesh", "Record"], None]


@dataclass(frozen=True)
class Wanted:
    """Which records: bounds in ms, names of events, keys one of which must be in it (empty: any), and how many."""

    since: int
    until: int
    kinds: tuple[str, ...]
    keys: tuple[bytes, ...]
    limit: int | None

    def has(self, record: "Record") -> bool:
        """Whether it was asked for."""
        if not self.since <= record.at <= self.until:
            return False
        if self.kinds and type(record.event).__name__ not in self.kinds:
            return False
        return not self.keys or self._concerns(record)

    def _concerns(self, record: "Record") -> bool:
        import msgspec

        text = msgspec.json.encode(record.event)
        return any(base64.b64encode(key) in text for key in self.keys)


def wanted(
    directory: Path, since: str | None, until: str | None, peer: str | None, kinds: list[str], limit: int | None
) -> Wanted:
    """The options as values; WgmeshError for a time, a peer or an event that there is not."""
    from wgmesh.cli.times import now, parse

    present = now()
    return Wanted(
        since=parse(since, present) if since else 0,
        until=parse(until, present) if until else 2**63,
        kinds=tuple(_kind(name) for each in kinds for name in each.split(",")),
        keys=_keys(directory, peer) if peer else (),
        limit=limit,
    )


def tell(directory: Path, wanted: Wanted, *, as_json: bool, follow: bool) -> None:
    """Print what is wanted; with `follow` until the process is interrupted."""
    with open_log(directory) as reader:
        printed = _as_json if as_json else _as_sentence
        for before, record in _chosen(reader, wanted, follow):
            printed(before, record)


def _chosen(reader: "LogReader", wanted: Wanted, follow: bool) -> "Iterator[tuple[Mesh, Record]]":
    """What is wanted of what is there now, then of what comes."""
    from wgmesh.domain.mesh import Mesh

    mesh, head = Mesh(), reader.head.sequence
    kept: deque[tuple[Mesh, Record]] = deque(maxlen=wanted.limit)
    for before, record, after in story(reader.records(until=head), mesh):
        mesh = after
        if wanted.has(record):
            kept.append((before, record))
        if wanted.limit is None:
            yield from _emptied(kept)
    yield from kept
    if follow:
        coming = story(reader.follow(head, LOOK_AGAIN_SECONDS), mesh)
        yield from ((before, record) for before, record, _ in coming if wanted.has(record))


def _emptied(kept: "deque[tuple[Mesh, Record]]") -> "Iterator[tuple[Mesh, Record]]":
    while kept:
        yield kept.popleft()


def _as_json(_before: "Mesh", record: "Record") -> None:
    from wgmesh.projections.event_object import event_object

    say_json(event_object(record))


def _as_sentence(before: "Mesh", record: "Record") -> None:
    from wgmesh.cli.times import now, stamp
    from wgmesh.projections.timeline import sentence
    from wgmesh.projections.wording import printable

    cause = f"{record.cause:<{CAUSE_WIDTH}}" if is_terminal() else record.cause
    moment = paint(stamp(record.at, now()), "faint")
    print(f"{moment}  {paint(printable(cause), 'odd')}  {printable(sentence(before, record))}", flush=True)


def _kind(name: str) -> str:
    from wgmesh.domain.errors import UsageError
    from wgmesh.domain.events import CATALOGUE

    known = {event.__name__.lower(): event.__name__ for event in CATALOGUE}
    if name.lower() not in known:
        raise UsageError(f"there is no event {name!r}; there are {', '.join(sorted(known.values()))}")
    return known[name.lower()]


def _keys(directory: Path, peer: str) -> tuple[bytes, ...]:
    from wgmesh.projections.named_peer import named_peer

    with open_log(directory) as reader:
        found = named_peer(latest(reader), peer)
    return found.identity, found.public_key
