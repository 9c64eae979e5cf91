"""A stateful issue tracker as GitHub documents it: requests and answers are checked against GitHub's own description.

`github.openapi.json` is GitHub's OpenAPI description (MIT), cut to the operations of issues and comments. What the
description cannot say is here: who may edit what, limits, and answers out of the ordinary, by `faults`.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

DESCRIPTION = Path(__file__).with_name("github.openapi.json")
REPOSITORY = "mesh/notes"
WHEN = "2026-01-01T12:00:00Z"
Fault = Callable[["Tracker", str, str], tuple[int, dict[str, str], bytes] | None]


@cache
def description() -> OpenAPI:
    """GitHub's description, read once."""
    return OpenAPI.from_dict(json.loads(DESCRIPTION.read_text()))


@dataclass
class Tracker:
    """All that the server knows. `tokens`: who may write, by token. `requests`: (method, path) in order."""

    tokens: dict[str, str] = field(default_factory=lambda: {"token-a": "alice", "token-b": "bob"})
    issues: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    seen_tokens: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    now: str = WHEN
    indexed: int | None = None  # the last issue that the index of the search knows; None: all of them
    page_cap: int = 100  # how much it puts on a page at most
    clock: Callable[[], str] | None = None
    url: str = ""

    def answer(self, method: str, path: str, query: dict[str, str], body: Any, who: str) -> tuple[int, Any]:
        """The answer of an ordinary day."""
        parts = path.strip("/").split("/")
        if (method, parts) == ("GET", ["search", "issues"]):
            return self._search(query)
        if parts[:3] != ["repos", *REPOSITORY.split("/")]:
            return 404, {"message": "Not Found", "documentation_url": "", "status": "404"}
        if method != "GET" and not who:
            return 401, {"message": "Requires authentication"}
        match method, parts[3:]:
            case "GET", ["issues"]:
                listed = [each for each in self.issues if each["state"] == query.get("state", "open")]
                return 200, page(sorted(listed, key=lambda each: -int(each["number"])), query, self.page_cap)
            case "POST", ["issues"]:
                self.issues.append(issue(len(self.issues) + 1, body, who, self))
                return 201, self.issues[-1]
            case "PATCH", ["issues", number]:
                return self._edit(self.issues[int(number) - 1], body, who)
            case "GET", ["issues", number, "comments"]:
                here = (each for each in self.comments if each["issue_url"].endswith(f"/{number}"))
                listed = [each for each in here if each["updated_at"] >= query.get("since", "")]
                return 200, page(listed, query, self.page_cap)
            case "POST", ["issues", number, "comments"]:
                self.comments.append(comment(len(self.comments) + 1, number, body, who, self))
                return 201, self.comments[-1]
            case "PATCH", ["issues", "comments", number]:
                return self._edit(self.comments[int(number) - 1], body, who)
        return 404, {"message": "Not Found"}

    def _search(self, query: dict[str, str]) -> tuple[int, Any]:
        """What the index has under the title in quotes: other titles that hold it, too."""
        title, _, words = query["q"].removeprefix('"').partition('"')
        if f"repo:{REPOSITORY}" not in words.split():
            return 422, {"message": "The listed users and repositories cannot be searched"}
        assert {"in:title", "is:issue", "is:open"} <= {*words.split()}
        known = [each for each in self.issues[: self.indexed] if each["state"] == "open" and title in each["title"]]
        assert query.get("sort") == "created"
        hits = known if query.get("order") == "asc" else known[::-1]
        items = [each | {"score": 1.0} for each in page(hits, query, self.page_cap)]
        found = {"total_count": len(hits), "incomplete_results": False, "search_type": "lexical", "items": items}
        return 200, found

    def _edit(self, what: dict[str, Any], body: dict[str, Any], who: str) -> tuple[int, Any]:
        if what["user"]["login"] != who:
            return 403, {"message": "Must be its author"}
        what |= body | {"updated_at": self.now}
        return 200, what


class Page(list[dict[str, Any]]):
    """A page of a list, and the number of the next, if there is one."""

    following = 0


def page(listed: list[dict[str, Any]], query: dict[str, str], cap: int) -> Page:
    """The page of a list that was asked for."""
    size, number = min(int(query.get("per_page", 30)), cap), int(query.get("page", 1))
    asked = Page(listed[(number - 1) * size : number * size])
    asked.following = number + 1 if len(listed) > number * size else 0
    return asked


def user(login: str) -> dict[str, Any]:
    """A user as GitHub describes one."""
    url = "https://github.example/x"
    names = (
        "avatar_url html_url followers_url following_url gists_url starred_url subscriptions_url organizations_url "
        "repos_url events_url received_events_url url"
    )
    plain = {"login": login, "id": 1, "node_id": "U", "gravatar_id": None, "type": "User", "site_admin": False}
    return plain | dict.fromkeys(names.split(), url)


def issue(number: int, body: dict[str, Any], who: str, tracker: Tracker) -> dict[str, Any]:
    """A new issue."""
    base = f"{tracker.url}/repos/{REPOSITORY}/issues/{number}"
    urls = {
        "url": base,
        "repository_url": f"{tracker.url}/repos/{REPOSITORY}",
        "labels_url": base + "/labels{/name}",
        "comments_url": f"{base}/comments",
        "events_url": f"{base}/events",
        "html_url": base,
    }
    rest = {
        "id": number,
        "node_id": "I",
        "number": number,
        "state": "open",
        "user": user(who),
        "labels": [],
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "locked": False,
        "comments": 0,
        "closed_at": None,
        "created_at": tracker.now,
        "updated_at": tracker.now,
        "author_association": "NONE",
    }
    return urls | rest | {"title": body["title"], "body": body.get("body")}


def comment(number: int, on: str, body: dict[str, Any], who: str, tracker: Tracker) -> dict[str, Any]:
    """A new comment."""
    base = f"{tracker.url}/repos/{REPOSITORY}/issues"
    return {
        "id": number,
        "node_id": "C",
        "url": f"{base}/comments/{number}",
        "html_url": f"{base}/comments/{number}",
        "issue_url": f"{base}/{on}",
        "user": user(who),
        "author_association": "NONE",
        "created_at": tracker.now,
        "updated_at": tracker.now,
        "body": body["body"],
    }


class Handler(BaseHTTPRequestHandler):
    """One request: faults first, else the tracker, and both sides held to the description."""

    tracker: Tracker
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        if self.tracker.clock:
            self.tracker.now = self.tracker.clock()
        data = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.tracker.requests.append((self.command, self.path))
        token = self.headers.get("authorization", "").removeprefix("Bearer ")
        self.tracker.seen_tokens.append(token)
        for fault in self.tracker.faults:
            if (strange := fault(self.tracker, self.command, parts.path)) is not None:
                self._send(*strange)
                return
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        asked = MockRequest(
            "https://api.github.com", self.command.lower(), parts.path, args=query, data=data or None,
            headers={"X": "x"}, content_type="application/json",
        )  # fmt: skip
        description().validate_request(asked)
        status, answer = self.tracker.answer(
            self.command, parts.path, query, json.loads(data or b"null"), self.tracker.tokens.get(token, "")
        )
        body = json.dumps(answer).encode()
        etag = f'W/"{hashlib.sha256(body + token.encode()).hexdigest()[:16]}"'
        if self.command == "GET" and self.headers.get("if-none-match") == etag:
            self._send(304, {"etag": etag}, b"")
            return
        if status in (200, 201):
            description().validate_response(asked, MockResponse(body, status, content_type="application/json"))
        link = {}
        if isinstance(answer, Page) and answer.following:
            link["link"] = f'<{self.tracker.url}{parts.path}?page={answer.following}>; rel="next", <x>; rel="last"'
        self._send(status, {"content-type": "application/json", "etag": etag} | link, body)

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.tracker.statuses.append(status)
        self.send_response_only(status)
        date = format_datetime(datetime.fromisoformat(self.tracker.now), usegmt=True)
        for name, value in ({"date": date} | headers | {"content-length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:  # who asked had read enough
            self.close_connection = True


@contextmanager
def serving(address: tuple[str, int] = ("127.0.0.1", 0)) -> Iterator[Tracker]:
    """The tracker, served at `url` for as long as the block lasts."""
    tracker = Tracker()
    server = ThreadingHTTPServer(address, type("Bound", (Handler,), {"tracker": tracker}))
    server.daemon_threads = True
    tracker.url = f"http://{address[0]}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield tracker
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
