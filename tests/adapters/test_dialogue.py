"""Real sockets of this machine's loopback."""

import socket
import time

import pytest

from wgmesh.adapters.dialogue import LONGEST, dialogue
from wgmesh.domain.values import Endpoint


def soon() -> float:
    return time.monotonic() + 5


def listener(family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
    """A socket on a port of its own."""
    there = socket.socket(family, socket.SOCK_DGRAM)
    there.bind(("localhost" if family == socket.AF_INET else "::1", 0))
    there.settimeout(5)
    return there


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_what_is_said_arrives_and_what_is_answered_is_heard(family: socket.AddressFamily, host: str) -> None:
    with listener(family) as there, dialogue(host, there.getsockname()[1]) as here:
        assert here.address == Endpoint(host, there.getsockname()[1])
        here.say(b"who is there?")
        said, where = there.recvfrom(100)
        assert said == b"who is there?"
        there.sendto(bytes(2000), where)
        assert len(next(here.hear(soon()))) == LONGEST


def test_what_another_says_is_not_heard() -> None:
    with listener() as there, listener() as another, dialogue("127.0.0.1", there.getsockname()[1]) as here:
        here.say(b"hello")
        _, where = there.recvfrom(100)
        another.sendto(b"it is me", where)
        there.sendto(b"I am there", where)
        there.sendto(b"and still am", where)
        heard = here.hear(soon())
        assert [next(heard), next(heard)] == [b"I am there", b"and still am"]


def test_hearing_ends_with_its_time() -> None:
    with listener() as there, dialogue("127.0.0.1", there.getsockname()[1]) as here:
        began = time.monotonic()
        assert list(here.hear(began + 0.05)) == []
        assert time.monotonic() >= began + 0.05


def test_that_nobody_listens_there_comes_back() -> None:
    with listener() as there:
        port = there.getsockname()[1]
    with dialogue("127.0.0.1", port) as here:
        here.say(b"hello")
        with pytest.raises(ConnectionRefusedError):
            list(here.hear(soon()))


def test_of_several_addresses_the_first_that_there_is_a_way_to_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with listener() as there:
        name = there.getsockname()
        found = [
            (socket.AF_INET, socket.SOCK_DGRAM, 0, "", ("255.255.255.255", name[1])),
            (socket.AF_INET, socket.SOCK_DGRAM, 0, "", name),
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        with dialogue("several.example", name[1]) as here:
            assert here.address == Endpoint(*name)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found[:1])
        with pytest.raises(PermissionError), dialogue("none.example", name[1]):
            pass
