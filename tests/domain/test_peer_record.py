import ipaddress
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack, structs

from wgmesh.domain.identity import Identity
from wgmesh.domain.packing import Malformed, pack_endpoint, pack_prefix
from wgmesh.domain.peer_record import (
    LARGEST_RECORD,
    NO_IPV4,
    PROBE,
    RELAY,
    RENDEZVOUS,
    ClaimedEndpoint,
    PeerRecord,
    authentic,
    decode,
    encode,
    sign,
)
from wgmesh.domain.values import Endpoint, Incarnation

NODE = Identity.from_seed(bytes(range(32)))
TOP = 2**32 - 1

# The body as it is on the wire, field by field.
FIELDS: dict[str, Any] = {
    "identity": NODE.key,
    "incarnation": (3, 7),
    "life": b"lifetime",
    "generation": 1,
    "parameters": b"paramete",
    "exchange_port": 51821,
    "listen_port": 20000,
    "hostname": "fern",
    "nonce": 0,
    "endpoints": b"\x00" + pack_endpoint(Endpoint("192.168.1.17", 20000)),
    "routes": pack_prefix("10.9.0.0/16"),
    "capabilities": RELAY,
    "left": False,
}
RECORD = PeerRecord(
    identity=NODE.key,
    incarnation=Incarnation(3, 7),
    life=b"lifetime",
    generation=1,
    parameters=b"paramete",
    exchange_port=51821,
    listen_port=20000,
    hostname="fern",
    nonce=0,
    endpoints=(ClaimedEndpoint("lan", "wg", Endpoint("192.168.1.17", 20000)),),
    routes=("10.9.0.0/16",),
    capabilities=RELAY,
)

PORTS = st.integers(0, 65535)
U32S = st.integers(0, TOP)
ADDRESSES = st.ip_addresses().filter(lambda ip: not ip.is_link_local and (ip.version == 4 or ip.ipv4_mapped is None))
CLAIMS = st.builds(
    ClaimedEndpoint,
    st.sampled_from(["lan", "reflexive", "static"]),
    st.sampled_from(["wg", "exchange"]),
    st.builds(Endpoint, ADDRESSES.map(str), PORTS),
)
ROUTES = st.builds(
    lambda ip, part: str(ipaddress.ip_network((ip, int(part * ip.max_prefixlen)), strict=False)),
    ADDRESSES,
    st.floats(0, 1),
).filter(lambda route: route != "::ffff:0:0/96")
RECORDS = st.builds(
    PeerRecord,
    identity=st.just(NODE.key),
    incarnation=st.builds(Incarnation, st.integers(0, TOP - 1), st.integers(0, TOP - 1)),
    life=st.binary(min_size=8, max_size=8),
    generation=U32S,
    parameters=st.binary(min_size=8, max_size=8),
    exchange_port=PORTS,
    listen_port=PORTS,
    hostname=st.text("abcdefghijklmnopqrstuvwxyz0123456789-", max_size=63),
    nonce=st.integers(0, 255),
    endpoints=st.lists(CLAIMS, max_size=16).map(tuple),
    routes=st.lists(ROUTES, max_size=16).map(tuple),
    capabilities=U32S,
    left=st.booleans(),
)


def _signed(**changes: Any) -> bytes:
    """A record with these fields on the wire in place of the ordinary ones, validly signed."""
    body = msgpack.encode(list((FIELDS | changes).values()))
    return body + NODE.sign(b"wgmesh-record-v2" + body)


@given(RECORDS)
def test_a_record_comes_back_as_it_was_signed(record: PeerRecord) -> None:
    signed = sign(record, NODE)
    assert decode(signed) == record
    assert authentic(signed, NODE.key)
    assert len(signed) <= LARGEST_RECORD


def test_the_body_is_an_array_of_packed_fields_in_order() -> None:
    assert encode(RECORD) == msgpack.encode(list(FIELDS.values()))
    assert sign(RECORD, NODE) == _signed()


def test_a_record_with_everything_at_its_maximum_has_796_bytes() -> None:
    claim = ClaimedEndpoint("static", "exchange", Endpoint("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 65535))
    largest = PeerRecord(
        identity=NODE.key,
        incarnation=Incarnation(TOP - 1, TOP - 1),
        life=b"\xff" * 8,
        generation=TOP,
        parameters=b"\xff" * 8,
        exchange_port=65535,
        listen_port=65535,
        hostname="z" * 63,
        nonce=255,
        endpoints=(claim,) * 16,
        routes=("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff/128",) * 16,
        capabilities=TOP,
        left=True,
    )
    signed = sign(largest, NODE)
    assert len(signed) == 796 <= LARGEST_RECORD
    assert decode(signed) == largest


def test_a_record_without_endpoints_and_name_is_a_record() -> None:
    bare = structs.replace(RECORD, endpoints=(), routes=(), hostname="", capabilities=0)
    assert decode(sign(bare, NODE)) == bare


def test_every_byte_of_a_record_is_signed() -> None:
    signed = sign(RECORD, NODE)
    for at in range(len(signed)):
        assert not authentic(signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :], NODE.key)
    assert not authentic(signed, Identity.from_seed(bytes(32)).key)
    assert not authentic(signed[:-1], NODE.key)
    assert not authentic(b"", NODE.key)


def test_a_signature_of_the_bare_body_is_none() -> None:
    body = encode(RECORD)
    assert not authentic(body + NODE.sign(body), NODE.key)


def test_nobody_signs_for_another() -> None:
    with pytest.raises(AssertionError):
        sign(RECORD, Identity.from_seed(bytes(32)))


def test_what_others_could_not_read_is_not_signed() -> None:
    with pytest.raises(Malformed, match="schema"):
        sign(structs.replace(RECORD, hostname="Fern"), NODE)


@pytest.mark.parametrize("ip", ["fe80::1", "169.254.7.7"])
def test_a_node_names_no_link_local_address_of_its_own(ip: str) -> None:
    claim = ClaimedEndpoint("lan", "wg", Endpoint(ip, 20000, "eth0" if ":" in ip else ""))
    with pytest.raises(AssertionError):
        encode(structs.replace(RECORD, endpoints=(claim,)))


@pytest.mark.parametrize(
    "endpoint",
    [
        Endpoint("0.0.0.0", 1),
        Endpoint("127.0.0.1", 1),
        Endpoint("169.254.7.7", 1),
        Endpoint("224.0.0.1", 1),
        Endpoint("255.255.255.255", 1),
        Endpoint("::", 1),
        Endpoint("::1", 1),
        Endpoint("ff02::1", 1),
        Endpoint("fe80::1", 1),
        Endpoint("192.0.2.1", 0),
        Endpoint("10.214.0.1", 1),
    ],
)
def test_an_endpoint_that_nobody_should_use_is_stored_like_any_other(endpoint: Endpoint) -> None:
    record = decode(_signed(endpoints=b"\x00" + pack_endpoint(endpoint)))
    assert [claim.endpoint for claim in record.endpoints] == [endpoint]


def test_a_mapped_loopback_address_is_read_as_what_it_is() -> None:
    mapped = ipaddress.IPv6Address("::ffff:127.0.0.1").packed
    record = decode(_signed(endpoints=b"\x10" + mapped + b"\x00\x01"))
    assert record.endpoints == (ClaimedEndpoint("reflexive", "wg", Endpoint("127.0.0.1", 1)),)


@pytest.mark.parametrize("byte", [0x02, 0x0F, 0x12, 0x22, 0x30, 0x80, 0xFF])
def test_an_endpoint_of_unknown_kind_or_socket_is_malformed(byte: int) -> None:
    with pytest.raises(Malformed, match="endpoint"):
        decode(_signed(endpoints=bytes([byte]) + pack_endpoint(Endpoint("192.0.2.1", 1))))


def test_a_route_with_host_bits_is_malformed() -> None:
    with pytest.raises(Malformed, match="route"):
        decode(_signed(routes=pack_prefix("10.9.0.0/16")[:-1] + bytes([96 + 7])))


@pytest.mark.parametrize(("field", "size"), [("endpoints", 19), ("routes", 17)])
def test_packed_lists_hold_whole_items_and_at_most_sixteen(field: str, size: int) -> None:
    zeros = bytes(size) * 17
    assert len(getattr(decode(_signed(**{field: zeros[: 16 * size]})), field)) == 16
    with pytest.raises(Malformed, match="schema"):
        decode(_signed(**{field: zeros}))
    for odd in (1, size - 1, size + 1, 15 * size + 1):
        with pytest.raises(Malformed, match="packing"):
            decode(_signed(**{field: zeros[:odd]}))


@pytest.mark.parametrize("at", [0, 1])
def test_the_last_boot_and_sequence_are_refused_and_those_below_are_stored(at: int) -> None:
    last, below = [3, 7], [3, 7]
    last[at], below[at] = TOP, TOP - 1
    with pytest.raises(Malformed, match="incarnation"):
        decode(_signed(incarnation=last))
    assert decode(_signed(incarnation=below)).incarnation == Incarnation(*below)


@pytest.mark.parametrize("y", [0, 1, 2**255 - 20, 2**255 - 19, 2**255 - 1])
@pytest.mark.parametrize("sign_bit", [0, 1 << 255])
def test_identities_of_low_order_or_not_below_p_are_refused(y: int, sign_bit: int) -> None:
    with pytest.raises(Malformed, match="identity"):
        decode(_signed(identity=(y | sign_bit).to_bytes(32, "little")))


@pytest.mark.parametrize(
    "hostname",
    [
        "z" * 64,
        "x" * 700,
        "Fern",
        "fern.example",
        "fern_1",
        "../etc",
        "fern\n",
        "\nfern",
        "fe rn",
        "\x1b[31mred",
        "nul\0",
        "\u202efern",
        "fär",
        "٣",
    ],
)
def test_a_hostname_that_could_deceive_a_terminal_or_a_reader_is_malformed(hostname: str) -> None:
    with pytest.raises(Malformed, match="schema"):
        decode(_signed(hostname=hostname))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("identity", NODE.key[:31]),
        ("identity", NODE.key + b"\0"),
        ("identity", NODE.key.hex()),
        ("incarnation", (3,)),
        ("incarnation", (3, 7, 0)),
        ("incarnation", (-1, 7)),
        ("incarnation", (3, 2**32)),
        ("incarnation", (True, 7)),
        ("incarnation", 3),
        ("life", b"1234567"),
        ("life", b"123456789"),
        ("generation", -1),
        ("generation", 2**32),
        ("generation", 1.0),
        ("generation", None),
        ("parameters", b""),
        ("exchange_port", 65536),
        ("exchange_port", -1),
        ("listen_port", True),
        ("listen_port", "20000"),
        ("hostname", b"fern"),
        ("hostname", None),
        ("nonce", 256),
        ("nonce", 10**6),
        ("nonce", -1),
        ("nonce", False),
        ("endpoints", []),
        ("endpoints", "x"),
        ("routes", ["10.9.0.0/16"]),
        ("capabilities", 2**32),
        ("left", 0),
        ("left", None),
        ("left", "true"),
        ("left", {}),
    ],
)
def test_a_field_of_another_type_or_out_of_range_is_malformed(field: str, value: Any) -> None:
    with pytest.raises(Malformed, match="schema"):
        decode(_signed(**{field: value}))


def _body(*fields: Any) -> bytes:
    return msgpack.encode(list(fields)) + bytes(64)


ALL = list(FIELDS.values())


@pytest.mark.parametrize(
    "signed",
    [
        _body(*ALL, 1),
        _body(*ALL[:-1]),
        _body(),
        msgpack.encode(ALL) + b"\0" + bytes(64),
        msgpack.encode(dict(FIELDS)) + bytes(64),
        msgpack.encode(ALL).replace(b"\xa4fern", b"\xa4\xed\xa0\x80n") + bytes(64),  # a lone surrogate
        msgpack.encode(ALL).replace(b"\xa4fern", b"\xdb\x7f\xff\xff\xff") + bytes(64),
        msgpack.encode(ALL).replace(b"\xc4\x08lifetime", b"\xc6\xff\xff\xff\xff") + bytes(64),
        b"\xdd\x7f\xff\xff\xff" + msgpack.encode(ALL)[1:] + bytes(64),
        b"\x9d" + b"\x91" * 800 + bytes(35),
        b"\x9d\xc4\x20" + NODE.key + b"\x91" * 700 + bytes(64),
        b"\xc1" + bytes(64),
    ],
)
def test_what_is_not_the_array_is_malformed_and_costs_no_memory(signed: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(Malformed, match="schema"):
        decode(signed)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000


@pytest.mark.parametrize("size", [0, 1, 64, LARGEST_RECORD + 1, 65507])
def test_a_record_of_an_impossible_size_is_malformed(size: int) -> None:
    with pytest.raises(Malformed, match="size"):
        decode(bytes(size))


@given(st.binary(max_size=LARGEST_RECORD))
def test_arbitrary_bytes_are_malformed(signed: bytes) -> None:
    with pytest.raises(Malformed):
        decode(signed)


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(list(FIELDS)), VALUES)
def test_any_value_in_any_place_is_read_or_malformed(field: str, value: Any) -> None:
    try:
        record = decode(_signed(**{field: value}))
    except Malformed:
        return
    assert structs.replace(record, **{field: getattr(RECORD, field)}) == RECORD


@given(st.data())
def test_a_record_with_bytes_changed_is_read_or_malformed(data: st.DataObject) -> None:
    damaged = bytearray(_signed())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        record = decode(bytes(damaged))
    except Malformed:
        return
    assert isinstance(record, PeerRecord)


def test_the_capabilities_are_single_bits_and_unknown_ones_are_kept() -> None:
    assert (RELAY, RENDEZVOUS, PROBE, NO_IPV4) == (1, 2, 4, 8)
    assert decode(_signed(capabilities=1 << 31)).capabilities == 1 << 31
