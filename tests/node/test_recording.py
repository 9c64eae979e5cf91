"""What a node took is written down whole, in order and without a secret, and a changed byte shows in its place."""

import io
import os
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from tests.cast import ALICE, BOB, SECRET
from wgmesh.domain import snapshot
from wgmesh.domain.decide import step
from wgmesh.domain.draft import State
from wgmesh.domain.errors import LogFull
from wgmesh.domain.inputs import Due, Heard, Input, Networked
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.messages import Hello
from wgmesh.domain.records import GENESIS, Record
from wgmesh.domain.session import Session
from wgmesh.node import Keyring, Node
from wgmesh.node.recording import FORMAT, Beginning, Decided, Scribe, Taken, Unplayable, read_recording

NOON = 1_767_268_800_000
START: tuple[Input, ...] = (ALICE.start(), Networked((ALICE.interface,)))


class Tape:
    """A recorder and a log in memory."""

    def __init__(self) -> None:
        self.scribe = Scribe()
        self.written = b""
        self.records: list[Record] = []
        self.full = False
        self.chain = GENESIS

    def append(self, records: Sequence[Record]) -> None:
        if self.full:
            raise LogFull("no space")
        self.records += records

    def keep(self, before: State, decided: Sequence[Decided]) -> None:
        if not self.written:
            self.written = self.scribe.begin(before, "0", ALICE.key)
        self.written += b"".join(self.scribe.take(each) for each in decided)

    def read(self) -> tuple[Beginning, list[Taken]]:
        beginning, taken = read_recording(io.BytesIO(self.written).read)
        return beginning, list(taken)


def a_node(tape: Tape) -> Node:
    keyring = Keyring(ALICE.identity, Keyring.of(bytes(32), SECRET).keys, ALICE.mesh, 1)
    return Node(keyring, tape, Mesh(), os.urandom, tape)


@pytest.fixture
def tape() -> Tape:
    tape = Tape()
    node = a_node(tape)
    node.turn(START, NOON, 0)
    node.turn([BOB.says_hello(ALICE), BOB.confirms(ALICE)], NOON + 50, 50)
    node.turn([Due("sample")], NOON + 100, 100)
    return tape


def test_what_was_taken_comes_to_the_same_records_and_states_again(tape: Tape) -> None:
    beginning, taken = tape.read()
    assert beginning == Beginning("0", ALICE.key, 0, snapshot.fingerprint(Mesh()), Session())
    state, records = State(), list[Record]()
    for each in taken:
        outcome = step(state, each.given, each.now)
        state = outcome.state
        records += outcome.records
        assert (each.sequence is not None, bool(each.state)) == (bool(outcome.records), bool(outcome.records))
        if outcome.records:
            assert (each.sequence, each.state) == (records[-1].sequence, snapshot.fingerprint(state.mesh))
    assert [type(each.given).__name__ for each in taken] == ["Start", "Networked", "Heard", "Heard", "Due"]
    assert records == tape.records


def test_a_turn_that_could_not_be_written_is_not_in_the_recording() -> None:
    tape = Tape()
    node = a_node(tape)
    node.turn(START, NOON, 0)
    tape.full = True
    with pytest.raises(LogFull):
        node.turn([BOB.says_hello(ALICE)], NOON, 50)
    tape.full = False
    node.turn([BOB.says_hello(ALICE)], NOON, 60)
    assert [each.now.awake for each in tape.read()[1]] == [0, 0, 60]


def test_a_recording_can_set_in_anywhere() -> None:
    tape = Tape()
    node = a_node(tape)
    node.turn(START, NOON, 0)
    node.turn([BOB.says_hello(ALICE)], NOON, 50)
    mesh, session = node.mesh, node.session
    tape.scribe, tape.written = Scribe(), b""
    node.turn([BOB.confirms(ALICE)], NOON, 60)
    beginning = tape.read()[0]
    assert (beginning.sequence, beginning.state) == (mesh.head.sequence, snapshot.fingerprint(mesh))
    assert beginning.session == session != Session()


def test_a_membership_token_is_not_written_down() -> None:
    tape = Tape()
    heard = BOB.says_hello(ALICE)
    assert isinstance(heard.message, Hello)
    node = a_node(tape)
    node.turn([*START, replace(heard, message=replace(heard.message, token=b"T" * 32))], NOON, 0)
    assert b"T" * 32 not in tape.written
    kept = tape.read()[1][-1].given
    assert isinstance(kept, Heard)
    assert kept == heard


def reads(content: bytes) -> tuple[int, str]:
    """How many inputs can be read, and why there are no more."""
    count = 0
    try:
        for _ in read_recording(io.BytesIO(content).read)[1]:
            count += 1
    except Unplayable as error:
        return count, str(error)
    return count, ""


def test_a_changed_byte_shows_in_its_place_and_what_is_before_can_be_read(tape: Tape) -> None:
    before = 0
    for place in range(len(tape.written)):
        changed = tape.written[:place] + bytes([tape.written[place] ^ 1]) + tape.written[place + 1 :]
        count, reason = reads(changed)
        assert reason
        assert count >= before
        before = count
    assert before == 4


def test_a_recording_cut_off_anywhere_but_between_frames_says_in_which(tape: Tape) -> None:
    reasons = [reads(tape.written[:length])[1] for length in range(len(FORMAT) + 1, len(tape.written))]
    assert reasons.count("") == 5  # between two of the six frames
    assert all("cut off in frame" in reason for reason in reasons if reason)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a recording"),
        (b"SQLite format 3\x00 and more", "not a recording"),
        (b"wgmesh-inputs-v2\n", "newer"),
        (FORMAT, "frame 1"),
        (FORMAT + b"\xff" * 40, "frame 1 is not what was written"),
    ],
)
def test_what_is_no_recording_of_ours_is_a_sentence(content: bytes, reason: str) -> None:
    with pytest.raises(Unplayable, match=reason):
        read_recording(io.BytesIO(content).read)


def test_an_input_of_a_newer_wgmesh_is_named_by_its_frame() -> None:
    scribe = Scribe()
    written = scribe.begin(State(), "0", ALICE.key)
    written += scribe.frame({"given": {"type": "Dreamt"}})  # type: ignore[arg-type]
    with pytest.raises(Unplayable, match="frame 2 cannot be read by this wgmesh, a newer one may"):
        list(read_recording(io.BytesIO(written).read)[1])
