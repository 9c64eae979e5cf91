from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack

from wgmesh.domain.envelope import capacity
from wgmesh.domain.gossip_messages import (
    Answer,
    Ask,
    Buckets,
    Digest,
    GossipMessage,
    Introduction,
    Pairs,
    Probe,
    Pull,
    Silence,
    Vouch,
    bucket_of,
    decode_gossip,
    encode_gossip,
)
from wgmesh.domain.messages import Page, UnknownMessage
from wgmesh.domain.packing import Malformed
from wgmesh.domain.peer_record import LARGEST_RECORD

SMALLEST_DATAGRAM_HOLDS = 86
TOP, MOST = 2**32 - 1, 2**63 - 1
SOMEBODY = bytes(range(32))
BIG = Introduction(SOMEBODY, b"r" * LARGEST_RECORD, True, True)

WIRE: list[tuple[Page | GossipMessage, list[Any]]] = [
    (Page((b"one", b"two")), [5, [b"one", b"two"]]),
    (Digest(b"12345678", 7, True, MOST, b"h" * 16), [16, b"12345678", 7, True, MOST, b"h" * 16]),
    (Buckets(b"s" * 1024), [17, b"s" * 1024]),
    (Pairs(b"\x00\x7f", b"p" * 32), [18, b"\x00\x7f", b"p" * 32]),
    (Pull(b"s" * 16), [19, b"s" * 16]),
    (Probe(TOP), [20, TOP]),
    (Answer(TOP), [21, TOP]),
    (Ask(SOMEBODY, TOP), [22, SOMEBODY, TOP]),
    (Vouch(SOMEBODY, TOP), [23, SOMEBODY, TOP]),
    (Silence(SOMEBODY, (TOP, TOP)), [24, SOMEBODY, (TOP, TOP)]),
    (Introduction(SOMEBODY, b"record", True, False), [25, SOMEBODY, b"record", True, False]),
]


@pytest.mark.parametrize(("message", "wire"), WIRE)
def test_a_message_is_an_array_of_its_tag_and_fields_and_comes_back(
    message: Page | GossipMessage, wire: list[Any]
) -> None:
    assert encode_gossip(message) == msgpack.encode(wire)
    assert decode_gossip(encode_gossip(message)) == message


@pytest.mark.parametrize("message", [message for message, _ in WIRE if not isinstance(message, Page | Buckets)])
def test_what_is_said_when_nothing_is_new_fits_the_smallest_datagram(message: GossipMessage) -> None:
    assert len(encode_gossip(message)) <= SMALLEST_DATAGRAM_HOLDS


@pytest.mark.parametrize("message", [Buckets(b"s" * 1024), Pairs(bytes(range(48)), b"p" * 960), Pull(b"s" * 1024), BIG])
def test_the_longest_fit_the_largest_datagram(message: GossipMessage) -> None:
    assert len(encode_gossip(message)) <= capacity("gossip")


@pytest.mark.parametrize(
    "fields",
    [
        [16, b"12345678", 7, True, 1, b"short"],
        [16, b"12345678", 7, 1],
        [16, b"1234567", 7, True],
        [17, b"s" * 1023],
        [18, b"", b"p" * 17],
        [19, b"s" * 9],
        [20, -1],
        [20, 1, 2],
        [22, b"short", 1],
        [5, [b"r" * 1000]],
        [16],
        "text",
        None,
    ],
)
def test_what_is_not_the_schema_is_malformed(fields: Any) -> None:
    with pytest.raises(Malformed) as caught:
        decode_gossip(msgpack.encode(fields))
    assert not isinstance(caught.value, UnknownMessage)


@pytest.mark.parametrize("tag", [1, 4, 15, 27, 200])
def test_a_tag_that_is_not_of_this_layer_and_version_is_unknown(tag: int) -> None:
    with pytest.raises(UnknownMessage):
        decode_gossip(msgpack.encode([tag, b"whatever"]))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_malformed(payload: bytes) -> None:
    try:
        decode_gossip(payload)
    except Malformed:
        return


def test_128_groups_hold_all_identities() -> None:
    assert [bucket_of(bytes([first]) + bytes(31)) for first in (0, 1, 2, 255)] == [0, 0, 1, 127]
