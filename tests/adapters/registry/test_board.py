from collections.abc import Callable, Iterator

import pytest

from tests.adapters.registry.github_server import REPOSITORY, Fault, Tracker, comment, issue, serving
from wgmesh.adapters.registry.answers import BODY_CAP, ENTRY_BYTES, pack
from wgmesh.adapters.registry.board import KEPT_BYTES, Board
from wgmesh.adapters.registry.dialects import FORGEJO, GITHUB, HITS, Dialect
from wgmesh.adapters.registry.http import Http
from wgmesh.domain.errors import Refused
from wgmesh.domain.values import HOUR, MINUTE, SECOND
from wgmesh.domain.visiting import PAGES, STALE_AFTER, Close, Find, Make, Note, Put, Read, Search, Titled, Titles

# The wall clock of the tests, ms since 1970: the server's 2026-01-01T12:00:00Z.
NOON = 1_767_268_800_000
TITLE = "wgmesh-0123456789abcdef"


class StillClock:
    """Time passes only while somebody waits. `ahead`: how far the wall clock is from the server's."""

    def __init__(self, ahead: int = 0) -> None:
        self.waited = 0
        self.ahead = ahead

    def now(self) -> tuple[int, int]:
        return NOON + self.ahead + self.waited, self.waited

    def sleep(self, ms: int) -> None:
        self.waited += ms


def entry(name: str) -> bytes:
    return name.encode().ljust(ENTRY_BYTES, b".")


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    with serving() as tracker:
        yield tracker


def board(
    tracker: Tracker, token: str = "token-a", clock: StillClock | None = None, dialect: Dialect = GITHUB
) -> Board:
    return Board(Http(tracker.url, dialect.headers_with(token)), dialect, REPOSITORY, TITLE, clock or StillClock())


def fill(tracker: Tracker, issues: int, title: str = "x") -> None:
    """So many issues of strangers."""
    for number in range(len(tracker.issues) + 1, len(tracker.issues) + 1 + issues):
        tracker.issues.append(issue(number, {"title": title, "body": ""}, "bob", tracker))


def comments(tracker: Tracker, count: int, bodies: str = "") -> None:
    """So many comments in the first issue, of strangers with such bodies, or notes that say their number."""
    for number in range(len(tracker.comments) + 1, len(tracker.comments) + 1 + count):
        tracker.comments.append(comment(number, "1", {"body": bodies or note(number)}, "bob", tracker))


def note(number: int) -> str:
    return pack(entry(str(number)))


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


def test_what_a_visit_asks_for_is_carried_out(tracker: Tracker) -> None:
    alice, bob = board(tracker).carry_out, board(tracker, "token-b").carry_out
    assert alice(Find(1)) == Titles((), ends=True)
    assert alice(Make(entry("alice"))) == 1
    assert bob(Find(1)) == Titles((Titled(1, entry("alice")),), ends=True)
    assert bob(Read(1)) == []
    assert alice(Put(1, 0, entry("alice"))) is None
    assert bob(Read(1)) == [Note(1, entry("alice"), 0)]
    assert alice(Put(1, 1, entry("alice, moved"))) is None
    assert bob(Read(1)) == [Note(1, entry("alice, moved"), 0)]
    assert alice(Close(1)) is None
    assert bob(Find(1)) == Titles((), ends=True)


def test_a_note_of_another_account_is_left_alone_and_ours_is_a_new_one(tracker: Tracker) -> None:
    alice, bob = board(tracker), board(tracker, "token-b")
    number = alice.make(entry("alice"))
    alice.put(number, 0, entry("alice"))
    bob.put(number, 1, entry("bob"))
    assert alice.notes(number) == [Note(1, entry("alice"), 0), Note(2, entry("bob"), 0)]


def test_what_is_no_entry_is_nobodys_note(tracker: Tracker) -> None:
    alice = board(tracker)
    number = alice.make(entry("alice"))
    bodies = ("hello", "<script>", "", "x" * 60_000, pack(b"short"), pack(entry("x"))[:-4] + "!!!!")
    for body in bodies:
        alice._write("POST", GITHUB.comments(REPOSITORY, number), {"body": body})
    assert [note.entry for note in alice.notes(number) or ()] == [b""] * len(bodies)


def test_the_age_of_a_note_is_by_the_servers_clock(tracker: Tracker) -> None:
    alice = board(tracker, clock=StillClock(ahead=-30 * 365 * 24 * HOUR))
    alice.put(alice.make(entry("alice")), 0, entry("alice"))
    tracker.now = "2026-01-01T14:00:00Z"
    assert alice.notes(1) == [Note(1, entry("alice"), 2 * HOUR)]


def test_an_issue_that_is_gone_has_no_notes_at_all(tracker: Tracker) -> None:
    for status in (404, 410):
        tracker.faults[:] = [once((status, {}, b"{}"))]
        assert board(tracker).notes(7) is None


def test_a_second_lies_between_two_writes(tracker: Tracker) -> None:
    clock = StillClock()
    alice = board(tracker, clock=clock)
    alice.put(alice.make(entry("alice")), 0, entry("alice"))
    assert clock.waited == SECOND


def test_more_than_a_page_is_read_to_its_end(tracker: Tracker) -> None:
    alice = board(tracker)
    number = alice.make(entry("alice"))
    comments(tracker, 130)
    assert [each.comment for each in alice.notes(number) or ()] == list(range(1, 131))


LATER = "2026-01-03T12:00:00Z"


@pytest.mark.parametrize("gone", [600, 3000])
@pytest.mark.parametrize("bodies", ["", "hello"])
def test_what_was_written_lately_is_read_however_many_notes_of_the_gone_or_words_of_strangers_come_before_it(
    tracker: Tracker, gone: int, bodies: str
) -> None:
    alice = board(tracker, clock=StillClock(ahead=-30 * 365 * 24 * HOUR))
    alice.make(entry("alice"))
    comments(tracker, gone, bodies)
    tracker.now = LATER
    comments(tracker, 150)
    tracker.comments[6] |= {"updated_at": LATER, "body": note(7)}  # one of the first is alive
    tracker.requests.clear()
    notes = alice.notes(1) or []
    assert [each.comment for each in notes] == [*range(1, 101), *range(gone + 1, gone + 151)]
    assert [each.comment for each in notes if each.entry and each.age < STALE_AFTER] == [
        7,
        *range(gone + 1, gone + 151),
    ]
    assert len(tracker.requests) == 3


def test_what_is_asked_for_as_lately_is_not_kept_so_that_the_first_pages_are(tracker: Tracker) -> None:
    alice = board(tracker)
    alice.make(entry("alice"))
    comments(tracker, 130, "hello")
    alice.find(1)
    assert alice.notes(1) == alice.notes(1)
    alice.find(1)
    assert tracker.statuses[-7:] == [200, 200, 200, 304, 200, 200, 304]


def test_an_issue_whose_beginning_strangers_filled_is_read_from_lately_on(tracker: Tracker) -> None:
    alice = board(tracker, clock=StillClock(ahead=-30 * 365 * 24 * HOUR))
    alice.make(entry("alice"))
    comments(tracker, 17, "y" * BODY_CAP)
    tracker.now = LATER
    comments(tracker, 1)
    assert alice.notes(1) == [Note(18, entry("18"), 0)]


def test_issues_are_looked_through_page_by_page_to_the_last(tracker: Tracker) -> None:
    alice = board(tracker)
    fill(tracker, GITHUB.page_size)
    assert alice.find(1) == Titles((), ends=True)
    fill(tracker, 1)
    assert alice.find(1) == Titles((), ends=False)
    assert alice.find(2) == Titles((), ends=True)


def test_a_tracker_that_is_set_to_shorter_pages_is_read_to_its_end_too(tracker: Tracker) -> None:
    tracker.page_cap = 20
    alice = board(tracker)
    number = alice.make(entry("alice"))
    fill(tracker, 30)
    assert [alice.find(page) for page in (1, 2)] == [
        Titles((), ends=False),
        Titles((Titled(number, entry("alice")),), ends=True),
    ]


def test_row_38_a_page_that_strangers_filled_is_passed_over_and_the_search_is_left(tracker: Tracker) -> None:
    alice = board(tracker)
    number = alice.make(entry("alice"))
    tracker.issues += [issue(2 + n, {"title": "x", "body": "y" * BODY_CAP}, "bob", tracker) for n in range(17)]
    assert alice.find(1) == Titles((), ends=False)
    assert alice.search() == Titles((Titled(number, entry("alice")),), ends=True)
    assert "longer than a megabyte" in str(
        refused(lambda: alice._ask("GET", GITHUB.issues(REPOSITORY), {"per_page": 99}))
    )


def test_comments_without_end_are_not_read_for_ever(tracker: Tracker) -> None:
    tracker.faults.append(lambda *_: (200, {"link": '<x>; rel="next"'}, b"[]"))
    assert board(tracker).notes(1) == []
    assert len(tracker.requests) == 1 + PAGES


def test_where_all_comments_come_at_once_they_are_read_once(tracker: Tracker) -> None:
    many = b",".join(b'{"id": %d, "updated_at": ""}' % number for number in range(1, 2 * FORGEJO.page_size))
    tracker.faults.append(lambda *_: (200, {"x-total-count": "99"}, b"[" + many + b"]"))
    notes = board(tracker, dialect=FORGEJO).notes(1) or []
    assert [note.comment for note in notes] == list(range(1, 2 * FORGEJO.page_size))
    assert len(tracker.requests) == 1


def test_what_no_page_shows_any_more_is_searched_for_by_its_title(tracker: Tracker) -> None:
    alice, reader = board(tracker), board(tracker, token="")
    number = alice.make(entry("alice"))
    fill(tracker, 5, TITLE + " and more")
    fill(tracker, PAGES * GITHUB.page_size)
    assert [alice.find(page).titled for page in range(1, PAGES + 1)] == [()] * PAGES
    assert (
        alice.carry_out(Search()) == reader.carry_out(Search()) == Titles((Titled(number, entry("alice")),), ends=True)
    )
    tracker.indexed = 0
    assert alice.search() == Titles((), ends=True)


def test_row_39_and_40_of_ten_thousand_hits_the_oldest_few_are_looked_at(tracker: Tracker) -> None:
    alice = board(tracker)
    number = alice.make(entry("alice"))
    fill(tracker, 10_000, TITLE)
    tracker.requests.clear()
    found = alice.search()
    assert (len(found.titled), found.titled[0], found.ends) == (HITS, Titled(number, entry("alice")), True)
    assert len(tracker.requests) == 1


def test_row_39_a_search_that_ran_out_of_time_says_so(tracker: Tracker) -> None:
    hit = b'{"number": 7, "title": "%s", "body": null}' % TITLE.encode()
    tracker.faults.append(once((200, {}, b'{"total_count": 9, "incomplete_results": true, "items": [' + hit + b"]}")))
    assert board(tracker).search() == Titles((Titled(7, b""),), ends=False)


def test_a_repository_that_cannot_be_searched_is_a_sentence(tracker: Tracker) -> None:
    elsewhere = Board(Http(tracker.url, {}), GITHUB, "no/where", TITLE, StillClock())
    assert "shows us no no/where: check --registry-repo" in str(refused(elsewhere.search))


def test_gitea_searches_in_its_list(tracker: Tracker) -> None:
    hit = b'[{"number": 7, "title": "%s", "body": null}, {"number": 8, "title": "other"}]' % TITLE.encode()
    tracker.faults.append(lambda *_: (200, {}, hit))
    assert board(tracker, dialect=FORGEJO).search() == Titles((Titled(7, b""),), ends=True)
    ((_, path),) = tracker.requests
    asked = "state=open&type=issues&q=wgmesh-0123456789abcdef&sort=oldest&limit=10"
    assert path == f"/repos/{REPOSITORY}/issues?{asked}"


def test_what_did_not_change_is_not_sent_again(tracker: Tracker) -> None:
    alice = board(tracker)
    number = alice.make(entry("alice"))
    assert alice.notes(number) == alice.notes(number) == []
    assert tracker.statuses[-2:] == [200, 304]
    alice.put(number, 0, entry("alice"))
    assert len(alice.notes(number) or ()) == 1
    tracker.now = "2026-01-01T13:00:00Z"
    assert alice.notes(number) == [Note(1, entry("alice"), HOUR)]
    assert tracker.statuses[-2:] == [200, 304]


def test_an_answer_that_is_long_is_not_kept(tracker: Tracker) -> None:
    alice = board(tracker)
    tracker.faults.append(lambda *_: (200, {"etag": '"x"'}, b"[" + b" " * KEPT_BYTES + b"]"))
    alice.notes(1)
    assert alice.kept == {}


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
    for method, ask in (("GET", Find(1)), ("GET", Search()), ("POST", Make(entry("x")))):
        tracker.faults[:] = [once((status, headers, b"<html>not now</html>"), method)]
        assert refused(lambda ask=ask: board(tracker).carry_out(ask)).wait == wait  # type: ignore[misc]


def test_row_39_a_limit_on_an_edit_is_no_reason_to_write_another_note(tracker: Tracker) -> None:
    alice = board(tracker)
    alice.put(alice.make(entry("alice")), 0, entry("alice"))
    tracker.faults.append(once((403, {"retry-after": "60"}, b""), "PATCH"))
    assert refused(lambda: alice.put(1, 1, entry("again"))).wait == MINUTE
    assert len(tracker.comments) == 1


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[1]", b'[{"number": 0, "title": "t"}]', b"\xff", b"[" * 5000])
def test_row_39_an_answer_without_sense_is_a_sentence(tracker: Tracker, body: bytes) -> None:
    for ask in (Find(1), Search()):
        tracker.faults[:] = [once((200, {}, body))]
        assert "makes no sense" in str(refused(lambda ask=ask: board(tracker).carry_out(ask)))  # type: ignore[misc]


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b'{"items": []}',
        b'{"items": {}, "incomplete_results": false}',
        b'{"items": [], "incomplete_results": 0}',
        b'{"items": [{"number": "7", "title": "t"}], "incomplete_results": false}',
    ],
)
def test_row_39_a_search_of_another_shape_is_a_sentence(tracker: Tracker, body: bytes) -> None:
    tracker.faults.append(once((200, {}, body)))
    assert "makes no sense" in str(refused(board(tracker).search))


def test_what_is_refused_says_what_to_do(tracker: Tracker) -> None:
    assert "GITHUB_TOKEN" in str(refused(lambda: board(tracker, "wrong").make(entry("x"))))
    elsewhere = Board(Http(tracker.url, {}), GITHUB, "no/where", TITLE, StillClock())
    assert "--registry-repo" in str(refused(lambda: elsewhere.find(1)))
    tracker.faults.append(lambda *_: (403, {}, b"{}"))
    assert "write to mesh/notes: check" in str(refused(lambda: board(tracker).make(entry("x"))))
    tracker.faults[:] = [lambda *_: (429, {}, b"{}")]
    assert "enough of us" in str(refused(lambda: board(tracker).find(1)))


def test_row_41_the_token_is_in_no_complaint(tracker: Tracker) -> None:
    for status in (401, 403, 404, 429, 500):
        tracker.faults[:] = [once((status, {}, b""))]
        assert "canary" not in str(refused(lambda: board(tracker, "canary").find(1)))
        tracker.faults[:] = [once((status, {}, b""))]
        assert "canary" not in str(refused(board(tracker, "canary").search))


def test_a_server_that_is_not_there_is_a_sentence() -> None:
    gone = Board(Http("http://127.0.0.1:9", {}), GITHUB, REPOSITORY, TITLE, StillClock())
    assert str(refused(lambda: gone.find(1))) == "127.0.0.1 cannot be reached: Connection refused"
