from collections.abc import Callable, Iterator

import pytest

from tests.adapters.registry.github_server import REPOSITORY, Fault, Tracker, serving
from wgmesh.adapters.registry.answers import ENTRY_BYTES, pack
from wgmesh.adapters.registry.board import TRIES, Board, Note, Refused
from wgmesh.adapters.registry.dialects import GITHUB
from wgmesh.adapters.registry.http import Http
from wgmesh.domain.values import DAY, MINUTE, SECOND

# The wall clock of the tests, ms since 1970: the server's 2026-01-01T12:00:00Z.
NOON = 1_767_268_800_000
TITLE = "wgmesh-0123456789abcdef"


class StillClock:
    """Time passes only while somebody waits."""

    def __init__(self) -> None:
        self.waited = 0

    def now(self) -> tuple[int, int]:
        return NOON + self.waited, self.waited

    def sleep(self, ms: int) -> None:
        self.waited += ms


def entry(name: str, ours: bool = True) -> bytes:
    return ((b"ours " if ours else b"their ") + name.encode()).ljust(ENTRY_BYTES, b".")


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    with serving() as tracker:
        yield tracker


def board(tracker: Tracker, token: str = "token-a", clock: StillClock | None = None) -> Board:
    http = Http(tracker.url, GITHUB.headers_with(token))
    return Board(http, GITHUB, REPOSITORY, TITLE, lambda entry: entry.startswith(b"ours"), clock or StillClock())


def once(answer: tuple[int, dict[str, str], bytes], method: str = "GET") -> Fault:
    """This answer to the next request of that method."""
    spent: list[str] = []

    def fault(_: Tracker, asked: str, path: str) -> tuple[int, dict[str, str], bytes] | None:
        if asked != method or spent:
            return None
        spent.append(path)
        return answer

    return fault


def refused(call: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        call()
    return caught.value


def test_the_first_makes_the_issue_and_the_second_finds_it_and_both_read_each_other(tracker: Tracker) -> None:
    alice, bob = board(tracker), board(tracker, "token-b")
    assert alice.find() is None
    number = alice.create(entry("alice"))
    alice.put(number, None, entry("alice"))
    assert bob.find() == number
    bob.put(number, None, entry("bob"))
    assert [note.entry for note in alice.notes(number, NOON)] == [entry("alice"), entry("bob")]


def test_a_known_mesh_costs_two_requests_and_a_new_one_four(tracker: Tracker) -> None:
    alice, bob = board(tracker), board(tracker, "token-b")
    assert alice.find() is None
    alice.put(alice.create(entry("alice")), None, entry("alice"))
    assert len(tracker.requests) == 4
    tracker.requests.clear()
    number = bob.find()
    assert number is not None
    bob.notes(number, NOON)
    assert len(tracker.requests) == 2


def test_a_node_edits_its_own_note_and_cannot_edit_anothers(tracker: Tracker) -> None:
    alice, bob = board(tracker), board(tracker, "token-b")
    number = alice.create(entry("alice"))
    alice.put(number, None, entry("alice"))
    (own,) = alice.notes(number, NOON)
    alice.put(number, own.comment, entry("alice, moved"))
    assert alice.notes(number, NOON) == [Note(own.comment, entry("alice, moved"))]
    assert "HTTP 403" in str(refused(lambda: bob.put(number, own.comment, entry("bob"))))


def test_of_two_that_make_the_issue_at_once_the_lower_number_counts_and_the_other_is_closed(tracker: Tracker) -> None:
    first = board(tracker).create(entry("alice"))
    second = board(tracker, "token-b").create(entry("bob"))
    assert first == second == 1
    assert [each["state"] for each in tracker.issues] == ["open", "closed"]


def test_row_40_issues_with_our_title_that_are_not_ours_are_passed_over_and_never_written_to(tracker: Tracker) -> None:
    ours = board(tracker).create(entry("alice"))
    squatter = board(tracker, "token-b")
    for number in range(TRIES - 1):
        squatter._write(
            "POST", GITHUB.issues(REPOSITORY), {"title": TITLE, "body": pack(entry(str(number), ours=False))}
        )
    tracker.requests.clear()
    assert board(tracker).find() == ours
    assert [method for method, _ in tracker.requests] == ["GET"]


def test_row_38_what_is_no_entry_is_passed_over(tracker: Tracker) -> None:
    alice = board(tracker)
    number = alice.create(entry("alice"))
    for body in ("hello", "<script>", "", "x" * 60_000, pack(b"short"), pack(entry("x"))[:-4] + "!!!!"):
        alice._write("POST", GITHUB.comments(REPOSITORY, number), {"body": body})
    assert alice.notes(number, NOON) == []


def test_a_note_older_than_a_day_is_of_somebody_who_is_gone(tracker: Tracker) -> None:
    alice = board(tracker)
    number = alice.create(entry("alice"))
    alice.put(number, None, entry("alice"))
    assert len(alice.notes(number, NOON + DAY - 1)) == 1
    assert alice.notes(number, NOON + DAY) == []


def test_a_second_lies_between_two_writes(tracker: Tracker) -> None:
    clock = StillClock()
    alice = board(tracker, clock=clock)
    alice.put(alice.create(entry("alice")), None, entry("alice"))
    assert clock.waited == SECOND


def test_more_than_a_page_is_read_to_its_end(tracker: Tracker) -> None:
    alice = board(tracker)
    number = alice.create(entry("alice"))
    for each in range(130):
        alice.put(number, None, entry(str(each)))
    assert len(alice.notes(number, NOON)) == 130


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"retry-after": "7"}, 7 * SECOND),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOON // 1000 + 90)}, 90 * SECOND),
        (503, {"content-type": "text/html"}, MINUTE),
        (500, {}, 0),
    ],
)
def test_row_39_limits_are_kept_as_the_server_says(
    tracker: Tracker, status: int, headers: dict[str, str], wait: int
) -> None:
    tracker.faults.append(once((status, headers, b"<html>not now</html>")))
    assert refused(board(tracker).find).wait_ms == wait


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[1]", b'[{"number": 0, "title": "t"}]', b"\xff", b"[" * 5000])
def test_row_39_an_answer_without_sense_is_a_sentence(tracker: Tracker, body: bytes) -> None:
    tracker.faults.append(once((200, {}, body)))
    assert "makes no sense" in str(refused(board(tracker).find))


def test_a_wrong_token_and_a_missing_repository_say_what_to_do(tracker: Tracker) -> None:
    assert "GITHUB_TOKEN" in str(refused(lambda: board(tracker, "wrong").create(entry("x"))))
    elsewhere = Board(Http(tracker.url, {}), GITHUB, "no/where", TITLE, lambda _: True, StillClock())
    assert "--registry-repo" in str(refused(elsewhere.find))


def test_a_server_that_is_not_there_is_a_sentence(tracker: Tracker) -> None:
    gone = Board(Http("http://127.0.0.1:9", {}), GITHUB, REPOSITORY, TITLE, lambda _: True, StillClock())
    assert str(refused(gone.find)).startswith("127.0.0.1 cannot be reached: ")
