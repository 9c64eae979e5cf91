"""The flat JSON of a record: its frame, and the event's own fields beside it."""

import json

import msgspec

from tests.stories import BETA, STORY
from wgmesh.domain.events import CATALOGUE
from wgmesh.projections.event_object import event_object
from wgmesh.projections.wording import key

FRAME = ["sequence", "at", "name", "version", "cause", "because", "chain"]


def test_the_frame_comes_first_and_the_fields_stand_beside_it() -> None:
    record = msgspec.structs.replace(STORY[8], because=(7, 8), chain=bytes(range(16)))
    assert json.loads(json.dumps(event_object(record))) == {
        "sequence": 9,
        "at": record.at,
        "name": "PeerConnected",
        "version": 1,
        "cause": "wireguard",
        "because": [7, 8],
        "chain": "000102030405060708090a0b0c0d0e0f",
        "identity": key(BETA.key),
        "endpoint": {"ip": "192.168.1.17", "port": 21820, "scope": ""},
    }
    assert list(event_object(record))[: len(FRAME)] == FRAME


def test_every_record_of_the_story_is_json() -> None:
    assert [json.loads(json.dumps(event_object(record)))["sequence"] for record in STORY] == list(range(1, 14))


def test_no_event_has_a_field_that_the_frame_would_hide() -> None:
    clashes = [(event.__name__, name) for event in CATALOGUE for name in FRAME if hasattr(event, name)]
    assert clashes == []
