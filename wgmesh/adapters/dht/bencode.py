"""Bencode (BEP 3), strict: one way to write each value, and nothing that arrives makes us allocate or recurse freely.

Values: int, bytes, list, dict with bytes keys.
"""

from typing import TypeAlias

Value: TypeAlias = "int | bytes | list[Value] | dict[bytes, Value]"

# KRPC nests three deep; what nests deeper is not meant to be read.
DEPTH_CAP = 6
# Ports, counts and error codes: 19 digits hold every 64-bit number.
DIGITS_CAP = 20


class NotBencode(ValueError):
    """They sent what is not strict bencode."""


def encode(value: Value) -> bytes:
    """The one way to write this value."""
    match value:
        case int():
            return b"i%de" % value
        case bytes():
            return b"%d:%s" % (len(value), value)
        case list():
            return b"l" + b"".join(map(encode, value)) + b"e"
        case dict():
            return b"d" + b"".join(encode(key) + encode(value[key]) for key in sorted(value)) + b"e"


def decode(data: bytes) -> Value:
    """The value that these bytes write, all of them; NotBencode otherwise."""
    value, end = _value(data, 0, DEPTH_CAP)
    if end != len(data):
        raise NotBencode("trailing bytes")
    return value


def _value(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    if depth == 0:
        raise NotBencode("too deep")
    kind = data[at : at + 1]
    if kind == b"i":
        return _number(data, at + 1, b"e")
    if kind == b"l":
        return _list(data, at + 1, depth)
    if kind == b"d":
        return _dict(data, at + 1, depth)
    return _string(data, at)


def _number(data: bytes, at: int, mark: bytes) -> tuple[int, int]:
    end = data.find(mark, at, at + DIGITS_CAP + 1)
    digits = data[at:end] if end >= 0 else b""
    magnitude = digits.removeprefix(b"-")
    if not magnitude.isdigit() or digits == b"-0" or (magnitude != b"0" and magnitude.startswith(b"0")):
        raise NotBencode("number")
    return int(digits), end + 1


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    length, begin = _number(data, at, b":")
    if length < 0 or begin + length > len(data):
        raise NotBencode("length")
    return data[begin : begin + length], begin + length


def _list(data: bytes, at: int, depth: int) -> tuple[list[Value], int]:
    values: list[Value] = []
    while data[at : at + 1] != b"e":
        value, at = _value(data, at, depth - 1)
        values.append(value)
    return values, at + 1


def _dict(data: bytes, at: int, depth: int) -> tuple[dict[bytes, Value], int]:
    entries: dict[bytes, Value] = {}
    last = None
    while data[at : at + 1] != b"e":
        key, at = _string(data, at)
        if last is not None and key <= last:
            raise NotBencode("order of keys")
        entries[key], at = _value(data, at, depth - 1)
        last = key
    return entries, at + 1
