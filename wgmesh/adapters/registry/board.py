"""One mesh's place in a registry: an issue under its title, and in it a comment a node, each edited by its node alone.

Only an author may edit a comment, and there is no compare-and-swap, so nobody ever writes what another wrote. Two nodes
that create the issue at once see both: the lower number counts, and who made the other closes it. Every call blocks.
"""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct

from wgmesh.adapters.registry.answers import Comment, Issue, Senseless, pack, read, unpack, updated_ms
from wgmesh.adapters.registry.dialects import Dialect, joined
from wgmesh.adapters.registry.http import Answer, Http, Unreachable
from wgmesh.adapters.registry.pace import WRITE_PAUSE, pause_ms
from wgmesh.domain.values import DAY

Kind = TypeVar("Kind")

# Pages of issues and of comments that are looked through.
PAGES = 5
# Issues under our title that are looked into: anybody may make as many as they like.
TRIES = 5
# A note older than this is of somebody who is gone.
STALE_AFTER = DAY


class Refused(Exception):
    """The registry does not serve us; `wait_ms` says for how long it is to be left alone, 0 for as long as usual."""

    def __init__(self, reason: str, wait_ms: int = 0) -> None:
        super().__init__(reason)
        self.wait_ms = wait_ms


class Clock(Protocol):
    """Wall clock and steady clock in ms, and a wait."""

    def now(self) -> tuple[int, int]:
        """(ms since 1970, ms of a steady clock)."""

    def sleep(self, ms: int) -> None:
        """Block for so long."""


class Note(Struct, frozen=True):
    """A comment with a sealed entry (1200 bytes)."""

    comment: int
    entry: bytes


class Board:
    """`title`: of the mesh's issue. `is_ours` knows a sealed entry of this mesh."""

    def __init__(
        self, http: Http, dialect: Dialect, repository: str, title: str, is_ours: Callable[[bytes], bool], clock: Clock
    ) -> None:
        self._http, self._dialect = http, dialect
        self._repository, self._title = repository, title
        self._is_ours, self._clock = is_ours, clock
        self._wrote: int | None = None

    def find(self) -> int | None:
        """The number of our issue: the lowest of those that hold an entry of this mesh, the newest few looked into."""
        titled = [issue for issue in self._issues() if issue.title == self._title][:TRIES]
        ours = [issue.number for issue in titled if self._is_entry(issue.body)]
        return min(ours, default=None)

    def create(self, entry: bytes) -> int:
        """Make our issue, unless somebody was quicker: its number, or theirs."""
        body = {"title": self._title, "body": pack(entry)}
        made = _read(self._write("POST", self._dialect.issues(self._repository), body), Issue).number
        found = self.find()
        if found is not None and found < made:
            self._write("PATCH", self._dialect.issue(self._repository, made), {"state": "closed"})
            return found
        return made

    def notes(self, number: int, at: int) -> list[Note]:
        """The fresh entries in our issue; `at` is the wall clock in ms since 1970. Refused where it is gone."""
        path = self._dialect.comments(self._repository, number)
        comments = [comment for page in self._pages(path, {}) for comment in _read(page, list[Comment])]
        fresh = (comment for comment in comments if at - updated_ms(comment) < STALE_AFTER)
        return [Note(each.id, entry) for each in fresh if (entry := unpack(each.body)) is not None]

    def put(self, number: int, comment: int | None, entry: bytes) -> None:
        """Write our own note: into our comment, or into a new one."""
        if comment is None:
            self._write("POST", self._dialect.comments(self._repository, number), {"body": pack(entry)})
        else:
            self._write("PATCH", self._dialect.comment(self._repository, comment), {"body": pack(entry)})

    def _is_entry(self, body: str | None) -> bool:
        entry = unpack(body)
        return entry is not None and self._is_ours(entry)

    def _issues(self) -> Iterator[Issue]:
        for page in self._pages(self._dialect.issues(self._repository), self._dialect.sort):
            yield from _read(page, list[Issue])

    def _pages(self, path: str, query: dict[str, str]) -> Iterator[bytes]:
        """The pages of a list, until one is not full."""
        for number in range(1, PAGES + 1):
            page = self._ask("GET", path, joined(query, self._dialect.page(number))).body
            yield page
            if len(_read(page, list[msgspec.Raw])) < self._dialect.page_size:
                return

    def _write(self, method: str, path: str, body: dict[str, str]) -> bytes:
        if self._wrote is not None:
            self._clock.sleep(max(0, self._wrote + WRITE_PAUSE - self._clock.now()[1]))
        self._wrote = self._clock.now()[1]
        return self._ask(method, path, {}, msgspec.json.encode(body)).body

    def _ask(self, method: str, path: str, query: dict[str, str | int], body: bytes | None = None) -> Answer:
        """The answer to a request that was done; Refused for all else."""
        try:
            answer = self._http.ask(method, path, query, body)
        except Unreachable as error:
            raise Refused(str(error)) from error
        if answer.status in (200, 201):
            return answer
        raise Refused(self._complaint(answer), pause_ms(answer.status, answer.headers, self._clock.now()[0]))

    def _complaint(self, answer: Answer) -> str:
        if answer.status == 401:
            return "the registry does not accept the token: give a valid one in GITHUB_TOKEN, or none to read only"
        if answer.status == 404:
            return f"the registry shows us no {self._repository}: check --registry-repo, and what the token may see"
        return f"the registry answers HTTP {answer.status}"


def _read(body: bytes, kind: type[Kind]) -> Kind:
    try:
        return read(body, kind)
    except Senseless as error:
        raise Refused(f"the registry makes no sense: {error}") from error
