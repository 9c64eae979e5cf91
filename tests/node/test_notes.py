"""What notes come to: sealed ones of this mesh are judged by their signatures, all else is counted once."""

import os

from msgspec.structs import replace

from tests.cast import ALICE, BOB, SECRET, Member
from tests.playbook import given
from wgmesh.domain import messages
from wgmesh.domain.envelope import NONCE_BYTES, Layer, seal
from wgmesh.domain.events import PeerExpired
from wgmesh.domain.keys import derive, parameters
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer_record import PeerRecord, SignedRecord
from wgmesh.domain.secret import mint
from wgmesh.domain.values import HOUR, Incarnation
from wgmesh.domain.visiting import Visited
from wgmesh.node.keyring import Keyring
from wgmesh.node.notes import NEWS_CAP, Notes
from wgmesh.node.rejections import Rejections

RING = Keyring(ALICE.identity, derive(SECRET), parameters(SECRET), 1)
MESH = given(*ALICE.joined()).mesh
HOST = "git.example"


def sealed(payload: bytes, layer: Layer = "registry", key: bytes = RING.keys.envelope_key) -> bytes:
    return seal(key, layer, payload, os.urandom(NONCE_BYTES), 1200)


def note(who: Member, record: PeerRecord | None = None) -> SignedRecord:
    record = record or who.record()
    return SignedRecord(record, who.signed(record))


def judged(mesh: Mesh, *notes: SignedRecord, rejected: int = 0) -> tuple[tuple[SignedRecord, ...], dict[str, int]]:
    rejections = Rejections()
    visited = Visited(7, notes=notes, rejected=rejected)
    return Notes(RING, rejections).judge(mesh, visited, HOST, 0).passed, rejections.so_far().counts


def test_a_note_is_opened_by_members_alone_and_only_as_a_note() -> None:
    notes, said = Notes(RING, Rejections()), note(BOB)
    page = messages.encode(messages.Page((said.signed,)))
    assert notes.opened(sealed(page)) == said
    other = derive(mint(bytes(32))).envelope_key
    two = messages.encode(messages.Page((said.signed, said.signed)))
    odd = messages.encode(messages.Page((b"x" * 100,)))
    announce = messages.encode(messages.Announce(said.signed, bytes(8), 1))
    for entry in (b"", b"x" * 1200, sealed(page, key=other), sealed(page, "exchange"), sealed(two), sealed(odd)):
        assert notes.opened(entry) is None
    assert notes.opened(sealed(announce)) is None
    assert notes.opened(sealed(b"\xc1")) is None


def test_news_pass_and_what_we_hold_and_what_is_older_does_not() -> None:
    held = given(*ALICE.joined(), BOB.discovered(BOB.record(change=5))).mesh
    for change, passes in ((4, False), (5, False), (6, True)):
        said = note(BOB, BOB.record(change=change))
        assert judged(held, said) == ((said,) if passes else (), {})


def test_row_38_a_record_that_its_owner_did_not_sign_is_counted() -> None:
    said = note(BOB)
    forged = replace(said, signed=said.signed[:-1] + bytes([said.signed[-1] ^ 1]))
    assert judged(MESH, forged, said) == ((said,), {"signature": 1})


def test_our_own_record_is_news_only_from_a_run_that_we_forgot() -> None:
    assert judged(MESH, note(ALICE)) == ((), {})
    ahead = note(ALICE, replace(ALICE.record(), incarnation=Incarnation(9, 1)))
    assert judged(MESH, ahead) == ((ahead,), {})


def test_a_visit_brings_so_many_records_and_no_more() -> None:
    crowd = tuple(note(BOB, BOB.record(change=change)) for change in range(2, 2 + NEWS_CAP + 5))
    assert len(judged(MESH, *crowd)[0]) == NEWS_CAP


def test_what_is_no_note_of_ours_is_counted_while_it_grows() -> None:
    rejections = Rejections()
    notes = Notes(RING, rejections)
    for rejected in (3, 3, 2, 4):
        notes.judge(MESH, Visited(7, rejected=rejected), HOST, 0)
    assert (rejections.so_far().counts, rejections.so_far().sources) == ({"note": 5}, (HOST,))


def test_who_left_a_note_and_was_given_up_is_missed() -> None:
    gone = given(*ALICE.joined(), BOB.discovered(), PeerExpired(BOB.key, HOUR)).mesh
    notes = Notes(RING, Rejections())
    assert notes.judge(gone, Visited(7, notes=(note(BOB), note(BOB))), HOST, 0).missed == (BOB.key,)
    known = given(*ALICE.joined(), BOB.discovered()).mesh
    assert notes.judge(known, Visited(7, notes=(note(BOB),)), HOST, 0).missed == ()


def test_the_rest_of_a_visit_is_passed_on() -> None:
    visited = Visited(7, created=True, wrote=True, trouble="no", wait=9)
    consulted = Notes(RING, Rejections()).judge(MESH, visited, HOST, 0)
    assert (consulted.number, consulted.created, consulted.wrote) == (7, True, True)
    assert (consulted.trouble, consulted.wait) == ("no", 9)
