"""What `merge` prints: the verdicts first, then the records of both on the first one's clock."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wgmesh.cli.replaying import Past, borrowed
from wgmesh.cli.terminal import say, say_json

if TYPE_CHECKING:
    from wgmesh.pairs.side import Line, Side
    from wgmesh.pairs.skew import Skew
    from wgmesh.pairs.verdict import Direction

_KEY = re.compile(r"[A-Za-z0-9+/]{43}=")
_STYLES = {"heard": "good", "refused": "bad", "never sent": "odd", "never heard": "bad"}


@dataclass(frozen=True)
class Told:
    """A record in its place: whose it is, and when it was on the first one's clock, in ms."""

    at: int
    side: "Side"
    line: "Line"


class Pair:
    """Two logs that were read; WgmeshError if one cannot be, or both are of one node."""

    def __init__(self, first: Path, second: Path, everything: bool) -> None:
        from wgmesh.domain.errors import WgmeshError
        from wgmesh.pairs.skew import skew
        from wgmesh.pairs.verdict import direction

        self._faults: list[WgmeshError] = []
        self._everything = everything
        self.first, self.second = self._read(first), self._read(second)
        if self.first.mesh.identity == self.second.mesh.identity:
            raise WgmeshError(f"{first} and {second} are logs of one node, {self.first.name}: name two nodes' logs")
        self.skew: Skew = skew(self.first, self.second)
        self.directions: tuple[Direction, ...] = (
            direction(self.first, self.second, -self.skew.ahead),
            direction(self.second, self.first, self.skew.ahead),
        )

    def _read(self, log: Path) -> "Side":
        from wgmesh.domain.errors import WgmeshError
        from wgmesh.pairs.side import side_of

        with borrowed(log) as copy:
            past = Past(copy, None)
            with past.opened() as reader:
                side = side_of(tuple(past.records(reader)))
            try:
                past.complain()
            except WgmeshError as error:
                self._faults.append(type(error)(str(error).replace(str(copy), str(log))))
        if not side.mesh.identity:
            raise WgmeshError(f"{log} tells of no node that this wgmesh can read")
        return side

    def told(self) -> list[Told]:
        """The records of both, in the order in which they were written by one clock."""
        ours = (Told(line.at, self.first, line) for line in self.first.lines)
        theirs = (Told(line.at - self.skew.ahead, self.second, line) for line in self.second.lines)
        return sorted((told for told in (*ours, *theirs) if self._is_wanted(told)), key=lambda told: told.at)

    def _is_wanted(self, told: Told) -> bool:
        """Does it speak of the pair, or of nobody but its own node?"""
        from wgmesh.projections.event_object import event_object
        from wgmesh.projections.wording import key

        pair = [key(raw) for side in (self.first, self.second) for raw in (side.mesh.identity, side.mesh.public_key)]
        own = [key(told.side.mesh.identity), key(told.side.mesh.public_key)]
        named = [each for each in _keys_in(event_object(told.line.record)) if each not in own]
        return self._everything or not named or any(each in pair for each in named)

    def complain(self) -> None:
        """WgmeshError if a log is not what was written; what is sound of it was shown."""
        for fault in self._faults:
            raise fault


def show(pair: Pair) -> None:
    """For a person."""
    from wgmesh.cli.times import now, stamp
    from wgmesh.pairs.verdict import of_the_meshes, of_the_tunnel
    from wgmesh.projections.timeline import sentence

    if fault := of_the_meshes(pair.first, pair.second):
        say(fault, "bad")
    for each in pair.directions:
        say(f"{each.speaker} to {each.listener}: {each.kind}; {each.why}{_since(pair, each)}", _STYLES[each.kind])
    say(of_the_tunnel(pair.first, pair.second))
    say(_of_the_clocks(pair), "faint")
    say("")
    for told in pair.told():
        line = told.line
        told_so = sentence(line.before, line.record)
        say(f"{stamp(told.at, now())}  {told.side.name}  {line.record.cause}  {told_so}")


def show_json(pair: Pair) -> None:
    """For a program."""
    from msgspec.structs import asdict

    from wgmesh.pairs.verdict import of_the_meshes, of_the_tunnel
    from wgmesh.projections.event_object import event_object

    say_json(
        {
            "schema_version": 1,
            "nodes": [pair.first.name, pair.second.name],
            "clock": asdict(pair.skew),
            "directions": [asdict(each) for each in pair.directions],
            "tunnel": of_the_tunnel(pair.first, pair.second),
            "fault": of_the_meshes(pair.first, pair.second) or None,
            "records": [
                {"node": told.side.name, "at_first": told.at, **event_object(told.line.record)} for told in pair.told()
            ],
        }
    )


def _since(pair: Pair, direction: "Direction") -> str:
    from wgmesh.cli.times import now, stamp

    if direction.since is None:
        return ""
    later = pair.skew.ahead if direction.listener == pair.second.name else 0
    return f" first at {stamp(direction.since - later, now())}"


def _of_the_clocks(pair: Pair) -> str:
    from wgmesh.projections.wording import counted, duration

    skew, names = pair.skew, (pair.first.name, pair.second.name)
    if not skew.words:
        return f"clocks: neither heard the other, so they are taken to agree; times are {names[0]}'s"
    side = "ahead of" if skew.ahead >= 0 else "behind"
    doubt = "" if skew.doubt is None else f", give or take {duration(skew.doubt)}"
    one_way = ", if the quickest took no time" if skew.doubt is None else ""
    words = f"from {counted(skew.words, 'word')} between them{one_way}"
    apart = f"{names[1]}'s is {duration(abs(skew.ahead))} {side} {names[0]}'s"
    return f"clocks: {apart}{doubt}, {words}; times are {names[0]}'s"


def _keys_in(value: Any) -> Iterator[str]:
    from msgspec import json

    yield from _KEY.findall(json.encode(value).decode())
