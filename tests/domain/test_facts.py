from msgspec import Struct

from wgmesh.domain import facts
from wgmesh.domain.facts import (
    Clone,
    Failure,
    Layer,
    Passage,
    Reflection,
    Refusal,
    RelayedPair,
    Skew,
    Unanswered,
    Witness,
)
from wgmesh.domain.values import Ground


def test_every_fact_keeps_the_record_that_established_it() -> None:
    kinds = [each for each in vars(facts).values() if isinstance(each, type) and issubclass(each, Struct)]
    kinds = [kind for kind in kinds if kind.__module__ == facts.__name__]
    assert kinds == [Layer, Refusal, Failure, Reflection, Skew, Witness, Clone, Unanswered, Passage, RelayedPair]
    for kind in kinds:
        assert kind.__annotations__["since"] is Ground
        assert kind.__struct_defaults__ == ()
        assert kind.__struct_config__.frozen
