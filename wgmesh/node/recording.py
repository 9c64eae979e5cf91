"""What a node took, written down so that it can be decided again: each input with its moment, in order, and no secret.

A recording is a line that names the format, then frames: u32 length of the text, 8 bytes of chain, the text as msgpack.
chain = SHA-256(chain before ‖ text)[:8], so that a changed, lost or moved frame shows in its place. The first frame is
a `Beginning`, all others are `Taken`.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from wgmesh.domain import snapshot
from wgmesh.domain.draft import State, Step
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.inputs import Heard, Input
from wgmesh.domain.messages import Hello
from wgmesh.domain.session import Session
from wgmesh.domain.values import Moment

FORMAT = b"wgmesh-inputs-v1\n"
_FORMATS = b"wgmesh-inputs-v"
_CHAIN_BYTES = 8
_HEAD_BYTES = 4 + _CHAIN_BYTES
# A sample of a thousand peers is 250 KB; a length beyond this is damage, and nothing is allocated for it.
LARGEST_FRAME = 16 * 1024 * 1024


class Decided(Struct, frozen=True):
    """One input, when and with which lot it was decided, and what came of it."""

    given: Input
    now: Moment
    step: Step


class Recorder(Protocol):
    """Is told of each turn of a node once its records are durable."""

    def keep(self, before: State, decided: Sequence[Decided]) -> None:
        """The node stood at `before`, then decided these. Must not raise: a recording is never worth a node."""


class Beginning(Struct, frozen=True):
    """Where a recording sets in: whose it is, behind which record of the log, with which hash of the mesh there."""

    program: str
    identity: bytes
    sequence: int
    state: bytes
    session: Session


class Taken(Struct, frozen=True):
    """One input. `sequence` and `state`: the last record after it and the hash of the mesh, if it came to records."""

    given: Input
    now: Moment
    sequence: int | None
    state: bytes


Frame = TypeVar("Frame", Beginning, Taken)


class Unplayable(WgmeshError):
    """The recording cannot be read from here on; the sentence names the frame."""


class Scribe:
    """Writes one recording: `begin` once, then `take` each input; each returns the bytes that are to be kept."""

    def __init__(self) -> None:
        self._chain = bytes(_CHAIN_BYTES)

    def begin(self, state: State, program: str, identity: bytes) -> bytes:
        """The line and the first frame."""
        sequence = state.mesh.head.sequence
        return FORMAT + self.frame(
            Beginning(program, identity, sequence, snapshot.fingerprint(state.mesh), state.session)
        )

    def take(self, decided: Decided) -> bytes:
        """The frame of one input."""
        mesh, changed = decided.step.state.mesh, bool(decided.step.records)
        sequence = mesh.head.sequence if changed else None
        state = snapshot.fingerprint(mesh) if changed else b""
        return self.frame(Taken(_without_token(decided.given), decided.now, sequence, state))

    def frame(self, frame: Beginning | Taken) -> bytes:
        """The next frame, whatever is in it."""
        text = msgspec.msgpack.encode(frame)
        self._chain = _link(self._chain, text)
        return len(text).to_bytes(4) + self._chain + text


def read_recording(read: Callable[[int], bytes]) -> tuple[Beginning, Iterator[Taken]]:
    """The beginning and then each input, as they are asked for; `read(n)` gives up to n bytes of the file.

    Unplayable, also while they are asked for, where the recording is cut off, changed, or not of this version.
    """
    line = read(len(FORMAT))
    if line != FORMAT:
        newer = line.startswith(_FORMATS)
        raise Unplayable("it is of a newer wgmesh" if newer else "it is not a recording of wgmesh")
    frames = _frames(read)
    number, text = next(frames, (1, b""))
    beginning = _decoded(number, text, Beginning)
    return beginning, (_decoded(number, text, Taken) for number, text in frames)


def _frames(read: Callable[[int], bytes]) -> Iterator[tuple[int, bytes]]:
    """Each frame's number and text, as long as they follow from those before."""
    chain, number = bytes(_CHAIN_BYTES), 1
    while head := read(_HEAD_BYTES):
        length = int.from_bytes(head[:4])
        if length > LARGEST_FRAME:
            raise Unplayable(f"frame {number} is not what was written")
        text = read(length)
        if len(head) < _HEAD_BYTES or len(text) < length:
            raise Unplayable(f"it is cut off in frame {number}")
        chain = _link(chain, text)
        if chain != head[4:]:
            raise Unplayable(f"frame {number} is not what was written")
        yield number, text
        number += 1


def _decoded(number: int, text: bytes, kind: type[Frame]) -> Frame:
    try:
        return msgspec.msgpack.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unplayable(f"frame {number} cannot be read by this wgmesh, a newer one may: {error}") from error


def _without_token(given: Input) -> Input:
    """Whether a token is right was settled before the input was made; the token itself opens doors for three hours."""
    if isinstance(given, Heard) and isinstance(given.message, Hello) and given.message.token:
        return replace(given, message=replace(given.message, token=b""))
    return given


def _link(chain: bytes, text: bytes) -> bytes:
    return hashlib.sha256(chain + text).digest()[:_CHAIN_BYTES]
