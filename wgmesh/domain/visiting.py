"""One visit to the registry, step by step: find our issue or make it, read the notes in it, leave our own.

Only an author may edit a comment, and there is no compare-and-swap, so nobody ever writes what another wrote. A request
that timed out may have been done, so a visit lists before it writes, and where the list is too long to be read, it asks
the repository's index as well, once: that knows old issues, but new ones minutes late. Two nodes that make the issue at
once both list again: the lower number counts, and who made the other closes it. Whoever drives a visit carries out what
it asks for, and throws `Refused` into it where that cannot be done.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from wgmesh.domain.errors import Refused
from wgmesh.domain.peer_record import SignedRecord
from wgmesh.domain.values import DAY, HOUR, IdentityKey

# A note older than this is of somebody who is gone.
STALE_AFTER = DAY
# A note of ours that is younger and says the same is left as it is.
YOUNG = HOUR
# Pages of issues, the liveliest first, and of comments that are looked through.
PAGES = 5
# Notes that are read of an issue, whoever has the secret and writes them.
NOTES_CAP = 128


class Errand(Struct, frozen=True):
    """What a visit is for; see `effects.Consult`. `entry`: our note, sealed; empty for who only reads.

    `signed`: our record, which is in it; `identity`: whose it is.
    """

    number: int
    made: int
    creates: bool
    entry: bytes
    signed: bytes
    identity: IdentityKey


class Find(Struct, frozen=True, tag=True):
    """Those on this page of the list of issues (counted from 1) that have our title: `Titles`."""

    page: int


class Search(Struct, frozen=True, tag=True):
    """Those that have our title in the whole repository, as far as its index knows: `Titles`."""


class Titled(Struct, frozen=True):
    """An issue under our title, and what its body says: anybody may make one."""

    number: int
    entry: bytes


class Titles(Struct, frozen=True):
    """What a page of issues, or a search, holds for us; `ends`: there is nothing beyond that is worth looking at."""

    titled: tuple[Titled, ...]
    ends: bool


class Make(Struct, frozen=True, tag=True):
    """Make our issue, with this sealed note in its body. Its number."""

    entry: bytes


class Close(Struct, frozen=True, tag=True):
    """Close this issue, which we made."""

    number: int


class Read(Struct, frozen=True, tag=True):
    """The notes in this issue; None if it is not there."""

    number: int


class Put(Struct, frozen=True, tag=True):
    """Write our note into this comment, which we made, or into a new one where it is 0."""

    number: int
    comment: int
    entry: bytes


class Note(Struct, frozen=True):
    """A comment in an issue, with what may be a sealed note, written `age` ms ago."""

    comment: int
    entry: bytes
    age: int


class Visited(Struct, frozen=True):
    """What came of a visit; `number` and what follows as in `inputs.Consulted`.

    `wrote`: our note is there, or not needed. `notes`: the records in fresh notes of others and our own; `rejected`:
    comments in our issue that are no note of this mesh.
    """

    number: int = 0
    created: bool = False
    wrote: bool = False
    notes: tuple[SignedRecord, ...] = ()
    rejected: int = 0
    trouble: str = ""
    wait: int = 0


Request = Find | Search | Make | Close | Read | Put
# What a sealed note says; None for what is no note of this mesh.
Open = Callable[[bytes], SignedRecord | None]
Visit = Generator[Request, Any, Visited]


def visit(errand: Errand, opened: Open) -> Visit:
    """A visit. What was read counts, even where writing is refused."""
    visited = Visited()
    try:
        notes: Sequence[Note] | None = (yield Read(errand.number)) if errand.number else None
        visited = Visited(errand.number) if notes is not None else (yield from _look(errand, opened))
        if notes is None and visited.number and not visited.created:
            notes = yield Read(visited.number)
            visited = visited if notes is not None else Visited()
        said = [(note, signed) for note in notes or () if (signed := opened(note.entry))]
        fresh = _newest(signed for note, signed in said if note.age < STALE_AFTER)
        visited = replace(visited, notes=fresh[-NOTES_CAP:], rejected=len(notes or ()) - len(said))
        if errand.entry and visited.number:
            own = [(note, signed) for note, signed in said if signed.record.identity == errand.identity]
            if own or not _is_crowded(fresh):
                yield from _write(errand, visited.number, own)
            visited = replace(visited, wrote=True)
    except Refused as refused:
        return replace(visited, trouble=str(refused), wait=refused.wait)
    return visited


def _look(errand: Errand, opened: Open) -> Visit:
    """Where our issue is. The list of issues may lag behind what we made ourselves."""
    found = yield from _find(opened)
    if found:
        if found < errand.made:
            yield Close(errand.made)
        return Visited(found)
    if errand.made or not (errand.creates and errand.entry):
        return Visited(errand.made)
    made: int = yield Make(errand.entry)
    try:
        first, _ = yield from _list(opened)
        if first and first < made:
            yield Close(made)
            return Visited(first)
    except Refused:  # we made it all the same, and whoever was first is found at the next visit
        pass
    return Visited(made, created=True)


def _find(opened: Open) -> Generator[Request, Any, int]:
    """Our issue, as the list shows it, or the index where the list is longer than what was read; 0: there is none."""
    lowest, ends = yield from _list(opened)
    if lowest or ends:
        return lowest
    titles: Titles = yield Search()
    lowest = _lowest(titles, opened)
    if not lowest and not titles.ends:
        raise Refused("the registry gave up its search before the end: try another --registry-repo if it does so again")
    return lowest


def _list(opened: Open) -> Generator[Request, Any, tuple[int, bool]]:
    """Our issue on the first page of the list that has any, else 0; and whether the list was read to its end."""
    for page in range(1, PAGES + 1):
        titles: Titles = yield Find(page)
        lowest = _lowest(titles, opened)
        if lowest or titles.ends:
            return lowest, titles.ends
    return 0, False


def _lowest(titles: Titles, opened: Open) -> int:
    """The lowest issue with a note of this mesh in its body; 0 where there is none."""
    return min((issue.number for issue in titles.titled if opened(issue.entry)), default=0)


def _newest(notes: Iterable[SignedRecord]) -> tuple[SignedRecord, ...]:
    """One of each node: anybody can copy a note, an old one too, and copies crowd nobody out and hide nothing newer."""
    newest: dict[IdentityKey, SignedRecord] = {}
    for note in notes:
        held = newest.get(note.record.identity)
        if held is None or note.record.incarnation >= held.record.incarnation:
            newest[note.record.identity] = note
    return tuple(newest.values())


def _is_crowded(fresh: Sequence[SignedRecord]) -> bool:
    """Did so many leave notes that one more helps nobody?

    Who reads as many finds the mesh, and is found through it. One whose own note is beyond what is read would leave
    another at each visit, and the issue would grow without end. Its word counts as said: it comes back with the next
    refresh, when others may have gone.
    """
    return len(fresh) >= NOTES_CAP


def _write(errand: Errand, number: int, own: Sequence[tuple[Note, SignedRecord]]) -> Generator[Request, Any, None]:
    """Into our newest note, unless it says the same and is young."""
    if not own:
        yield Put(number, 0, errand.entry)
        return
    note, signed = own[-1]
    if signed.signed != errand.signed or note.age >= YOUNG:
        yield Put(number, note.comment, errand.entry)
