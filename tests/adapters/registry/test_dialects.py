import pytest

from wgmesh.adapters.registry.dialects import FORGEJO, GITHUB, Dialect, dialect_of, joined


@pytest.mark.parametrize(
    ("url", "dialect"),
    [
        ("https://api.github.example", GITHUB),
        ("https://ghe.example/api/v3", GITHUB),
        ("https://git.example/api/v1", FORGEJO),
        ("https://git.example/sub/api/v1/", FORGEJO),
    ],
)
def test_a_tracker_is_known_by_its_url(url: str, dialect: Dialect) -> None:
    assert dialect_of(url) is dialect


def test_a_token_goes_where_there_is_one() -> None:
    assert GITHUB.headers_with("t")["Authorization"] == "Bearer t"
    assert FORGEJO.headers_with("t")["Authorization"] == "token t"
    assert "Authorization" not in GITHUB.headers_with("")


def test_a_search_names_the_repository_and_the_title() -> None:
    words = '"wgmesh-0a" in:title repo:o/r is:issue is:open'
    assert GITHUB.search("o/r", "wgmesh-0a") == (
        "/search/issues",
        {"q": words, "sort": "created", "order": "asc", "per_page": 10},
    )
    asked = {"state": "open", "type": "issues", "q": "wgmesh-0a", "sort": "oldest", "limit": 10}
    assert FORGEJO.search("o/r", "wgmesh-0a") == ("/repos/o/r/issues", asked)


def test_paths_and_pages() -> None:
    assert GITHUB.comments("o/r", 3) == "/repos/o/r/issues/3/comments"
    assert GITHUB.comment("o/r", 9) == "/repos/o/r/issues/comments/9"
    assert joined({"state": "open"}, FORGEJO.page(2)) == {"state": "open", "limit": 50, "page": 2}
