import pytest
from hypothesis import given
from hypothesis import strategies as st

from wgmesh.domain.stun import MAGIC, REQUEST, SUCCESS, kind_of, mapped, request, transaction_of, xor_mapped
from wgmesh.domain.values import Endpoint

# RFC 5769, section 2: the transaction and the sample answers over IPv4 and IPv6.
TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
IPV4_ANSWER = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643"
    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96"
)
IPV6_ANSWER = bytes.fromhex(
    "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9faa5d3f179"
    "bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c"
)


def answer(attributes: bytes, kind: int = 0x0101, transaction: bytes = TRANSACTION) -> bytes:
    return kind.to_bytes(2) + len(attributes).to_bytes(2) + MAGIC.to_bytes(4) + transaction + attributes


def test_a_request_is_twenty_bytes() -> None:
    assert request(TRANSACTION) == bytes.fromhex("000100002112a442") + TRANSACTION


def test_a_message_shows_its_kind_and_transaction_by_its_frame() -> None:
    assert (kind_of(request(TRANSACTION)), transaction_of(request(TRANSACTION))) == (REQUEST, TRANSACTION)
    assert kind_of(IPV4_ANSWER) == SUCCESS
    for other in (b"", IPV4_ANSWER[:-1], request(TRANSACTION) + b"x", request(TRANSACTION)[:19], bytes(20)):
        assert kind_of(other) == 0


def test_the_answers_of_rfc_5769_name_the_address() -> None:
    assert mapped(IPV4_ANSWER, TRANSACTION) == Endpoint("192.0.2.1", 32853)
    assert mapped(IPV6_ANSWER, TRANSACTION) == Endpoint("2001:db8:1234:5678:11:2233:4455:6677", 32853)


def test_an_old_server_names_it_openly() -> None:
    assert mapped(answer(bytes.fromhex("00010008000180550a000001")), TRANSACTION) == Endpoint("10.0.0.1", 32853)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        IPV4_ANSWER[:19],
        IPV4_ANSWER[:-1],
        IPV4_ANSWER + b"x",
        answer(b""),
        answer(IPV4_ANSWER[20:], kind=0x0111),
        answer(IPV4_ANSWER[20:], transaction=bytes(12)),
        answer(bytes.fromhex("0020000800")),
        answer(bytes.fromhex("002000080003a147e112a643")),
        answer(bytes.fromhex("002000080002a147e112a643")),
        answer(bytes.fromhex("0020000100000000")),
    ],
)
def test_row_50_anything_else_names_none(data: bytes) -> None:
    assert mapped(data, TRANSACTION) is None


@pytest.mark.parametrize("seen", [Endpoint("192.0.2.1", 32853), Endpoint("2001:db8::7", 1)])
def test_what_we_answer_is_read_as_it_was_meant(seen: Endpoint) -> None:
    assert mapped(answer(xor_mapped(seen, TRANSACTION)), TRANSACTION) == seen


@given(st.binary(max_size=80), st.booleans())
def test_any_bytes_are_read_or_passed_over(data: bytes, framed: bool) -> None:
    mapped(answer(data) if framed else data, TRANSACTION)
