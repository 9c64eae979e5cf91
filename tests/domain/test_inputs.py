from typing import get_args

import msgspec
import pytest
from msgspec.structs import replace

from tests.golden.samples import sample
from wgmesh.domain import inputs
from wgmesh.domain.inputs import Heard, Input, Start
from wgmesh.domain.messages import Message

INPUTS = get_args(Input)


@pytest.mark.parametrize("kind", INPUTS, ids=lambda kind: kind.__name__)
def test_an_input_is_read_back_as_it_was_written_down(kind: type) -> None:
    written = msgspec.json.encode(sample(kind))
    assert msgspec.json.decode(written)["type"] == kind.__name__
    assert msgspec.json.decode(written, type=kind) == sample(kind)


@pytest.mark.parametrize("message", get_args(Message), ids=lambda message: message.__name__)
def test_every_message_that_was_heard_is_read_back(message: type) -> None:
    heard = replace(sample(Heard), message=sample(message))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(heard), type=Heard) == heard


def test_every_input_belongs_to_the_vocabulary() -> None:
    defined = [each for each in vars(inputs).values() if isinstance(each, type) and each.__module__ == inputs.__name__]
    assert defined == list(INPUTS)


def test_no_input_brings_a_secret_into_the_core() -> None:
    fields = [field for kind in INPUTS for field in kind.__struct_fields__]
    assert not [field for field in fields if field in ("secret", "seed", "private_key", "psk", "token", "keys")]


def test_a_start_names_keys_by_generation_only() -> None:
    assert Start.__annotations__["generation"] is int


def test_a_verdict_is_never_good_by_default() -> None:
    defaults = dict(zip(reversed(Heard.__struct_fields__), reversed(Heard.__struct_defaults__), strict=False))
    assert defaults == {"agrees": False, "echoed": False, "passed": ()}
