"""The registry on the Internet between the segments: issues with notes in them, honest or anything else.

It carries out what a visit asks for, one request at a time. An honest one is late with its lists, has enough of us
now and then, and does at times what it seems not to have done. In a crowded one, strangers write so much that issues
sink below what lists show, and its index is later than its lists. A hostile one lies, repeats, withholds and refuses.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.simulation.marks import sometimes
from tests.simulation.world import MILLISECOND, MINUTE, SECOND, World
from wgmesh.domain.errors import Refused
from wgmesh.domain.visiting import Close, Find, Make, Note, Put, Read, Request, Search, Titled, Titles

ENTRY_BYTES = 1200
HOURS_MS = 3_600_000
# In a crowded registry: how long an issue is on the pages that are read, and after how long a search finds it.
AFLOAT = MINUTE
INDEXED = 30 * SECOND


@dataclass
class Comment:
    """What it says, and when it was last written."""

    number: int
    body: bytes
    at: int


@dataclass
class Issue:
    """Lists show it from `listed` on, while it is open; `touched`: when it was shown first, or got its last comment."""

    number: int
    body: bytes
    listed: int
    touched: int
    is_open: bool = True
    comments: list[Comment] = field(default_factory=list)


class Registry:
    """`troubled`: it limits and loses answers as servers do. `hostile`: half of what it says is a lie.

    `crowded`: it is full of strangers' issues.
    """

    def __init__(self, world: World, *, hostile: bool = False, troubled: bool = False, crowded: bool = False) -> None:
        self.hostile, self.troubled, self._crowded = hostile, troubled, crowded
        self.requests = 0
        self._world = world
        self._chance = world.chance("registry")
        self._lag = self._chance.choice((0, 0, 2 * SECOND, 60 * SECOND)) if troubled else 0
        self._issues: list[Issue] = []
        self._said: list[bytes] = []

    def answer(self, request: Request) -> object:
        """What comes back; Refused where nothing does."""
        self.requests += 1
        if self.hostile and self._chance.random() < 0.5:
            sometimes("registry_lied")
            return self._lie(request)
        if self.troubled and self._chance.random() < 0.03:
            raise Refused("it has had enough", 30_000)
        done = self._do(request)
        if self.troubled and self._chance.random() < 0.03:
            raise Refused("no whole answer")
        return done

    def _do(self, request: Request) -> object:
        now = self._world.now
        match request:
            case Find():
                listed = (each for each in self._issues if each.is_open and each.listed <= now and self._floats(each))
                return Titles(tuple(Titled(each.number, each.body) for each in listed), ends=not self._crowded)
            case Search():
                indexed = (each for each in self._issues if each.is_open and each.listed + INDEXED <= now)
                hits = tuple(Titled(each.number, each.body) for each in indexed)
                if hits:
                    sometimes("issue_searched")
                return Titles(hits, ends=True)
            case Make(entry):
                self._issues.append(Issue(len(self._issues) + 1, entry, now + self._lag, now + self._lag))
                return len(self._issues)
            case Close(number):
                if closed := self._issue(number):
                    sometimes("issue_closed")
                    closed.is_open = False
            case Read(number):
                known = self._issue(number)
                return [Note(each.number, each.body, self._age(each)) for each in known.comments] if known else None
            case Put(number, comment, entry):
                self._put(number, comment, entry)
        return None

    def _floats(self, issue: Issue) -> bool:
        return not self._crowded or self._world.now < issue.touched + AFLOAT

    def _issue(self, number: int) -> Issue | None:
        return self._issues[number - 1] if 0 < number <= len(self._issues) else None

    def _put(self, number: int, comment: int, entry: bytes) -> None:
        issue = self._issue(number)
        if issue is None:
            raise Refused("there is no such issue")
        self._said.append(entry)
        own = next((each for each in issue.comments if each.number == comment), None)
        if own is None:
            own = Comment(len(issue.comments) + 1, entry, 0)
            issue.comments.append(own)
            issue.touched = self._world.now
        own.body, own.at = entry, self._world.now

    def _age(self, comment: Comment) -> int:
        return (self._world.now - comment.at) // MILLISECOND

    def _lie(self, request: Request) -> object:
        """Nothing, noise, what was once true, or something else than what was asked; at times a refusal for hours."""
        chance = self._chance
        if chance.random() < 0.3:
            raise Refused(f"HTTP {chance.randrange(400, 600)}", chance.choice((0, 30_000, 2 * HOURS_MS)))
        junk = [chance.randbytes(ENTRY_BYTES), chance.randbytes(3), b""]
        old = chance.sample(self._said, min(len(self._said), 5))
        match request:
            case Find() | Search():
                entries = chance.choice(([], junk, old, old + junk))
                return Titles(tuple(Titled(chance.randrange(1, 100), each) for each in entries), ends=True)
            case Make():
                return chance.randrange(1, 2**31)
            case Read():
                notes = [Note(number, each, 0) for number, each in enumerate((old + junk) * 30, start=1)]
                return chance.choice((None, [], notes))
            case Close() | Put():
                return None


def settings_of(registry: Registry | None) -> dict[str, Any]:
    """What an operator says who wants it, with a token."""
    if registry is None:
        return {}
    place = {"registry_url": "https://registry.example", "registry_repo": "mesh/notes"}
    return {"registry": True, "registry_writes": True, **place}
