"""What is hidden, looked for in a text as it stands and in all the base64 in it."""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator

import msgspec

from wgmesh.domain.records import Record
from wgmesh.redaction.values import parts

_BASE64 = re.compile(rb"[A-Za-z0-9+/]{8,}={0,2}")


def layers(content: bytes) -> bytes:
    """The content, and what its base64 says."""
    return b"\n".join((content, *_decoded(content)))


def _decoded(content: bytes) -> Iterator[bytes]:
    for found in _BASE64.findall(content):
        try:
            yield base64.b64decode(found, validate=True)
        except binascii.Error:
            continue


def encoded(records: Iterable[Record]) -> bytes:
    """The log as text."""
    return b"\n".join(msgspec.json.encode(record) for record in records)


def hits(hidden: Iterable[bytes], content: bytes) -> list[bytes]:
    """Those that are found, whole: 10.0.0.1 is not found in 10.0.0.12."""
    looked_at = layers(content)
    return [each for each in hidden if re.search(rb"(?<![\w.:])" + re.escape(each) + rb"(?![\w.:]*\w)", looked_at)]


def keys_and_names(records: Iterable[Record]) -> list[bytes]:
    """Every key, as it is and as it is written, and every hostname, by another way than redaction finds them."""
    found: dict[bytes, bool] = {}
    for value, field in (part for record in records for part in parts(record.event)):
        if isinstance(value, bytes) and len(value) == 32 and any(value):
            found |= {value: True, base64.b64encode(value): True}
        elif isinstance(value, str) and field == "hostname" and value:
            found[value.encode()] = True
    return list(found)


def addresses(content: bytes) -> list[bytes]:
    """Every address in a log's text that could be somebody's."""
    quads = re.findall(rb"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", content)
    sixes = re.findall(rb'"((?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4})(?:/\d+)?"', content)
    return [each for each in dict.fromkeys((*quads, *sixes)) if each not in (b"0.0.0.0", b"127.0.0.1", b"::", b"::1")]
