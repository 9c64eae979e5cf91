from msgspec import Struct

from wgmesh.domain import facts
from wgmesh.domain.facts import (
    Clone,
    Entry,
    Failure,
    Layer,
    Nat,
    Passage,
    Reflection,
    Refusal,
    RelayedPair,
    Skew,
    Tombstone,
    Unanswered,
    Witness,
    family_of,
)
from wgmesh.domain.values import Endpoint, Ground


def test_every_fact_keeps_the_record_that_established_it() -> None:
    kinds = [each for each in vars(facts).values() if isinstance(each, type) and issubclass(each, Struct)]
    kinds = [kind for kind in kinds if kind.__module__ == facts.__name__]
    assert kinds == [
        Layer,
        Refusal,
        Failure,
        Reflection,
        Skew,
        Witness,
        Entry,
        Tombstone,
        Clone,
        Unanswered,
        Passage,
        RelayedPair,
        Nat,
    ]
    for kind in kinds:
        assert kind.__annotations__["since"] is Ground
        assert kind.__struct_defaults__ == ()
        assert kind.__struct_config__.frozen


def test_the_family_of_an_endpoint_is_that_of_its_address() -> None:
    assert [family_of(Endpoint(ip, 1)) for ip in ("192.0.2.1", "2001:db8::1")] == list(facts.FAMILIES)
