from typing import get_args

import msgspec
import pytest

from tests.golden.samples import sample
from wgmesh.domain import effects
from wgmesh.domain.effects import Effect

EFFECTS = get_args(Effect)


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.__name__)
def test_an_effect_can_be_told_from_every_other_when_written_down(effect: type) -> None:
    written = msgspec.json.encode(sample(effect))
    assert msgspec.json.decode(written, type=Effect) == sample(effect)


def test_every_effect_belongs_to_the_vocabulary() -> None:
    defined = [
        each for each in vars(effects).values() if isinstance(each, type) and each.__module__ == effects.__name__
    ]
    assert defined == list(EFFECTS)


def test_the_core_holds_none_of_what_is_secret_or_drawn_when_an_effect_is_carried_out() -> None:
    fields = [field for effect in EFFECTS for field in effect.__struct_fields__]
    assert not [field for field in fields if field in ("token", "challenge", "signature", "nonce", "key", "counter")]
