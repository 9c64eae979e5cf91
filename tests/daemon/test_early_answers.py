"""A daemon that may not share WireGuard's port asks before the interface has it, and never for long."""

import time
from collections.abc import Iterator

import anyio
import pytest

from tests.adapters.own_namespace import own_namespace
from tests.adapters.stun.responder import responder
from tests.cast import PARAMETERS
from wgmesh.daemon import early_answers as module
from wgmesh.daemon.early_answers import early_answers
from wgmesh.domain.inputs import Mapped, Networked
from wgmesh.domain.values import Endpoint

PORT = 30126
NETWORKED = Networked(())
SEEN = Endpoint("10.200.0.9", 40000)


@pytest.fixture(autouse=True)
def machine() -> Iterator[None]:
    with own_namespace():
        yield


def told(*places: str) -> tuple[Mapped, ...]:
    return anyio.run(early_answers, places, PORT, PARAMETERS, NETWORKED)


def test_nobody_is_asked_early_who_can_be_asked_later() -> None:
    with responder(says=lambda _: SEEN) as server:
        assert told(str(server)) == ()


def test_what_can_be_believed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "may_share", lambda _: False)
    with responder(says=lambda _: SEEN) as honest, responder(says=lambda _: Endpoint("127.0.0.1", 1)) as liar:
        assert told(str(honest), str(liar)) == (Mapped(honest, SEEN),)
    assert told() == ()


def test_names_that_lead_nowhere_hold_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "may_share", lambda _: False)
    began = time.monotonic()
    assert told("stun.invalid:3478") == ()
    assert time.monotonic() - began < 5
