"""Each line comes out at the other end as what it was, whatever bytes are in it."""

import msgspec
import pytest

from wgmesh.adapters.registry.lines import Asked, Outcome, Place, Recall
from wgmesh.adapters.registry.worker import VALUES
from wgmesh.domain.visiting import Close, Find, Make, Note, Put, Read, Search, Titled, Titles

ENTRY = bytes(range(256))


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        (Find(3), Titles((Titled(7, ENTRY),), ends=True)),
        (Search(), Titles((), ends=False)),
        (Make(ENTRY), 2**53 - 1),
        (Close(7), None),
        (Read(7), [Note(1, ENTRY, -5), Note(2, b"", 9)]),
        (Read(8), None),
        (Put(7, 0, ENTRY), None),
        (Recall(), ENTRY),
    ],
)
def test_a_request_and_its_value_pass_the_pipe_as_they_are(asked: Asked, value: object) -> None:
    line = msgspec.json.encode(asked)
    assert b"\n" not in line
    assert msgspec.json.decode(line, type=Asked) == asked
    answer = msgspec.json.encode(Outcome(msgspec.Raw(msgspec.json.encode(value))))
    assert b"\n" not in answer
    assert msgspec.json.decode(msgspec.json.decode(answer, type=Outcome).value, type=VALUES[type(asked)]) == value


def test_a_place_passes_as_well() -> None:
    place = Place("https://x", "mesh/notes", "title\n", "token", ENTRY)
    line = msgspec.json.encode(place)
    assert b"\n" not in line
    assert msgspec.json.decode(line, type=Place) == place
