import re
from typing import get_args

import msgspec
import pytest
from msgspec import Struct

from tests.golden.samples import sample
from wgmesh.domain import (
    events,
    finding_events,
    forgetting_events,
    log_events,
    own_events,
    relay_events,
    silence_events,
)
from wgmesh.domain.events import CATALOGUE, VERSIONS, Event, Sighting

NAMES = [event.__name__ for event in CATALOGUE]

every_event = pytest.mark.parametrize("event", CATALOGUE, ids=NAMES)


PARTS = (events, finding_events, forgetting_events, log_events, own_events, relay_events, silence_events)
FILES = tuple(each.__name__ for each in PARTS)


def test_the_catalogue_is_every_event_of_the_file() -> None:
    defined = [each for each in vars(events).values() if isinstance(each, type) and each.__module__ in FILES]
    assert sorted(each.__name__ for each in defined if each is not Sighting) == sorted(NAMES)
    assert get_args(Event) == CATALOGUE


@every_event
def test_an_event_says_what_bounds_its_rate(event: type) -> None:
    assert re.search(r"\b(one|once|most|bounded|after it was|\d+ a day)\b", str(event.__doc__), re.IGNORECASE)


def test_no_version_is_of_something_else() -> None:
    assert [name for name in VERSIONS if name not in NAMES] == []


@every_event
def test_a_stored_event_without_one_of_its_fields_is_unreadable(event: type[Struct]) -> None:
    assert event.__struct_defaults__ == ()
    whole = msgspec.to_builtins(sample(event))
    for field in event.__struct_fields__:
        with pytest.raises(msgspec.ValidationError, match=field):
            msgspec.convert({name: value for name, value in whole.items() if name != field}, event)


@every_event
def test_a_stored_event_with_a_field_too_many_is_unreadable(event: type) -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert(msgspec.to_builtins(sample(event)) | {"colour": "red"}, event)


@every_event
def test_no_event_has_a_place_for_a_secret(event: type[Struct]) -> None:
    forbidden = ("secret", "seed", "private_key", "psk", "preshared", "token", "datagram", "challenge")
    assert not [field for field in event.__struct_fields__ if field in forbidden]


@every_event
def test_an_event_is_frozen(event: type[Struct]) -> None:
    assert event.__struct_config__.frozen
