import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wgmesh.adapters.dht import bencode
from wgmesh.adapters.dht.bencode import NotBencode
from wgmesh.adapters.dht.compact import Contact
from wgmesh.adapters.dht.krpc import Failure, Message, Query, Reply, decode, encode
from wgmesh.domain.values import Endpoint

US, THEM, HASH = b"abcdefghij0123456789", b"mnopqrstuvwxyz123456", b"h" * 20
NODES = (Contact(b"n" * 20, Endpoint("192.0.2.1", 6881)), Contact(b"m" * 20, Endpoint("2001:db8::1", 6881)))

# The examples of BEP 5, byte for byte.
EXAMPLES: list[tuple[bytes, Message]] = [
    (b"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe", Query(b"aa", "ping", US)),
    (b"d1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re", Reply(b"aa", THEM)),
    (
        b"d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q9:find_node1:t2:aa1:y1:qe",
        Query(b"aa", "find_node", US, THEM),
    ),
    (
        b"d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz123456e1:q9:get_peers1:t2:aa1:y1:qe",
        Query(b"aa", "get_peers", US, THEM),
    ),
    (
        b"d1:rd2:id20:abcdefghij01234567895:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee1:t2:aa1:y1:re",
        Reply(
            b"aa",
            US,
            values=(Endpoint("97.120.106.101", 11893), Endpoint("105.100.104.116", 28269)),
            token=b"aoeusnth",
        ),
    ),
    (
        b"d1:ad2:id20:abcdefghij012345678912:implied_porti1e9:info_hash20:mnopqrstuvwxyz1234564:porti0e"
        b"5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe",
        Query(b"aa", "announce_peer", US, THEM, b"aoeusnth"),
    ),
    (b"d1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee", Failure(b"aa", 201, b"A Generic Error Ocurred")),
]


@pytest.mark.parametrize(("data", "message"), EXAMPLES)
def test_messages_are_written_and_read_as_in_bep_5(data: bytes, message: Message) -> None:
    assert encode(message) == data
    assert decode(data) == message


@pytest.mark.parametrize(
    "message",
    [
        Query(b"t", "get_peers", US, HASH, read_only=True, want=(socket.AF_INET, socket.AF_INET6)),
        Query(b"t", "announce_peer", US, HASH, b"token", 51821),
        Failure(b"t", 203, b"invalid node id", Endpoint("198.51.100.7", 9)),
        Reply(b"t", THEM, NODES, (Endpoint("2001:db8::2", 1),), b"token", Endpoint("198.51.100.7", 9)),
    ],
)
def test_the_later_additions_come_back_as_they_were_said(message: Message) -> None:
    assert decode(encode(message)) == message


def test_a_verb_of_tomorrow_is_read_so_that_it_can_be_answered() -> None:
    asked = bencode.encode({b"t": b"x", b"y": b"q", b"q": b"put", b"a": {b"id": US, b"v": b"value"}})
    assert decode(asked) == Query(b"x", "put", US)


def test_an_address_in_a_list_that_is_none_is_left_out() -> None:
    values: list[bencode.Value] = [b"short", bytes(6), 7, b"axje.u"]
    heard = decode(bencode.encode({b"t": b"x", b"y": b"r", b"r": {b"id": THEM, b"values": values, b"nodes": 3}}))
    assert heard == Reply(b"x", THEM, values=(Endpoint("97.120.106.101", 11893),))


@pytest.mark.parametrize(
    "message",
    [
        [],
        {},
        {b"t": b"x" * 1000, b"y": b"r", b"r": {b"id": THEM}},
        {b"t": b"x", b"y": b"z"},
        {b"t": b"x", b"y": b"q", b"q": b"ping"},
        {b"t": b"x", b"y": b"q", b"q": b"ping", b"a": {b"id": b"short"}},
        {b"t": b"x", b"y": b"q", b"q": b"get_peers", b"a": {b"id": US}},
        {b"t": b"x", b"y": b"q", b"q": b"announce_peer", b"a": {b"id": US, b"info_hash": HASH, b"port": 1}},
        {b"t": b"x", b"y": b"q", b"q": b"announce_peer", b"a": {b"id": US, b"info_hash": HASH, b"token": b""}},
        *(
            {
                b"t": b"x",
                b"y": b"q",
                b"q": b"announce_peer",
                b"a": {b"id": US, b"info_hash": HASH, b"token": b"", b"port": port},
            }
            for port in (0, -1, 65536, b"80")
        ),
        {b"t": b"x", b"y": b"r", b"r": {b"id": THEM, b"token": b"t" * 1000}},
        {b"t": b"x", b"y": b"r"},
        {b"t": b"x", b"y": b"e", b"e": [b"text"]},
        {b"t": b"x", b"y": b"e"},
    ],
)
def test_row_43_what_cannot_be_used_is_refused(message: bencode.Value) -> None:
    with pytest.raises(NotBencode):
        decode(bencode.encode(message))


@given(st.binary(max_size=300))
def test_row_43_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        decode(data)
    except NotBencode:
        return


@given(st.sampled_from(EXAMPLES), st.integers(0, 200), st.integers(0, 255))
def test_row_43_a_message_with_a_byte_changed_is_read_or_refused(
    example: tuple[bytes, Message], place: int, byte: int
) -> None:
    data = bytearray(example[0])
    data[place % len(data)] = byte
    try:
        decode(bytes(data))
    except NotBencode:
        return
