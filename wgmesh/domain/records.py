"""What is written in the log and how it is read back: exactly as it was written, or not at all.

A record lies in the log as a topic, `PeerDiscovered.1` (name and version of the event), and a state: 16 bytes of chain,
then UTF-8 JSON `{at, awake, cause, because, event}`. The chain holds the record to all before it:
SHA-256(chain before ‖ u64 sequence ‖ u16 length of the topic ‖ topic ‖ JSON)[:16], big-endian.

JSON has many ways to write one value, and a decoder that fills in defaults, or skips a doubled key or a stray bit of
base64, reads what nobody wrote. Here a text is read only if it is, byte for byte, what we would write for what it says.
"""

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta, Struct

from wgmesh.domain.errors import UnreadableEvent
from wgmesh.domain.events import CATALOGUE, VERSIONS, Event
from wgmesh.domain.upcasts import UPCASTS, Fields, Upcast

CHAIN_BYTES = 16
# The chain before the first record.
GENESIS = sha256(b"wgmesh-log-v1").digest()[:CHAIN_BYTES]

# Name and version as they are written: no leading zeros, so that one event has one topic.
_TOPIC = re.compile(r"([A-Za-z][A-Za-z0-9]*)\.([1-9][0-9]{0,8})", re.ASCII)
# SQLite counts to here; 292 million years in ms.
_Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
_E = TypeVar("_E")


class Record(Struct, frozen=True):
    """One event and how it came to be.

    `sequence` counts from 1, `at` and `awake` are in ms, `cause` names the input, `because` the records it rests on.
    `chain` is empty until the record is stored.
    """

    sequence: int
    at: int
    awake: int
    cause: str
    because: tuple[int, ...]
    event: Event
    chain: bytes = b""


class Stored(Struct, frozen=True):
    """A record as it lies in the log, and as it will be read from there: with its chain."""

    record: Record
    topic: str
    state: bytes


class _Body(Struct, Generic[_E], frozen=True, forbid_unknown_fields=True):
    at: _Count
    awake: _Count
    cause: str
    because: tuple[_Count, ...]
    event: _E


class Catalogue(Struct, frozen=True):
    """The events that may be written and read: a closed list, so that nothing in a log names code to run.

    `topics` and `versions` are the current ones, `decoders` go by current topic.
    """

    topics: dict[type, str]
    versions: dict[str, int]
    decoders: dict[str, msgspec.json.Decoder[Any]]
    upcasts: dict[tuple[str, int], Upcast]


def catalogue_of(
    types: Iterable[type], versions: Mapping[str, int], upcasts: Mapping[tuple[str, int], Upcast]
) -> Catalogue:
    """The catalogue of these events; `versions` names those that are not at 1. Every older version has its upcast."""
    current = {event.__name__: versions.get(event.__name__, 1) for event in types}
    older = [(name, version) for name, newest in current.items() for version in range(1, newest)]
    assert all(name in current for name in versions), "a version of an event that is not in the catalogue"
    assert sorted(older) == sorted(upcasts), "upcasts must lead from every older version to the current one"
    topics = {event: f"{event.__name__}.{current[event.__name__]}" for event in types}
    decoders = {topic: msgspec.json.Decoder(_Body[event]) for event, topic in topics.items()}  # type: ignore[valid-type]
    return Catalogue(topics, current, decoders, dict(upcasts))


EVENTS = catalogue_of(CATALOGUE, VERSIONS, UPCASTS)

_encoder = msgspec.json.Encoder()
# All that a strict reading of somebody's bytes may raise; the first three are an upcast that met odd fields.
_ODD = (LookupError, TypeError, ValueError, msgspec.DecodeError, RecursionError)


def encode(record: Record, previous_chain: bytes, catalogue: Catalogue = EVENTS) -> Stored:
    """The record as it is stored after the one with `previous_chain`.

    UnreadableEvent if it could not be read back: what would stop the next start is not written.
    """
    topic = catalogue.topics[type(record.event)]
    try:
        text = _encoder.encode(_Body(record.at, record.awake, record.cause, record.because, record.event))
    except UnicodeEncodeError as error:
        raise UnreadableEvent(f"record {record.sequence} ({topic}) holds text that is not Unicode") from error
    chain = link(previous_chain, record.sequence, topic.encode(), text)
    return Stored(decode(record.sequence, topic, chain + text, catalogue), topic, chain + text)


def decode(sequence: int, topic: str, state: bytes, catalogue: Catalogue = EVENTS) -> Record:
    """The record that was stored so; UnreadableEvent for whatever this version would not have written or upcast."""
    try:
        body = _read(topic, state[CHAIN_BYTES:], catalogue)
        _check_grounds(sequence, body.because)
    except _ODD as error:
        raise UnreadableEvent(f"record {sequence} ({topic}) cannot be read by this wgmesh: {error}") from error
    return Record(sequence, body.at, body.awake, body.cause, body.because, body.event, state[:CHAIN_BYTES])


def link(previous_chain: bytes, sequence: int, topic: bytes, text: bytes) -> bytes:
    """The chain of the record with this sequence, topic and JSON text after the one with `previous_chain`."""
    lengths = sequence.to_bytes(8, "big") + len(topic).to_bytes(2, "big")
    return sha256(previous_chain + lengths + topic + text).digest()[:CHAIN_BYTES]


def _read(topic: str, text: bytes, catalogue: Catalogue) -> _Body[Event]:
    decoder = catalogue.decoders.get(topic)
    if decoder is None:
        return _read_older(topic, text, catalogue)
    body: _Body[Event] = decoder.decode(text)
    _check_canonical(body, text)
    return body


def _read_older(topic: str, text: bytes, catalogue: Catalogue) -> _Body[Event]:
    name, version = _parse_topic(topic, catalogue)
    fields: Fields = msgspec.json.decode(text)
    _check_canonical(fields, text)
    for step in range(version, catalogue.versions[name]):
        fields = {**fields, "event": catalogue.upcasts[name, step](fields["event"])}
    current = f"{name}.{catalogue.versions[name]}"
    body: _Body[Event] = catalogue.decoders[current].decode(_encoder.encode(fields))
    if msgspec.json.decode(_encoder.encode(body)) != fields:
        raise ValueError(f"its upcast from version {version} leaves fields out")
    return body


def _parse_topic(topic: str, catalogue: Catalogue) -> tuple[str, int]:
    match = _TOPIC.fullmatch(topic)
    if not match:
        raise ValueError("that is not the name and version of an event")
    name, version = match[1], int(match[2])
    if name not in catalogue.versions:
        raise ValueError("it knows no such event, but a newer one may")
    if version > catalogue.versions[name]:
        raise ValueError("a newer one wrote it")
    return name, version


def _check_canonical(value: object, text: bytes) -> None:
    if _encoder.encode(value) != text:
        raise ValueError("a field is missing or doubled, or not written as wgmesh writes it")


def _check_grounds(sequence: int, because: tuple[int, ...]) -> None:
    if any(not 0 < ground < sequence for ground in because):
        raise ValueError("it rests on a record that is not before it")
