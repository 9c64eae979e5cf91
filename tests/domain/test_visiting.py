"""A visit against a registry in a few lines: what it asks for, in order, and what comes of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL, Member
from wgmesh.domain.errors import Refused
from wgmesh.domain.peer_record import SignedRecord
from wgmesh.domain.values import MINUTE
from wgmesh.domain.visiting import (
    NOTES_CAP,
    PAGES,
    STALE_AFTER,
    YOUNG,
    Close,
    Errand,
    Find,
    Make,
    Note,
    Open,
    Put,
    Read,
    Request,
    Search,
    Titled,
    Titles,
    Visited,
    visit,
)


def said(who: Member, change: int = 2) -> SignedRecord:
    record = who.record(change=change)
    return SignedRecord(record, who.signed(record))


def opened(entry: bytes) -> SignedRecord | None:
    """In these tests a note is its record, unsealed."""
    return next((each for who in (ALICE, BOB, CAROL) for n in (2, 3) if (each := said(who, n)).signed == entry), None)


NOTE = said(ALICE)
ERRAND = Errand(0, 0, creates=True, entry=NOTE.signed, signed=NOTE.signed, identity=ALICE.key)


@dataclass
class Registry:
    """Issues with their titled bodies, and the comments in each: (entry, age). `hides`: what is made is not listed.

    `sunk`: what no page of the list shows any more, which has no end then; `is_searched`: the index was looked through.
    """

    issues: dict[int, bytes] = field(default_factory=dict)
    comments: dict[int, list[Note]] = field(default_factory=dict)
    sunk: dict[int, bytes] | None = None
    is_searched: bool = True
    hides: bool = False
    asked: list[Request] = field(default_factory=list)
    before: Callable[[Request], None] = lambda _: None

    def answer(self, request: Request) -> object:
        self.asked.append(request)
        self.before(request)
        match request:
            case Find(page):
                listed = tuple(Titled(*each) for each in self.issues.items()) if page == 2 else ()
                return Titles(listed, ends=page == 2 and self.sunk is None)
            case Search():
                return Titles(tuple(Titled(*each) for each in (self.sunk or {}).items()), self.is_searched)
            case Make(entry):
                number = max(self.comments, default=0) + 1
                self.comments[number] = []
                if not self.hides:
                    self.issues[number] = entry
                return number
            case Close(number):
                del self.issues[number]
            case Read(number):
                return self.comments.get(number)
            case Put(number, comment, entry):
                kept = [each for each in self.comments[number] if each.comment != comment]
                self.comments[number] = [*kept, Note(comment or len(kept) + 1, entry, 0)]
        return None

    def receives(self, errand: Errand, opened: Open = opened) -> Visited:
        visiting = visit(errand, opened)
        try:
            request = next(visiting)
            while True:
                try:
                    answer = self.answer(request)
                except Refused as refused:
                    request = visiting.throw(refused)
                else:
                    request = visiting.send(answer)
        except StopIteration as over:
            visited: Visited = over.value
            return visited

    def kinds(self) -> list[type]:
        return [type(request) for request in self.asked]


def with_notes(*entries: tuple[bytes, int]) -> Registry:
    notes = [Note(number, *each) for number, each in enumerate(entries, start=1)]
    return Registry({7: said(CAROL).signed}, {7: notes})


def refuses(*kinds: type, wait: int = 0) -> Callable[[Request], None]:
    def refuse(request: Request) -> None:
        if isinstance(request, kinds):
            raise Refused("no", wait)

    return refuse


def test_where_there_is_no_issue_one_is_made_with_our_note_in_it() -> None:
    registry = Registry()
    assert registry.receives(ERRAND) == Visited(1, created=True, wrote=True)
    assert registry.kinds() == [Find, Find, Make, Find, Find, Put]
    assert (registry.issues[1], registry.comments[1]) == (NOTE.signed, [Note(1, NOTE.signed, 0)])


def test_in_an_issue_that_is_there_notes_are_read_and_ours_is_left() -> None:
    registry = with_notes((said(BOB).signed, 5))
    assert registry.receives(ERRAND) == Visited(7, wrote=True, notes=(said(BOB),))
    assert registry.kinds() == [Find, Find, Read, Put]


def test_a_known_issue_is_gone_to_and_where_it_is_gone_it_is_looked_for() -> None:
    registry = with_notes((said(BOB).signed, 5))
    assert registry.receives(replace(ERRAND, number=7)).number == 7
    assert registry.kinds() == [Read, Put]
    registry.asked.clear()
    assert registry.receives(replace(ERRAND, number=9)).number == 7
    assert registry.kinds() == [Read, Find, Find, Read]


def test_our_newest_note_is_written_over_unless_it_says_the_same_and_is_young() -> None:
    old, new = said(ALICE, 3).signed, NOTE.signed
    for age, entry, written in ((YOUNG - 1, new, []), (YOUNG, new, [2]), (5, old, [2]), (STALE_AFTER, old, [2])):
        registry = with_notes((old, MINUTE), (entry, age))
        assert registry.receives(ERRAND).wrote
        assert [request.comment for request in registry.asked if isinstance(request, Put)] == written


LONG = [Find] * PAGES


def test_where_the_list_is_too_long_to_be_read_the_index_is_asked_once_and_knows_the_old() -> None:
    registry = with_notes((said(BOB).signed, 5))
    registry.sunk, registry.issues = {9: said(BOB).signed, 8: b"theirs", **registry.issues}, {}
    assert registry.receives(ERRAND) == Visited(7, wrote=True, notes=(said(BOB),))
    assert registry.kinds() == [*LONG, Search, Read, Put]
    registry.asked.clear()
    assert registry.receives(replace(ERRAND, entry=b"")).notes == (said(BOB), NOTE)
    assert registry.kinds() == [*LONG, Search, Read]


def test_what_the_list_shows_is_not_searched_for_however_long_it_is() -> None:
    registry = with_notes((said(BOB).signed, 5))
    registry.sunk = {3: said(CAROL).signed}
    assert registry.receives(ERRAND).number == 7
    assert registry.kinds() == [Find, Find, Read, Put]


def test_where_neither_the_list_nor_the_index_has_one_it_is_made_and_the_list_is_read_again() -> None:
    registry = Registry(sunk={})
    assert registry.receives(ERRAND) == Visited(1, created=True, wrote=True)
    assert registry.kinds() == [*LONG, Search, Make, Find, Find, Put]
    hidden = Registry(sunk={}, hides=True)
    assert hidden.receives(ERRAND) == Visited(1, created=True, wrote=True)
    assert hidden.kinds() == [*LONG, Search, Make, *LONG, Put]


def test_row_39_a_search_that_was_cut_short_is_no_reason_to_make_another_issue() -> None:
    cut = Registry(sunk={8: b"theirs"}, is_searched=False)
    assert "--registry-repo" in cut.receives(ERRAND).trouble
    assert cut.kinds() == [*LONG, Search]
    found = with_notes((said(BOB).signed, 5))
    found.sunk, found.issues, found.is_searched = {7: said(CAROL).signed}, {}, False
    assert found.receives(ERRAND).number == 7


def test_row_39_a_search_that_is_refused_is_no_reason_either_and_its_limit_is_told() -> None:
    refusing = Registry(sunk={}, before=refuses(Search, wait=9))
    assert refusing.receives(ERRAND) == Visited(trouble="no", wait=9)
    assert refusing.receives(replace(ERRAND, entry=b"")) == Visited(trouble="no", wait=9)
    assert Make not in refusing.kinds()


def test_who_only_reads_writes_and_makes_nothing() -> None:
    reader = replace(ERRAND, entry=b"", creates=True)
    assert Registry().receives(reader) == Visited()
    assert with_notes((said(BOB).signed, 5)).receives(reader) == Visited(7, notes=(said(BOB),))


def test_where_none_may_be_made_nothing_is() -> None:
    registry = Registry()
    assert registry.receives(replace(ERRAND, creates=False)) == Visited()
    assert registry.kinds() == [Find, Find]


def test_of_two_that_make_it_at_once_the_lower_counts_and_the_other_is_closed() -> None:
    registry = Registry(comments={1: [Note(1, said(BOB).signed, 0)]})

    def bob_was_quicker(request: Request) -> None:
        if isinstance(request, Make):
            registry.issues[1] = said(BOB).signed

    registry.before = bob_was_quicker
    assert registry.receives(ERRAND) == Visited(1, wrote=True, notes=(said(BOB),))
    assert Close(2) in registry.asked
    assert list(registry.issues) == [1]


def test_a_lower_one_that_shows_late_closes_ours_at_the_next_visit() -> None:
    registry = Registry({1: said(BOB).signed, 2: NOTE.signed}, {1: [], 2: []})
    assert registry.receives(replace(ERRAND, made=2)).number == 1
    assert list(registry.issues) == [1]


def test_what_we_made_is_gone_to_while_no_list_shows_it_until_it_is_gone() -> None:
    registry = Registry(hides=True)
    assert registry.receives(ERRAND) == Visited(1, created=True, wrote=True)
    again = replace(ERRAND, made=1, creates=False)
    assert registry.receives(again).number == 1
    del registry.comments[1]
    assert registry.receives(again) == Visited()


def test_what_was_made_counts_though_the_second_look_is_refused() -> None:
    registry = Registry()

    def tired(request: Request) -> None:
        if Make in registry.kinds()[:-1]:
            raise Refused("no")

    registry.before = tired
    assert registry.receives(ERRAND) == Visited(1, created=True, trouble="no")


def test_row_40_issues_under_our_title_without_a_note_of_ours_are_never_written_to() -> None:
    registry = Registry(dict.fromkeys(range(1, 101), b"theirs"), {number: [] for number in range(1, 101)})
    assert registry.receives(ERRAND) == Visited(101, created=True, wrote=True)
    assert [r.number for r in registry.asked if isinstance(r, Close | Put)] == [101]


def test_row_38_notes_that_are_stale_or_nobodys_count_for_nothing() -> None:
    registry = with_notes((said(BOB).signed, STALE_AFTER), (b"junk", 0), (said(CAROL).signed, STALE_AFTER - 1))
    visited = registry.receives(ERRAND)
    assert (visited.notes, visited.rejected) == ((said(CAROL),), 1)


CROWD = {
    number.to_bytes(2): SignedRecord(replace(said(BOB).record, identity=number.to_bytes(32)), number.to_bytes(2))
    for number in range(NOTES_CAP)
}


def of_the_crowd(entry: bytes) -> SignedRecord | None:
    return CROWD.get(entry) or opened(entry)


def test_where_as_many_as_are_read_left_notes_no_newcomer_adds_one_and_that_is_as_good_as_written() -> None:
    crowd = [(entry, 5) for entry in CROWD]
    for notes, written in ((crowd, []), (crowd[1:], [0]), ([(crowd[0][0], STALE_AFTER), *crowd[1:]], [0])):
        registry = with_notes(*notes)
        visited = registry.receives(ERRAND, of_the_crowd)
        assert visited.wrote
        assert [request.comment for request in registry.asked if isinstance(request, Put)] == written


def test_who_has_a_note_in_a_crowd_keeps_it_fresh() -> None:
    registry = with_notes((NOTE.signed, YOUNG), *((entry, 5) for entry in CROWD))
    assert registry.receives(ERRAND, of_the_crowd).wrote
    assert [request.comment for request in registry.asked if isinstance(request, Put)] == [1]


def test_row_38_the_newest_of_a_crowd_are_read_up_to_a_cap() -> None:
    registry = with_notes(*((entry, 5) for entry in CROWD), (said(CAROL).signed, 0))
    notes = registry.receives(ERRAND, of_the_crowd).notes
    assert len(notes) == NOTES_CAP
    assert notes[-1] == said(CAROL)


def test_row_38_one_note_that_a_stranger_copied_again_and_again_is_no_crowd_and_crowds_nobody_out() -> None:
    registry = with_notes((said(CAROL).signed, 5), *[(said(BOB).signed, 5)] * (2 * NOTES_CAP))
    visited = registry.receives(ERRAND)
    assert visited.wrote
    assert Put in registry.kinds()
    assert visited.notes == (said(CAROL), said(BOB))


def test_row_38_an_old_note_that_a_stranger_copied_hides_no_newer_one() -> None:
    old, new = (SignedRecord(BOB.record(change=change), bytes([change])) for change in (2, 3))
    entries = {each.signed: each for each in (old, new)}
    registry = with_notes((new.signed, 5), (old.signed, 0))
    assert registry.receives(ERRAND, lambda entry: entries.get(entry) or opened(entry)).notes == (new,)


@pytest.mark.parametrize("kind", [Find, Read, Put])
def test_what_was_done_before_a_refusal_counts(kind: type) -> None:
    registry = with_notes((said(BOB).signed, 5))
    registry.before = refuses(kind, wait=9)
    visited = registry.receives(ERRAND)
    assert (visited.trouble, visited.wait, visited.wrote) == ("no", 9, False)
    assert visited.notes == ((said(BOB),) if kind is Put else ())


def test_where_no_issue_may_be_made_the_reason_is_told() -> None:
    registry = Registry(before=refuses(Make))
    assert registry.receives(ERRAND) == Visited(trouble="no")
