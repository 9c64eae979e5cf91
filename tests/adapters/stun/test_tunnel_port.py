"""WireGuard's port beside its owner, in a network of its own: both families, and where it cannot be opened."""

import errno
import socket
from collections.abc import Iterator

import anyio
import anyio.lowlevel
import pytest

from tests.adapters.own_namespace import own_namespace
from wgmesh.adapters.stun import raw_port, tunnel_port
from wgmesh.adapters.stun.tunnel_port import NO_CAPABILITY, TunnelPort
from wgmesh.adapters.udp import Datagram
from wgmesh.domain.stun import request
from wgmesh.domain.values import Endpoint

PORT = 30124
QUESTION = request(bytes(12))


@pytest.fixture(autouse=True)
def machine() -> Iterator[None]:
    with own_namespace():
        yield


def test_what_is_sent_to_the_port_is_delivered_and_what_it_sends_leaves_from_it() -> None:
    async def speak(family: socket.AddressFamily, ip: str) -> Endpoint:
        heard, arrived = list[Datagram](), anyio.Event()

        def deliver(datagram: Datagram) -> None:
            heard.append(datagram)
            arrived.set()

        port = TunnelPort(deliver)
        port.follow(PORT)
        assert (port.serving, port.trouble) == (True, "")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(port.run)
            with socket.socket(family, socket.SOCK_DGRAM) as other:
                other.bind((ip, 0))
                other.settimeout(5)
                there = Endpoint(ip, other.getsockname()[1])
                assert port.send(there, QUESTION) is None
                data, (_, source, *_) = other.recvfrom(100)
                assert (data, source) == (QUESTION, PORT)
                other.sendto(QUESTION, (ip, PORT))
                with anyio.fail_after(5):
                    await arrived.wait()
            tasks.cancel_scope.cancel()
        assert heard == [Datagram("port", "", there, QUESTION)]
        assert not port.serving
        return there

    for family, ip in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        anyio.run(speak, family, ip)


@pytest.mark.parametrize(
    ("number", "trouble"),
    [
        (errno.EPERM, NO_CAPABILITY),
        (errno.EMFILE, "WireGuard's port cannot be shared (Too many open files)"),
        (errno.EAFNOSUPPORT, ""),
    ],
)
def test_what_cannot_be_opened_says_why_and_sends_nothing(
    number: int, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> raw_port.RawPort:
        raise OSError(number, {errno.EMFILE: "Too many open files"}.get(number, "no"))

    monkeypatch.setattr(tunnel_port, "RawPort", refuse)
    port = TunnelPort(lambda _: None)
    port.follow(PORT)
    assert (port.serving, port.trouble) == (False, trouble)
    assert port.send(Endpoint("127.0.0.1", 9), QUESTION) == "there is no socket for its family"


def test_a_socket_that_opens_later_is_read_too() -> None:
    async def speak() -> list[Datagram]:
        heard, arrived = list[Datagram](), anyio.Event()

        def deliver(datagram: Datagram) -> None:
            heard.append(datagram)
            arrived.set()

        port = TunnelPort(deliver)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(port.run)
            await anyio.lowlevel.checkpoint()
            port.follow(PORT)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                other.sendto(QUESTION, ("127.0.0.1", PORT))
                with anyio.fail_after(5):
                    await arrived.wait()
            tasks.cancel_scope.cancel()
        return heard

    assert [each.data for each in anyio.run(speak)] == [QUESTION]
