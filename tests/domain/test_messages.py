import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack, structs

from wgmesh.domain.envelope import capacity
from wgmesh.domain.identity import Identity
from wgmesh.domain.messages import (
    NOBODY,
    UNSIGNED,
    Announce,
    Confirm,
    Hello,
    Message,
    Page,
    Reply,
    Signed,
    UnknownMessage,
    authentic,
    decode,
    encode,
    sign,
)
from wgmesh.domain.packing import Malformed, pack_endpoint
from wgmesh.domain.peer_record import LARGEST_RECORD
from wgmesh.domain.values import Endpoint

NODE = Identity.from_seed(bytes(range(32)))
MESH = b"paramete"
TOP = 2**32 - 1
ADDRESS = Endpoint("192.168.1.17", 51821)

HELLO = Hello(
    to=bytes(range(32)),
    to_boot=5,
    sent_to=ADDRESS,
    hour=500_000,
    token=b"t" * 32,
    challenge=b"c" * 16,
    counter=(3, 9),
    digest=b"digest!!",
    signed=b"record",
)
REPLY = Reply(bytes(range(32)), 5, b"e" * 16, b"c" * 16, ADDRESS, b"record", (b"one", b"two"))
CONFIRM = Confirm(bytes(range(32)), 5, b"e" * 16)
ANNOUNCE = Announce(b"record", b"digest!!", 2)
PAGE = Page((b"one", b"two"))
SIGNED: tuple[Signed, ...] = (HELLO, REPLY, CONFIRM)

# Each message as it is on the wire, element by element.
WIRE: dict[str, list[Any]] = {
    "Announce": [1, b"record", b"digest!!", 2],
    "Hello": [
        *(
            2,
            bytes(range(32)),
            5,
            pack_endpoint(ADDRESS),
            500_000,
            b"t" * 32,
            b"c" * 16,
            (3, 9),
            b"digest!!",
            b"record",
        ),
        UNSIGNED,
    ],
    "Reply": [
        *(3, bytes(range(32)), 5, b"e" * 16, b"c" * 16, pack_endpoint(ADDRESS), b"record", [b"one", b"two"]),
        UNSIGNED,
    ],
    "Page": [5, [b"one", b"two"]],
    "Confirm": [4, bytes(range(32)), 5, b"e" * 16, UNSIGNED],
}
LABELS = {"Hello": b"wgmesh-hello-v2", "Reply": b"wgmesh-reply-v2", "Confirm": b"wgmesh-confirm-v2"}


def _bytes(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


U32S = st.integers(0, TOP)
RECORDS = st.binary(max_size=LARGEST_RECORD)
ENDPOINTS = st.builds(
    Endpoint,
    st.ip_addresses().filter(lambda ip: ip.version == 4 or ip.ipv4_mapped is None).map(str),
    st.integers(0, 65535),
)
HELLOS = st.builds(
    Hello,
    to=_bytes(32),
    to_boot=U32S,
    sent_to=ENDPOINTS,
    hour=U32S,
    token=_bytes(32) | st.just(b""),
    challenge=_bytes(16),
    counter=st.tuples(U32S, U32S),
    digest=_bytes(8),
    signed=RECORDS,
)
REPLIES = st.builds(
    Reply,
    to=_bytes(32),
    to_boot=U32S,
    echo=_bytes(16),
    challenge=_bytes(16),
    seen=ENDPOINTS,
    signed=RECORDS,
    more=st.lists(st.binary(max_size=20), max_size=64).map(tuple),
)
CONFIRMS = st.builds(Confirm, to=_bytes(32), to_boot=U32S, echo=_bytes(16))
PAGES = st.builds(Page, records=st.lists(RECORDS, max_size=64).map(tuple))
ANNOUNCES = st.builds(Announce, signed=RECORDS, digest=_bytes(8), count=U32S)


@given(HELLOS | REPLIES | CONFIRMS | ANNOUNCES | PAGES)
def test_a_message_comes_back_as_it_was_said(message: Message | Page) -> None:
    assert decode(encode(message)) == message


@given(HELLOS | REPLIES | CONFIRMS)
def test_a_signed_message_comes_back_authentic(message: Signed) -> None:
    payload = sign(message, NODE, MESH)
    heard = decode(payload)
    assert not isinstance(heard, Announce | Page)
    assert structs.replace(heard, signature=UNSIGNED) == message
    assert authentic(payload, NODE.key, MESH, heard)


@pytest.mark.parametrize("message", [ANNOUNCE, HELLO, REPLY, CONFIRM, PAGE])
def test_a_message_is_an_array_of_its_tag_and_fields(message: Message | Page) -> None:
    assert encode(message) == msgpack.encode(WIRE[type(message).__name__])


@pytest.mark.parametrize("message", SIGNED)
def test_the_signature_is_the_last_64_bytes_and_covers_label_mesh_and_all_before_it(message: Signed) -> None:
    payload, unsigned = sign(message, NODE, MESH), encode(message)[:-64]
    assert payload == unsigned + NODE.sign(LABELS[type(message).__name__] + MESH + unsigned)


@pytest.mark.parametrize("message", SIGNED)
def test_every_byte_of_a_signed_message_counts(message: Signed) -> None:
    payload = sign(message, NODE, MESH)
    for at in range(len(payload)):
        damaged = payload[:at] + bytes([payload[at] ^ 1]) + payload[at + 1 :]
        try:
            heard = decode(damaged)
        except Malformed:
            continue
        assert not isinstance(heard, Announce | Page)
        assert not authentic(damaged, NODE.key, MESH, heard)


@pytest.mark.parametrize("message", SIGNED)
def test_a_message_is_of_its_signer_and_mesh_alone(message: Signed) -> None:
    payload = sign(message, NODE, MESH)
    heard = decode(payload)
    assert not isinstance(heard, Announce | Page)
    assert not authentic(payload, Identity.from_seed(bytes(32)).key, MESH, heard)
    assert not authentic(payload, NODE.key, b"another!", heard)


def test_a_signature_for_one_message_does_not_serve_another() -> None:
    unsigned = encode(CONFIRM)[:-64]
    for label in (b"wgmesh-hello-v2", b"wgmesh-reply-v2", b"wgmesh-record-v2", b""):
        payload = unsigned + NODE.sign(label + MESH + unsigned)
        heard = decode(payload)
        assert isinstance(heard, Confirm)
        assert not authentic(payload, NODE.key, MESH, heard)


@pytest.mark.parametrize("token", [b"", b"t" * 32])
def test_hello_and_reply_with_the_largest_record_fit_a_datagram(token: bytes) -> None:
    address = Endpoint("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 65535)
    record = b"\xff" * LARGEST_RECORD
    hello = Hello(b"\xff" * 32, TOP, address, TOP, token, b"c" * 16, (TOP, TOP), b"digest!!", record)
    reply = Reply(b"\xff" * 32, TOP, b"e" * 16, b"c" * 16, address, record)
    for layer in ("lan", "exchange", "registry"):
        assert len(sign(hello, NODE, MESH)) <= 1108 <= capacity(layer)
        assert len(sign(reply, NODE, MESH)) == 1067 <= capacity(layer)
        assert len(encode(Announce(record, b"digest!!", TOP))) == 920 <= capacity(layer)


def test_where_only_an_address_is_known_to_is_zeros() -> None:
    hello = structs.replace(HELLO, to=NOBODY, to_boot=0, token=b"")
    assert decode(encode(hello)) == hello


def test_the_scope_of_an_address_is_not_said() -> None:
    scoped = structs.replace(HELLO, sent_to=Endpoint("fe80::1", 51821, "eth0"))
    assert decode(encode(scoped)) == structs.replace(HELLO, sent_to=Endpoint("fe80::1", 51821))


@pytest.mark.parametrize("size", [1, 16, 31])
def test_a_token_is_whole_or_not_there(size: int) -> None:
    with pytest.raises(Malformed, match="token"):
        decode(encode(structs.replace(HELLO, token=bytes(size))))


def _payload(kind: str, place: int, value: Any) -> bytes:
    elements = list(WIRE[kind])
    elements[place] = value
    return msgpack.encode(elements)


@pytest.mark.parametrize(
    ("kind", "place", "value"),
    [
        ("Announce", 1, bytes(901)),
        ("Announce", 1, "record"),
        ("Announce", 2, b"digest!"),
        ("Announce", 2, b"digest!!!"),
        ("Announce", 3, True),
        ("Announce", 3, -1),
        ("Announce", 3, 2**32),
        ("Announce", 3, 2.0),
        ("Hello", 1, bytes(31)),
        ("Hello", 1, bytes(33)),
        ("Hello", 1, "\0" * 32),
        ("Hello", 2, 2**32),
        ("Hello", 2, False),
        ("Hello", 3, bytes(17)),
        ("Hello", 3, bytes(19)),
        ("Hello", 4, -1),
        ("Hello", 4, 2**64 - 1),
        ("Hello", 5, bytes(33)),
        ("Hello", 6, bytes(15)),
        ("Hello", 7, (3,)),
        ("Hello", 7, (3, 9, 0)),
        ("Hello", 7, (3, True)),
        ("Hello", 7, (3, 2**32)),
        ("Hello", 7, 3),
        ("Hello", 9, bytes(901)),
        ("Hello", 10, bytes(63)),
        ("Hello", 10, bytes(65)),
        ("Hello", 10, None),
        ("Reply", 1, None),
        ("Reply", 3, bytes(17)),
        ("Reply", 4, b""),
        ("Reply", 5, b""),
        ("Reply", 6, bytes(901)),
        ("Reply", 7, [b""] * 65),
        ("Reply", 7, [bytes(901)]),
        ("Reply", 7, [1]),
        ("Reply", 7, b""),
        ("Reply", 8, b""),
        ("Confirm", 1, bytes(33)),
        ("Confirm", 2, None),
        ("Confirm", 3, bytes(17)),
        ("Confirm", 4, bytes(63)),
        ("Confirm", 0, True),
        ("Confirm", 0, "4"),
        ("Confirm", 0, 4.0),
        ("Confirm", 0, None),
        ("Confirm", 0, 1),
        ("Announce", 0, 4),
    ],
)
def test_an_element_of_another_type_or_out_of_range_is_malformed(kind: str, place: int, value: Any) -> None:
    with pytest.raises(Malformed, match="schema") as caught:
        decode(_payload(kind, place, value))
    assert caught.type is Malformed


@pytest.mark.parametrize("kind", list(WIRE))
def test_missing_extra_and_trailing_elements_are_malformed(kind: str) -> None:
    whole = msgpack.encode(WIRE[kind])
    wrong = [msgpack.encode(WIRE[kind][:-1]), msgpack.encode([*WIRE[kind], 0]), whole + b"\0", whole[:-1], whole[1:]]
    for payload in (*wrong, msgpack.encode({"type": WIRE[kind][0]})):
        with pytest.raises(Malformed, match="schema") as caught:
            decode(payload)
        assert caught.type is Malformed


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x90",
        b"\xc1",
        b"\xc0",
        b"\xdd\x7f\xff\xff\xff\x02",
        b"\x94\x01\xc6\x7f\xff\xff\xff",
        b"\x94\x01\xdb\x7f\xff\xff\xff",
        msgpack.encode(WIRE["Reply"]).replace(b"\x92\xc4\x03one", b"\xdd\x7f\xff\xff\xff"),
        b"\x91" * 1158,
        b"\x94\x01" + b"\x91" * 1156,
        b"\x92\x09" + b"\x91" * 1156,
        b"\x94\x01\xa3\xed\xa0\x80\xc4\x08digest!!\x02",
    ],
)
def test_bombs_and_depths_are_malformed_and_cost_no_memory(payload: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(Malformed, match="schema"):
        decode(payload)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000


@pytest.mark.parametrize("payload", [[0], [6], [9, b"x", [1, {"a": 2}]], [-1, 1], [2**63], [127, None]])
def test_another_tag_is_a_newer_sender_and_not_an_error_of_its_own(payload: list[Any]) -> None:
    with pytest.raises(UnknownMessage, match="unknown"):
        decode(msgpack.encode(payload))


@given(st.binary(max_size=capacity("lan")))
def test_arbitrary_bytes_are_malformed(payload: bytes) -> None:
    with pytest.raises(Malformed):
        decode(payload)


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_any_msgpack_value_is_malformed(value: Any) -> None:
    with pytest.raises(Malformed):
        decode(msgpack.encode(value))


@given(st.sampled_from(list(WIRE)), st.data())
def test_any_value_in_any_place_is_read_or_malformed(kind: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(1, len(WIRE[kind]) - 1))
    payload = _payload(kind, place, data.draw(VALUES))
    try:
        message = decode(payload)
    except Malformed:
        return
    assert encode(message) == payload


@given(st.sampled_from(SIGNED), st.data())
def test_a_message_with_bytes_changed_is_not_authentic(message: Signed, data: st.DataObject) -> None:
    payload = sign(message, NODE, MESH)
    damaged = bytearray(payload)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        heard = decode(bytes(damaged))
    except Malformed:
        return
    assert isinstance(heard, Announce | Page) or authentic(bytes(damaged), NODE.key, MESH, heard) == (
        damaged == payload
    )
