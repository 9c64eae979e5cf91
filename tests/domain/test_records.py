"""A record is read exactly as it was written, or refused by a sentence that names it."""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from wgmesh.domain.errors import UnreadableEvent
from wgmesh.domain.records import GENESIS, Catalogue, Record, catalogue_of, decode, encode, link
from wgmesh.domain.upcasts import Upcast


class Place(Struct, frozen=True):
    host: str
    scope: str = ""


class Seen(Struct, frozen=True, forbid_unknown_fields=True):
    key: bytes
    name: str
    places: tuple[Place, ...]
    counts: dict[str, int]


class Moved(Struct, frozen=True, forbid_unknown_fields=True):
    """Version 1 had `address`, version 2 `host`, version 3 is this."""

    place: Place


def _moved_2(fields: dict[str, Any]) -> dict[str, Any]:
    return {"host": fields["address"]}


def _moved_3(fields: dict[str, Any]) -> dict[str, Any]:
    return {"place": {"host": fields["host"], "scope": ""}}


UPCASTS: dict[tuple[str, int], Upcast] = {("Moved", 1): _moved_2, ("Moved", 2): _moved_3}
TOYS = catalogue_of((Seen, Moved), {"Moved": 3}, UPCASTS)
SEEN = Seen(b"\xff\x00", 'näme \x1b"\\/\x7f\u2028\U0001f600', (Place("a"), Place("b", "eth0")), {"x": 1, "a": 2})


def a_record(event: Any = SEEN, sequence: int = 7, because: tuple[int, ...] = (3, 5)) -> Record:
    return Record(sequence, at=1_760_000_000_000, awake=42, cause="lan", because=because, event=event)


def text_of(record: Record) -> bytes:
    return encode(record, GENESIS, TOYS).state[16:]


def read(text: bytes, topic: str = "Seen.1", sequence: int = 7, catalogue: Catalogue = TOYS) -> Record:
    return decode(sequence, topic, bytes(16) + text, catalogue)


def test_the_stored_form_is_topic_chain_and_json() -> None:
    stored = encode(a_record(Moved(Place("h"))), GENESIS, TOYS)
    text = b'{"at":1760000000000,"awake":42,"cause":"lan","because":[3,5],"event":{"place":{"host":"h","scope":""}}}'
    assert stored.topic == "Moved.3"
    assert stored.state == stored.record.chain + text


def test_the_chain_is_the_hash_of_everything_in_the_record_and_the_chain_before() -> None:
    stored = encode(a_record(), b"c" * 16, TOYS)
    text = stored.state[16:]
    expected = sha256(b"c" * 16 + (7).to_bytes(8, "big") + (6).to_bytes(2, "big") + b"Seen.1" + text).digest()[:16]
    assert sha256(b"wgmesh-log-v1").digest()[:16] == GENESIS
    assert stored.record.chain == expected == link(b"c" * 16, 7, b"Seen.1", text)


def test_what_was_written_is_read_back_with_its_chain() -> None:
    stored = encode(a_record(), GENESIS, TOYS)
    assert decode(7, stored.topic, stored.state, TOYS) == stored.record == replace(a_record(), chain=stored.state[:16])


names = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
places = st.lists(st.builds(Place, names, names), max_size=3).map(tuple)
counts = st.dictionaries(names, st.integers(-(2**63), 2**63 - 1), max_size=3)


@given(st.builds(Seen, st.binary(), names, places, counts))
def test_every_event_of_the_right_types_survives(event: Seen) -> None:
    assert read(text_of(a_record(event))) == replace(a_record(event), chain=bytes(16))


@given(st.data())
def test_a_changed_text_is_refused_or_says_something_else(data: st.DataObject) -> None:
    text = text_of(a_record())
    start = data.draw(st.integers(0, len(text)))
    other = text[:start] + data.draw(st.binary(max_size=4)) + text[data.draw(st.integers(start, len(text))) :]
    try:
        read_back: bytes | None = text_of(read(other))
    except UnreadableEvent:
        read_back = None
    assert read_back in (None, other)


def _without(*path: str) -> Callable[[dict[str, Any]], None]:
    def change(body: dict[str, Any]) -> None:
        for step in path[:-1]:
            body = body[step][0] if isinstance(body[step], list) else body[step]
        del body[path[-1]]

    return change


def _with(**fields: object) -> Callable[[dict[str, Any]], None]:
    return lambda body: body.update(fields)


@pytest.mark.parametrize(
    "change",
    [
        _without("awake"),
        _without("because"),
        _without("event", "name"),
        _without("event", "places", "scope"),
        _with(version=2),
        _with(at="1"),
        _with(at=1.0),
        _with(at=True),
        _with(at=-1),
        _with(at=2**63),
        _with(because=[7]),
        _with(because=[0]),
        _with(cause=None),
        _with(event=[]),
        lambda body: body["event"].update(more=1),
        lambda body: body["event"]["places"][0].update(more=1),
        lambda body: body["event"].update(counts={"x": None}),
        lambda body: body["event"].update(key="_w=="),
    ],
)
def test_a_missing_extra_or_mistyped_field_is_refused(change: Callable[[dict[str, Any]], None]) -> None:
    body = json.loads(text_of(a_record()))
    change(body)
    with pytest.raises(UnreadableEvent, match=r"^record 7 \(Seen\.1\) cannot be read"):
        read(json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"awake":42', b'"awake":42,"awake":42'),
        (b'"awake":42', b'"awake":42.0'),
        (b'"awake":42', b'"awake":-0'),
        (b'"awake":42', b'"awake":' + b"9" * 5000),
        (b'"awake":42', b'"awake": 42'),
        (b'"counts":{"x":1', b'"counts":{"x":1,"x":1'),
        (b'"at":1760000000000,"awake":42', b'"awake":42,"at":1760000000000'),
        (b'"/wA="', b'"/wB="'),
        (b'"/wA="', b'"/wA"'),
        (b'"lan"', b'"\\u006can"'),
        (b'"lan"', b'"\\ud800"'),
        (b'"lan"', b'"\xed\xa0\x80"'),
        (b'"lan"', b'"\xff"'),
        (b'"lan"', b'"\n"'),
        (b'"lan"', b"NaN"),
        (b'"lan"', b'{"a":' * 100_000),
        (b"}", b"} "),
        (b"}", b"}}"),
        (b"}", b""),
    ],
)
def test_another_spelling_of_the_same_json_is_refused(old: bytes, new: bytes) -> None:
    text = text_of(a_record())
    head, found, tail = text.rpartition(old)
    assert found
    with pytest.raises(UnreadableEvent):
        read(head + new + tail)


@pytest.mark.parametrize("state", [b"", b"short", bytes(16)])
def test_a_state_without_text_is_refused(state: bytes) -> None:
    with pytest.raises(UnreadableEvent):
        decode(7, "Seen.1", state, TOYS)


def test_the_longest_nesting_is_refused_in_an_older_version_too() -> None:
    with pytest.raises(UnreadableEvent):
        read(b"[" * 100_000 + b"]" * 100_000, "Moved.1")


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("Moved.4", "a newer one wrote it"),
        ("Vanished.1", "it knows no such event"),
        ("Seen", "not the name and version"),
        ("Seen.0", "not the name and version"),
        ("Seen.01", "not the name and version"),
        ("Seen.1 ", "not the name and version"),
        ("Seen.1\n", "not the name and version"),
        ("Seen.٣", "not the name and version"),
        ("Seen." + "9" * 5000, "not the name and version"),
        ("wgmesh.domain.events:Seen", "not the name and version"),
        ("", "not the name and version"),
    ],
)
def test_an_unknown_name_or_version_is_refused_with_the_reason(topic: str, reason: str) -> None:
    with pytest.raises(UnreadableEvent, match=reason):
        read(text_of(a_record()), topic)


@pytest.mark.parametrize(
    ("topic", "event"),
    [("Moved.1", b'{"address":"h"}'), ("Moved.2", b'{"host":"h"}'), ("Moved.3", b'{"place":{"host":"h","scope":""}}')],
)
def test_every_version_ever_shipped_is_read_as_the_current_one(topic: str, event: bytes) -> None:
    text = b'{"at":1,"awake":2,"cause":"lan","because":[],"event":' + event + b"}"
    assert read(text, topic) == Record(7, 1, 2, "lan", (), Moved(Place("h")), bytes(16))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "event", [b"{}", b'{"address":1}', b'{"address":"h","address":"h"}', b'{"host":"h"}', b"[]", b"null", b'"address"']
)
def test_an_older_version_with_odd_fields_is_refused(event: bytes) -> None:
    with pytest.raises(UnreadableEvent):
        read(b'{"at":1,"awake":2,"cause":"lan","because":[],"event":' + event + b"}", "Moved.1")


def test_an_upcast_that_leaves_fields_out_is_found() -> None:
    lossy = catalogue_of((Moved,), {"Moved": 2}, {("Moved", 1): lambda fields: {"place": {"host": fields["address"]}}})
    with pytest.raises(UnreadableEvent, match="leaves fields out"):
        read(b'{"at":1,"awake":2,"cause":"lan","because":[],"event":{"address":"h"}}', "Moved.1", catalogue=lossy)


@pytest.mark.parametrize(
    "upcasts", [{}, {("Moved", 2): _moved_3}, {**UPCASTS, ("Seen", 1): _moved_2}, {**UPCASTS, ("Moved", 3): _moved_2}]
)
def test_a_catalogue_has_an_upcast_for_every_older_version_and_no_other(upcasts: dict[tuple[str, int], Upcast]) -> None:
    with pytest.raises(AssertionError, match="upcasts"):
        catalogue_of((Seen, Moved), {"Moved": 3}, upcasts)


@pytest.mark.parametrize(
    "event",
    [Seen(b"", "\udc80", (), {}), Seen(b"", 5, (), {}), Moved("eth0")],  # type: ignore[arg-type]
)
def test_what_could_not_be_read_back_is_not_written(event: object) -> None:
    with pytest.raises(UnreadableEvent):
        encode(a_record(event), GENESIS, TOYS)


def test_a_record_rests_only_on_earlier_ones() -> None:
    with pytest.raises(UnreadableEvent, match="not before it"):
        encode(a_record(because=(7,)), GENESIS, TOYS)
