"""How two nodes try a way between their WireGuard ports: a STUN Binding request, and its answer, under the pair's key.

    request = header (20) ‖ USERNAME (4 + 20) ‖ MESSAGE-INTEGRITY-SHA256 (4 + 16): 64 bytes
    answer  = header (20) ‖ XOR-MAPPED-ADDRESS (4 + 8 or 20) ‖ MESSAGE-INTEGRITY-SHA256 (4 + 16): 52 or 64 bytes

So an answer is never longer than what it answers. The USERNAME is the first 12 bytes of the sender's identity and its
counter (boot, number), under a mask that only members can make: to all others it is 20 bytes of chance. The integrity
is RFC 8489's (section 14.6) cut to 16 bytes, under a key that only the two sides have: nobody else, not even another
member, can make an address look like a way to a node.
"""

import hmac

from msgspec import Struct

from wgmesh.domain import stun
from wgmesh.domain.values import Endpoint, Incarnation

USERNAME, INTEGRITY = 0x0006, 0x001C
NAME_BYTES = 12
COUNTER_BYTES = 8
INTEGRITY_BYTES = 16
REQUEST_BYTES = 64
_LABEL = b"wgmesh-probe-name"
_TAIL = 4 + INTEGRITY_BYTES


class Named(Struct, frozen=True):
    """Who a request says it is from: the first 12 bytes of its identity, and its counter (boot, number)."""

    name: bytes
    counter: Incarnation


def request(probe_key: bytes, pair_key: bytes, transaction: bytes, identity: bytes, counter: Incarnation) -> bytes:
    """A probe of ours: `transaction` is 12 bytes of chance, `counter` above that of any probe before."""
    name = identity[:NAME_BYTES] + counter.boot.to_bytes(4) + counter.sequence.to_bytes(4)
    username = _attribute(USERNAME, _masked(probe_key, transaction, name))
    return _sealed(stun.REQUEST, transaction, username, pair_key)


def read_request(probe_key: bytes, data: bytes) -> Named | None:
    """Whose probe this seems to be; None if it is none. What it says is to be believed once `is_authentic`."""
    is_probe = len(data) == REQUEST_BYTES and stun.kind_of(data) == stun.REQUEST
    head = _head(USERNAME, NAME_BYTES + COUNTER_BYTES)
    if not is_probe or data[stun.HEADER_BYTES :][:4] != head:
        return None
    masked = data[stun.HEADER_BYTES + 4 :][: NAME_BYTES + COUNTER_BYTES]
    name = _masked(probe_key, stun.transaction_of(data), masked)
    boot, number = name[NAME_BYTES : NAME_BYTES + 4], name[NAME_BYTES + 4 :]
    return Named(name[:NAME_BYTES], Incarnation(int.from_bytes(boot), int.from_bytes(number)))


def answer(pair_key: bytes, transaction: bytes, seen: Endpoint) -> bytes:
    """The answer to a probe that came from this address."""
    return _sealed(stun.SUCCESS, transaction, stun.xor_mapped(seen, transaction), pair_key)


def is_authentic(pair_key: bytes, data: bytes) -> bool:
    """Did somebody with the pair's key make this request or answer? In constant time; about 2 µs."""
    whole, integrity = data[:-_TAIL], data[-INTEGRITY_BYTES:]
    is_framed = data[-_TAIL:-INTEGRITY_BYTES] == _head(INTEGRITY, INTEGRITY_BYTES)
    return hmac.compare_digest(_integrity(pair_key, whole), integrity) and is_framed


def _sealed(kind: int, transaction: bytes, attribute: bytes, pair_key: bytes) -> bytes:
    """Integrity covers all before it, under a header whose length counts it in."""
    length = len(attribute) + _TAIL
    whole = kind.to_bytes(2) + length.to_bytes(2) + stun.MAGIC.to_bytes(4) + transaction + attribute
    return whole + _attribute(INTEGRITY, _integrity(pair_key, whole))


def _integrity(pair_key: bytes, whole: bytes) -> bytes:
    return hmac.digest(pair_key, whole, "sha256")[:INTEGRITY_BYTES]


def _masked(probe_key: bytes, transaction: bytes, name: bytes) -> bytes:
    """Mask or unmask: the same again undoes it."""
    mask = hmac.digest(probe_key, _LABEL + transaction, "sha256")
    return bytes(byte ^ other for byte, other in zip(name, mask, strict=False))


def _attribute(kind: int, value: bytes) -> bytes:
    return _head(kind, len(value)) + value


def _head(kind: int, length: int) -> bytes:
    return kind.to_bytes(2) + length.to_bytes(2)
