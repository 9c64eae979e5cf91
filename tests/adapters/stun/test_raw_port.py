import os
import select
import socket
from collections.abc import Iterator

import pytest

from tests.adapters.own_namespace import own_namespace
from wgmesh.adapters.stun.raw_port import RawPort
from wgmesh.domain.stun import mapped, request
from wgmesh.domain.values import Endpoint

TRANSACTION = bytes(range(12))
PORT = 30123
FAMILIES = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]


@pytest.fixture(autouse=True)
def machine() -> Iterator[None]:
    with own_namespace():
        yield


def bound(family: socket.AddressFamily, ip: str, port: int = 0) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_DGRAM)
    opened.bind((ip, port))
    opened.settimeout(5)
    return opened


@pytest.mark.parametrize(("family", "ip"), FAMILIES)
def test_a_question_leaves_from_the_port_of_another_and_its_answer_is_heard(
    family: socket.AddressFamily, ip: str
) -> None:
    with bound(family, ip, PORT) as owner, bound(family, ip) as server:
        raw = RawPort(family, PORT)
        assert raw.send(Endpoint(ip, server.getsockname()[1]), request(TRANSACTION)) is None
        asked, source = server.recvfrom(100)
        assert asked == request(TRANSACTION)
        assert source[1] == PORT
        answer = bytes.fromhex("0101000c2112a442") + TRANSACTION + bytes.fromhex("00010008000180550a000001")
        server.sendto(answer, source)
        assert select.select([raw], [], [], 5)[0]
        ((data, sender),) = raw.arrivals()
        assert mapped(data, TRANSACTION) == Endpoint("10.0.0.1", 32853)
        assert sender == Endpoint(ip, server.getsockname()[1])
        assert owner.recv(100) == answer  # its owner has its own copy
        raw.close()


@pytest.mark.parametrize(("family", "ip"), FAMILIES)
def test_what_is_not_stun_or_not_for_the_port_never_wakes_us(family: socket.AddressFamily, ip: str) -> None:
    with bound(family, ip, PORT), bound(family, ip, PORT + 1), bound(family, ip) as stranger:
        raw = RawPort(family, PORT)
        stranger.sendto(b"\x01\x00\x00\x00" + os.urandom(144), (ip, PORT))
        stranger.sendto(request(TRANSACTION), (ip, PORT + 1))
        stranger.sendto(b"short", (ip, PORT))
        stranger.sendto(request(TRANSACTION), (ip, PORT))
        assert select.select([raw], [], [], 5)[0]
        assert [data for data, _ in raw.arrivals()] == [request(TRANSACTION)]
        raw.close()


def test_an_address_without_a_route_is_a_reason() -> None:
    raw = RawPort(socket.AF_INET, PORT)
    assert raw.send(Endpoint("192.0.2.1", 3478), request(TRANSACTION)) == "Network is unreachable"
    raw.close()
