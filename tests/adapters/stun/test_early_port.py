"""WireGuard's port is asked from before WireGuard has it, in a network of its own."""

import errno
import socket
import time
from collections.abc import Iterator

import anyio
import pytest

from tests.adapters.own_namespace import own_namespace
from tests.adapters.stun.responder import responder, success
from wgmesh.adapters.stun import early_port
from wgmesh.adapters.stun.early_port import TIMES, WAIT_SECONDS, ask_early, may_share
from wgmesh.domain.values import Endpoint

PORT = 30125
NOBODY = Endpoint("127.0.0.1", 9)


@pytest.fixture(autouse=True)
def machine() -> Iterator[None]:
    with own_namespace():
        yield


def asked(*servers: Endpoint) -> dict[Endpoint, Endpoint]:
    return dict(anyio.run(ask_early, PORT, servers))


def test_each_server_is_asked_from_the_port_over_its_family_and_the_port_is_free_again() -> None:
    with responder() as first, responder("127.0.0.2") as second, responder("::1") as third:
        seen = asked(first, second, third)
    assert seen == {
        first: Endpoint("127.0.0.1", PORT),
        second: Endpoint("127.0.0.1", PORT),
        third: Endpoint("::1", PORT),
    }
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wireguard:
        wireguard.bind(("", PORT))


def test_a_question_that_is_lost_is_said_again() -> None:
    with responder(deaf_to=TIMES - 1) as server:
        assert asked(server) == {server: Endpoint("127.0.0.1", PORT)}


def test_whoever_stays_silent_is_not_waited_for_long() -> None:
    began = time.monotonic()
    with responder() as server:
        assert asked(NOBODY, server) == {server: Endpoint("127.0.0.1", PORT)}
    assert WAIT_SECONDS * TIMES <= time.monotonic() - began < 5
    assert asked() == {}


def test_row_50_what_another_says_than_who_was_asked_is_no_answer() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:

        def betray(seen: Endpoint) -> Endpoint:
            """Somebody else is quicker, and knows neither the transaction nor better."""
            stranger.sendto(success(NOBODY, bytes(12)), (seen.ip, seen.port))
            return seen

        with responder(says=betray) as server:
            assert asked(server) == {server: Endpoint("127.0.0.1", PORT)}


def test_a_port_that_is_taken_is_asked_from_by_nobody() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wireguard, responder() as server:
        wireguard.bind(("", PORT))
        assert asked(server) == {}


@pytest.mark.parametrize(("number", "may"), [(errno.EPERM, False), (errno.EMFILE, True)])
def test_only_a_process_that_lacks_the_right_cannot_share_the_port(
    number: int, may: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert may_share(PORT)

    def refuse(*_: object) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(early_port, "RawPort", refuse)
    assert may_share(PORT) == may
