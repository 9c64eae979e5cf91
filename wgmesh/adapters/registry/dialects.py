"""How each kind of issue tracker says the same: GitHub's REST, and that of Gitea and Forgejo, a little different."""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct

Kind = Literal["github", "forgejo"]

GITHUB_VERSION = "2022-11-28"

# Of our title there should be one; of others' bodies, which may be long, no more than these are sent to us.
HITS = 10


class Dialect(Struct, frozen=True):
    """Paths are below the base URL. `page_size` is the largest that there is; `sort`: the liveliest issues first."""

    kind: Kind
    authorization: str
    page_size_name: str
    page_size: int
    sort: dict[str, str]
    headers: dict[str, str]

    def headers_with(self, token: str) -> dict[str, str]:
        """What goes with each request."""
        secret = {"Authorization": f"{self.authorization} {token}"} if token else {}
        return self.headers | secret

    def page(self, number: int) -> dict[str, str | int]:
        """The query of one page of a list, counted from 1."""
        return {self.page_size_name: self.page_size, "page": number}

    def issues(self, repository: str) -> str:
        """List them, or make one."""
        return f"/repos/{repository}/issues"

    def search(self, repository: str, title: str) -> tuple[str, dict[str, str | int]]:
        """Path and query that find open issues by what their title says, the oldest first.

        Gitea's list of issues takes words, and takes them for a phrase: one that looks for them in its database, and
        not in an index, would look for quotes as well.
        """
        few = {self.page_size_name: HITS}
        if self.kind == "github":
            words = f'"{title}" in:title repo:{repository} is:issue is:open'
            return "/search/issues", {"q": words, "sort": "created", "order": "asc", **few}
        return self.issues(repository), {**self.sort, "q": title, "sort": "oldest", **few}

    def issue(self, repository: str, number: int) -> str:
        """Change one."""
        return f"{self.issues(repository)}/{number}"

    def comments(self, repository: str, number: int) -> str:
        """List them, or make one."""
        return f"{self.issue(repository, number)}/comments"

    def comment(self, repository: str, comment: int) -> str:
        """Change one."""
        return f"{self.issues(repository)}/comments/{comment}"


GITHUB = Dialect(
    "github",
    "Bearer",
    "per_page",
    100,
    {"state": "open", "sort": "updated", "direction": "desc"},
    {
        "Accept": "application/vnd.github+json",
        "Content-Type": "application/json",
        "User-Agent": "wgmesh",
        "X-GitHub-Api-Version": GITHUB_VERSION,
    },
)
FORGEJO = Dialect(
    "forgejo",
    "token",
    "limit",
    50,
    {"state": "open", "type": "issues"},
    {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "wgmesh"},
)


def dialect_of(url: str) -> Dialect:
    """By its URL: Gitea and Forgejo serve theirs under /api/v1."""
    return FORGEJO if urlsplit(url).path.rstrip("/").endswith("/api/v1") else GITHUB


def joined(query: Mapping[str, str | int], more: Mapping[str, str | int]) -> dict[str, str | int]:
    """Both, as one query."""
    return {**query, **more}
