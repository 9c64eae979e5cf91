"""The layer's sockets on cables that stand for tunnels: eth0 is the mesh's interface, eth1 is not."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import anyio
import pytest

from tests.adapters.wires import Network, wire
from wgmesh.adapters.gossip import BUSY, Gossip
from wgmesh.adapters.udp import Datagram
from wgmesh.domain.values import Endpoint

PORT = 51900
A, B = ("fd00::a/64", "10.9.0.1/24"), ("fd00::b/64", "10.9.0.2/24")

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def networks() -> Iterator[tuple[Network, Network]]:
    a, b = Network(), Network()
    wire(a, b)
    yield a, b
    a.close()
    b.close()


class Member:
    """The layer in a network, with all that it heard."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.heard: list[Datagram] = []
        self._changed = anyio.Event()
        self.gossip = Gossip("eth0", PORT, self._hear)

    def _hear(self, datagram: Datagram) -> None:
        self.heard.append(datagram)
        self._changed.set()

    def follow(self) -> str | None:
        with self.network.entered():
            return self.gossip.follow()

    def say(self, data: bytes, to: tuple[str, str] = B, *, ipv4: bool = True) -> str | None:
        ipv6_address, ipv4_address = (prefix.partition("/")[0] for prefix in to)
        return self.gossip.send(Endpoint(ipv6_address, PORT), Endpoint(ipv4_address, PORT) if ipv4 else None, data)

    async def hears(self, count: int = 1) -> list[tuple[str, bytes]]:
        """Who said what, once there is so much of it; and nothing more comes."""
        with anyio.fail_after(2):
            while len(self.heard) < count:
                self._changed = anyio.Event()
                await self._changed.wait()
        await anyio.sleep(0.02)
        heard, self.heard = self.heard, []
        assert all((each.layer, each.interface, each.sender.port) == ("gossip", "eth0", PORT) for each in heard)
        return [(each.sender.ip, each.data) for each in heard]


@asynccontextmanager
async def member(network: Network, *prefixes: str) -> AsyncIterator[Member]:
    if prefixes:
        network.up("eth0", *prefixes)
    made = Member(network)
    assert made.follow() is None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(made.gossip.run)
        yield made
        tasks.cancel_scope.cancel()


async def test_what_a_member_says_arrives_with_its_mesh_address(networks: tuple[Network, Network]) -> None:
    async with member(networks[0], *A) as a, member(networks[1], *B) as b:
        assert a.say(b"hello") is None
        assert await b.hears() == [("fd00::a", b"hello")]
        assert b.say(b"hi", A) is None
        assert await a.hears() == [("fd00::b", b"hi")]


async def test_a_flood_is_read_whole(networks: tuple[Network, Network]) -> None:
    async with member(networks[0], *A) as a, member(networks[1], *B) as b:
        said = [bytes([number]) for number in range(3 * BUSY)]
        for data in said:
            a.say(data)
        assert [data for _, data in await b.hears(len(said))] == said


async def test_what_comes_by_any_other_interface_is_not_taken(networks: tuple[Network, Network]) -> None:
    one, other = networks
    wire(one, other, "eth1")
    one.up("eth1", "fd01::a/64", "10.8.0.1/24")
    other.up("eth1", "fd01::b/64", "10.8.0.2/24")
    async with member(one, *A) as a, member(other, *B) as b:
        one.ip("route add fd00::b dev eth1")  # its mesh address, by another way
        for family, ip, to in (
            (socket.AF_INET6, "fd01::a", "fd01::b"),
            (socket.AF_INET6, "fd01::a", "fd00::b"),
            (socket.AF_INET, "10.8.0.1", "10.8.0.2"),
        ):
            with one.udp(family, ip) as plain:
                plain.sendto(b"from outside", (to, PORT))
        one.ip("route del fd00::b dev eth1")
        assert a.say(b"hello") is None
        assert await b.hears() == [("fd00::a", b"hello")]


async def test_who_has_no_ipv6_is_heard_and_answered_over_ipv4(networks: tuple[Network, Network]) -> None:
    async with member(networks[0], A[1]) as a, member(networks[1], *B) as b:
        assert a.say(b"hello") is None
        assert await b.hears() == [("10.9.0.1", b"hello")]
        assert b.say(b"hi", A) is None
        assert await a.hears() == [("10.9.0.2", b"hi")]


async def test_who_has_neither_is_told_why(networks: tuple[Network, Network]) -> None:
    async with member(networks[0], A[1]) as a:
        assert a.say(b"hello", ipv4=False) is not None
    unserved = Member(networks[0])
    assert unserved.say(b"hello") == "the interface of the mesh is not there"


async def test_an_interface_that_is_made_anew_is_served_again(networks: tuple[Network, Network]) -> None:
    one, other = networks
    async with member(one, *A) as a, member(other, *B) as b:
        one.ip("link del eth0")
        assert (a.follow(), a.gossip.serving) == (None, False)
        wire(one, other)
        one.up("eth0", *A)
        other.up("eth0", *B)
        assert (a.follow(), b.follow()) == (None, None)
        assert a.say(b"again") is None
        assert await b.hears() == [("fd00::a", b"again")]


async def test_before_there_is_an_interface_nothing_is_wrong() -> None:
    network = Network()
    async with member(network) as alone:
        assert (alone.follow(), alone.gossip.serving) == (None, False)
    network.close()


async def test_the_port_may_serve_the_exchange_on_all_other_interfaces(networks: tuple[Network, Network]) -> None:
    one, other = networks
    with other.entered(), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as exchange:
        exchange.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        exchange.bind(("::", PORT))
        async with member(one, *A) as a, member(other, *B) as b:
            assert a.say(b"hello") is None
            assert await b.hears() == [("fd00::a", b"hello")]


async def test_a_port_that_another_program_keeps_is_told_and_found_free_later(
    networks: tuple[Network, Network],
) -> None:
    one, _ = networks
    one.up("eth0", *A)
    waiting = Member(one)
    with one.udp(socket.AF_INET6, "::", PORT):  # on both families
        assert waiting.follow() == f"cannot listen to UDP port {PORT}: Address already in use"
        assert not waiting.gossip.serving
    assert (waiting.follow(), waiting.gossip.serving) == (None, True)
    waiting.gossip.close()
