"""Snapshots: the fold of the log up to a record, kept so that a start need not begin at the first.

A disposable cache: one counts only for the very record (sequence and chain) and the shape of state that it was made of,
and only while its own hash holds. Anything else is as good as none, and the log is folded again.
"""

from hashlib import sha256

from wgmesh.adapters.event_log.database import Head
from wgmesh.domain.records import CHAIN_BYTES

_SEAL_BYTES = 16


def sealed(head: Head, shape: bytes, state: bytes) -> bytes:
    """What is stored beside the sequence for the state at `head`; `shape` is a digest of what the state is made of."""
    return _seal(head, shape, state) + head.chain + state


def opened(sequence: int, blob: bytes, shape: bytes, chain: bytes) -> bytes | None:
    """The state in `blob`, if it was sealed for this shape at the record with this sequence and chain."""
    state = blob[_SEAL_BYTES + CHAIN_BYTES :]
    return state if sealed(Head(sequence, chain), shape, state) == blob else None


def _seal(head: Head, shape: bytes, state: bytes) -> bytes:
    place = head.sequence.to_bytes(8, "big") + head.chain + len(shape).to_bytes(2, "big")
    return sha256(place + shape + state).digest()[:_SEAL_BYTES]
