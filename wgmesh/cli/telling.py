"""Picks the records that were asked for and prints them, those of the past and those that come."""

import base64
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wgmesh.cli.moments import folded, story
from wgmesh.cli.reading import latest, open_log
from wgmesh.cli.terminal import is_terminal, paint, say_json

if TYPE_CHECKING:
    from wgmesh.adapters.event_log.reader import LogReader
    from wgmesh.domain.mesh import Mesh
    from wgmesh.domain.records import Record

# A record is printed within 150 ms of its commit; a look costs 20 to 200 µs, the more the less often it is taken.
LOOK_AGAIN_SECONDS = 0.08
# Wide enough for `wireguard`; longer causes push their sentence to the right.
CAUSE_WIDTH = 9

FOR_EVER = 2**63

Print = Callable[["Mesh", "Record"], None]


@dataclass(frozen=True)
class Wanted:
    """Which records: bounds in ms, names of events, causes, keys and a text one of which must be in it (empty: any).

    `limit`: how many, of what is in the log so far.
    """

    since: int
    until: int
    kinds: tuple[str, ...]
    causes: tuple[str, ...]
    keys: tuple[bytes, ...]
    text: str
    limit: int | None

    def has(self, before: "Mesh", record: "Record") -> bool:
        """Whether it was asked for; `before` is the mesh that it came upon."""
        if not self.since <= record.at <= self.until:
            return False
        if self.kinds and type(record.event).__name__ not in self.kinds:
            return False
        if self.causes and not any(_comes_from(record.cause, cause) for cause in self.causes):
            return False
        return (not self.keys or self._concerns(record)) and (not self.text or self._says(before, record))

    def _says(self, before: "Mesh", record: "Record") -> bool:
        from wgmesh.projections.timeline import sentence

        line = f"{type(record.event).__name__} {record.cause} {sentence(before, record)}"
        return self.text.casefold() in line.casefold()

    def _concerns(self, record: "Record") -> bool:
        import msgspec

        text = msgspec.json.encode(record.event)
        return any(base64.b64encode(key) in text for key in self.keys)


def wanted(
    directory: Path,
    since: str | None,
    until: str | None,
    peer: str | None,
    *,
    kinds: list[str],
    causes: list[str],
    text: str,
    limit: int | None,
) -> Wanted:
    """The options as values; WgmeshError for a time, a peer or an event that there is not."""
    from wgmesh.cli.times import now, parse

    present = now()
    return Wanted(
        since=parse(since, present) if since else 0,
        until=parse(until, present) if until else FOR_EVER,
        kinds=tuple(_kind(name) for each in kinds for name in each.split(",")),
        causes=tuple(cause for each in causes for cause in each.split(",")),
        keys=_keys(directory, peer) if peer else (),
        text=text,
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
    head = reader.head.sequence
    begun = _begin(reader, wanted, head)
    mesh = folded(reader, begun)
    kept: deque[tuple[Mesh, Record]] = deque(maxlen=wanted.limit)
    for before, record, after in story(reader.records(begun, head), mesh):
        mesh = after
        if wanted.has(before, record):
            kept.append((before, record))
        if wanted.limit is None:
            yield from _emptied(kept)
    yield from kept
    if follow:
        coming = story(reader.follow(head, LOOK_AGAIN_SECONDS), mesh)
        yield from ((before, record) for before, record, _ in coming if wanted.has(before, record))


def _begin(reader: "LogReader", wanted: Wanted, head: int) -> int:
    """The record behind which all lie that may be wanted: nothing before it is told, so nothing is read."""
    is_any = not (wanted.kinds or wanted.causes or wanted.keys or wanted.text or wanted.since or wanted.limit is None)
    if is_any and wanted.until == FOR_EVER:
        return max(reader.beginning.sequence, head - (wanted.limit or 0))
    return max(reader.beginning.sequence, reader.first_at(wanted.since) - 1)


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


def _comes_from(cause: str, wanted: str) -> bool:
    """`timer` is every timer, `timer/epoch` this one."""
    return cause == wanted or cause.startswith(f"{wanted}/")


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
