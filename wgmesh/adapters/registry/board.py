"""One mesh's place in a registry: an issue under its title, and in it a comment a node, each edited by its node alone.

It carries out what a visit (`domain/visiting`) asks for. Every call blocks.
"""

from collections.abc import Iterator, Mapping
from typing import Protocol, TypeVar

import msgspec

from wgmesh.adapters.registry.answers import (
    Comment,
    Hits,
    Issue,
    Senseless,
    moment,
    pack,
    read,
    said_at,
    unpack,
    updated_ms,
)
from wgmesh.adapters.registry.dialects import Dialect, joined
from wgmesh.adapters.registry.http import Answer, Http, TooLong, Unreachable
from wgmesh.adapters.registry.pace import WRITE_PAUSE, pause_ms
from wgmesh.domain.errors import Refused
from wgmesh.domain.visiting import (
    PAGES,
    STALE_AFTER,
    Close,
    Find,
    Make,
    Note,
    Put,
    Read,
    Request,
    Search,
    Titled,
    Titles,
)

Kind = TypeVar("Kind")

# Pages whose last answer is kept, to be sent again only where they changed, and how long one may be: fifty notes.
KEPT_PAGES = 2
KEPT_BYTES = 256 * 1024
GONE = (404, 410)
# What GitHub's search says of a repository that it does not show us, or that has another name by now.
UNSEARCHABLE = 422
# As a page's Link header would say it.
MORE = 'rel="next"'


class Clock(Protocol):
    """Wall clock and steady clock in ms, and a wait."""

    def now(self) -> tuple[int, int]:
        """(ms since 1970, ms of a steady clock)."""

    def sleep(self, ms: int) -> None:
        """Block for so long."""


class Oversized(Refused):
    """The registry answers more than we read; `headers`: what came before that."""

    def __init__(self, error: TooLong) -> None:
        super().__init__(str(error))
        self.headers = dict(error.headers)


class Board:
    """`title`: of the mesh's issue. `kept`: the last answers of a few pages, by what was asked."""

    def __init__(
        self,
        http: Http,
        dialect: Dialect,
        repository: str,
        title: str,
        clock: Clock,
        kept: Mapping[str, Answer] | None = None,
    ) -> None:
        self._http, self._dialect, self._clock = http, dialect, clock
        self._repository, self._title = repository, title
        self._wrote: int | None = None
        self.kept = dict(kept or {})

    def carry_out(self, request: Request) -> object:
        """What the request asks for; Refused where the registry does not do it."""
        match request:
            case Find(page):
                return self.find(page)
            case Search():
                return self.search()
            case Make(entry):
                return self.make(entry)
            case Close(number):
                self.close(number)
            case Read(number):
                return self.notes(number)
            case Put(number, comment, entry):
                self.put(number, comment, entry)
        return None

    def find(self, number: int) -> Titles:
        """The issues under our title on this page of the liveliest; none, if what strangers wrote makes it too long."""
        query = joined(self._dialect.sort, self._dialect.page(number))
        try:
            answer = self._page(self._dialect.issues(self._repository), query, ())
        except Oversized:
            return Titles((), ends=False)
        return Titles(self._titled(_read(answer.body, list[Issue])), ends=_is_last(answer))

    def search(self) -> Titles:
        """The oldest issues under our title that the index knows: who wants to hide ours comes after it."""
        path, query = self._dialect.search(self._repository, self._title)
        answer = self._ask("GET", path, query, None, (UNSEARCHABLE,))
        if answer.status == UNSEARCHABLE:
            raise Refused(self._unseen())
        if self._dialect.kind == "github":
            hits = _read(answer.body, Hits)
        else:
            hits = Hits(_read(answer.body, list[Issue]), incomplete_results=False)
        return Titles(self._titled(hits.items), ends=not hits.incomplete_results)

    def make(self, entry: bytes) -> int:
        """Make our issue: its number."""
        body = {"title": self._title, "body": pack(entry)}
        return _read(self._write("POST", self._dialect.issues(self._repository), body), Issue).number

    def close(self, number: int) -> None:
        """Close an issue that we made."""
        self._write("PATCH", self._dialect.issue(self._repository, number), {"state": "closed"})

    def notes(self, number: int) -> list[Note] | None:
        """The comments in our issue, as they were made; None where the issue is gone.

        Lists begin with the oldest. Where there is more than a page, what is read besides is what counts: what was
        written lately, however many have come and gone before.
        """
        path = self._dialect.comments(self._repository, number)
        first = self._beginning(path)
        if first.status in GONE:
            return None
        pages = [first] if _is_last(first) else [first, *self._lately(path, first)]
        comments = ((page, each) for page in pages for each in _read(page.body, list[Comment]))
        return list({it.id: Note(it.id, unpack(it.body) or b"", self._age(page, it)) for page, it in comments}.values())

    def put(self, number: int, comment: int, entry: bytes) -> None:
        """Write our own note: into our comment, or into a new one. One that another account made stays as it is."""
        body = {"body": pack(entry)}
        if comment:
            path = self._dialect.comment(self._repository, comment)
            answer = self._ask("PATCH", path, {}, body, (403, *GONE))
            if answer.status in (200, 201):
                return
            if wait := self._wait(answer):
                raise Refused(self._complaint(answer), wait)
        self._write("POST", self._dialect.comments(self._repository, number), body)

    def _titled(self, issues: list[Issue]) -> tuple[Titled, ...]:
        return tuple(Titled(each.number, unpack(each.body) or b"") for each in issues if each.title == self._title)

    def _age(self, page: Answer, comment: Comment) -> int:
        return self._time(page) - updated_ms(comment)

    def _time(self, answer: Answer) -> int:
        """By the clock of the server, which ours may be far from."""
        return said_at(answer.headers) or self._clock.now()[0]

    def _beginning(self, path: str) -> Answer:
        """The first page of comments; nothing yet, if what strangers wrote makes it too long."""
        try:
            return self._page(path, self._dialect.page(1), GONE)
        except Oversized as error:
            return Answer(200, error.headers | {"link": MORE}, b"[]")

    def _lately(self, path: str, first: Answer) -> Iterator[Answer]:
        """Pages of comments that are not stale. Each time others are asked for: they are no pages to keep."""
        since = {"since": moment(self._time(first) - STALE_AFTER)}
        for number in range(1, PAGES + 1):
            page = self._ask("GET", path, joined(self._dialect.page(number), since))
            yield page
            if _is_last(page):
                return

    def _page(self, path: str, query: dict[str, str | int], also: tuple[int, ...]) -> Answer:
        """What did not change since is not sent again, and costs a token nothing."""
        key = f"{path} {query}"
        kept = self.kept.get(key)
        headers = {"if-none-match": kept.headers["etag"]} if kept else {}
        answer = self._ask("GET", path, query, None, (304, *also) if kept else also, headers)
        if kept and answer.status == 304:
            return Answer(kept.status, kept.headers | {"date": answer.headers.get("date", "")}, kept.body)
        self.kept.pop(key, None)
        if "etag" in answer.headers and answer.status == 200 and len(answer.body) <= KEPT_BYTES:
            self.kept = dict(list(self.kept.items())[1 - KEPT_PAGES :]) | {key: answer}
        return answer

    def _write(self, method: str, path: str, body: dict[str, str]) -> bytes:
        return self._ask(method, path, {}, body).body

    def _ask(
        self,
        method: str,
        path: str,
        query: dict[str, str | int],
        body: dict[str, str] | None = None,
        also: tuple[int, ...] = (),
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """The answer to a request that was done, or that has one of these other statuses; Refused for all else."""
        if body is not None:
            self._pause()
        data = None if body is None else msgspec.json.encode(body)
        try:
            answer = self._http.ask(method, path, query, data, headers or {})
        except TooLong as error:
            raise Oversized(error) from error
        except Unreachable as error:
            raise Refused(str(error)) from error
        if answer.status in (200, 201, *also):
            return answer
        raise Refused(self._complaint(answer), self._wait(answer))

    def _pause(self) -> None:
        """A second between two writes."""
        if self._wrote is not None:
            self._clock.sleep(max(0, self._wrote + WRITE_PAUSE - self._clock.now()[1]))
        self._wrote = self._clock.now()[1]

    def _wait(self, answer: Answer) -> int:
        return pause_ms(answer.status, answer.headers, self._time(answer))

    def _complaint(self, answer: Answer) -> str:
        if answer.status == 401:
            return "the registry does not accept the token: give a valid one in GITHUB_TOKEN, or none to read only"
        if answer.status == 403 and not self._wait(answer):
            return f"the registry does not let us write to {self._repository}: check --registry-repo and the token"
        if answer.status in (403, 429):
            return "the registry has had enough of us for now"
        if answer.status in GONE:
            return self._unseen()
        return f"the registry answers HTTP {answer.status}"

    def _unseen(self) -> str:
        return f"the registry shows us no {self._repository}: check --registry-repo, and what the token may see"


def _is_last(page: Answer) -> bool:
    """By its Link header (RFC 8288): a Gitea may be set to shorter pages than we ask for, and has comments on one."""
    return MORE not in page.headers.get("link", "")


def _read(body: bytes, kind: type[Kind]) -> Kind:
    try:
        return read(body, kind)
    except Senseless as error:
        raise Refused(f"the registry makes no sense: {error}") from error
