"""Snapshots: the fold of the log up to a record, kept so that a start, or a look back, need not begin at the first.

A disposable cache: one counts only for the very record (sequence and chain) and the shape of state that it was made of,
and only while its own hash holds. Anything else is as good as none, and the log is folded again.
"""

from collections.abc import Mapping
from hashlib import sha256

from wgmesh.adapters.event_log.database import Head
from wgmesh.domain.records import CHAIN_BYTES

# So many are kept, spread over the log: at its usual cap, each is of about every ten-thousandth record.
MOST_KEPT = 32
# Of the file in use, so much is theirs; only the newest may take more. A large mesh in a small log has fewer.
SHARE = 8

_SEAL_BYTES = 16


def sealed(head: Head, shape: bytes, state: bytes) -> bytes:
    """What is stored beside the sequence for the state at `head`; `shape` is a digest of what the state is made of."""
    return _seal(head, shape, state) + head.chain + state


def opened(sequence: int, blob: bytes, shape: bytes, chain: bytes) -> bytes | None:
    """The state in `blob`, if it was sealed for this shape at the record with this sequence and chain."""
    state = blob[_SEAL_BYTES + CHAIN_BYTES :]
    return state if sealed(Head(sequence, chain), shape, state) == blob else None


def surplus(sizes: Mapping[int, int], most_bytes: int) -> list[int]:
    """Which to give up of those at these sequences, given how large they are: where they lie closest together.

    Never the newest, from which the next start goes on.
    """
    kept = sorted(sizes)
    given_up = []
    while len(kept) > MOST_KEPT or (len(kept) > 1 and sum(sizes[sequence] for sequence in kept) > most_bytes):
        gaps = [after - before for before, after in zip([0, *kept], kept[1:], strict=False)]
        given_up.append(kept.pop(gaps.index(min(gaps))))
    return given_up


def _seal(head: Head, shape: bytes, state: bytes) -> bytes:
    place = head.sequence.to_bytes(8, "big") + head.chain + len(shape).to_bytes(2, "big")
    return sha256(place + shape + state).digest()[:_SEAL_BYTES]
