"""What an answer to "why" is made of, and the words that several answers share."""

from collections.abc import Iterable

from msgspec import Struct

from wgmesh.domain.events import DatagramsRejected
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import DAY, Ground
from wgmesh.projections.peers import Live
from wgmesh.projections.wording import duration, name_of, skewed

# A label and a text: what was said, seen, sent or refused.
Fact = tuple[str, str]


class Circumstances(Struct, frozen=True):
    """When it is asked: `at` on the wall clock, `awake` of the node's life (ms).

    `live` is what a running daemon sees, None where there is none or the moment is over. `rejected`: what was dropped
    of late, by the daemon's word and by the last record of it, newest first.
    """

    at: int
    awake: int
    running: bool
    live: Live | None = None
    rejected: tuple[DatagramsRejected, ...] = ()

    def since(self, ground: Ground) -> str:
        """How long ago a record was written."""
        return duration(self.at - ground.at)

    def unopened(self) -> tuple[str, ...]:
        """The loudest sources while datagrams came that our secret does not open."""
        return tuple(dict.fromkeys(ip for each in self.rejected if "seal" in each.counts for ip in each.sources))

    def dropped_from(self, ip: str) -> str:
        """Why datagrams were dropped while this was among the loudest sources: `seal 61`; empty if it was not."""
        found = (each.counts for each in self.rejected if ip in each.sources)
        return ", ".join(f"{reason} {count}" for reason, count in next(found, {}).items())


class Answer(Struct, frozen=True):
    """One sentence, then facts. `grounds`: the records it rests on.

    `identity`: of the node whose story it is, empty if it is nobody's. `words`: what the records of the story speak of,
    as it stands in their text.
    """

    verdict: str
    facts: tuple[Fact, ...] = ()
    grounds: tuple[int, ...] = ()
    identity: bytes = b""
    words: tuple[str, ...] = ()


def skew_of(mesh: Mesh, identity: bytes, seen: Circumstances) -> str:
    """Whose clock is how far off, where that was noticed within a day: who comes in another hour is not heard."""
    skew = mesh.skewed.get(identity)
    if skew is None or seen.at - skew.since.at >= DAY:
        return ""
    return f"{skewed(name_of(mesh, identity), skew.source, skew.hours)}: set the wrong one"


def grounds(*found: Ground | None) -> tuple[int, ...]:
    """The sequences of those that there are, once each."""
    return tuple(dict.fromkeys(ground.sequence for ground in found if ground is not None and ground.sequence))


def listed(texts: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`; there is at least one."""
    *first, last = texts
    return f"{', '.join(first)} and {last}" if first else last
