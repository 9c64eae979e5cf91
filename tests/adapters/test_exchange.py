"""Two machines on a cable, in one process, with the exchange's sockets on one port each."""

import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import pytest

from tests.adapters.wires import Network, wire
from wgmesh.adapters.exchange import WAYS, Exchange
from wgmesh.adapters.udp import Datagram
from wgmesh.domain.values import Endpoint

pytestmark = [pytest.mark.anyio, pytest.mark.namespaces]

PORT = 52777


class Station:
    """An exchange in a network, and what it delivers and rejects."""

    def __init__(self, network: Network, port: int = PORT) -> None:
        self.heard: list[Datagram] = []
        self.rejected: list[tuple[str, str]] = []
        self.exchange = Exchange(port, self._deliver, lambda reason, source: self.rejected.append((reason, source)))
        self._arrived = anyio.Event()
        self.network = network

    def open(self) -> str:
        with self.network.entered():
            return self.exchange.open()

    async def hears(self) -> Datagram:
        """The next datagram."""
        with anyio.fail_after(2):
            await self._arrived.wait()
        self._arrived = anyio.Event()
        return self.heard[-1]

    def _deliver(self, datagram: Datagram) -> None:
        self.heard.append(datagram)
        self._arrived.set()


@asynccontextmanager
async def stations(*each: Station) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        for station in each:
            tasks.start_soon(station.exchange.run)
        await anyio.lowlevel.checkpoint()
        yield
        tasks.cancel_scope.cancel()


@pytest.fixture
def pair() -> Iterator[tuple[Network, Network]]:
    a, b = Network(), Network()
    wire(a, b)
    yield a, b
    a.close()
    b.close()


@pytest.mark.parametrize("prefixes", [("10.9.0.1/24", "10.9.0.2/24"), ("2001:db8::1/64", "2001:db8::2/64")])
async def test_what_is_said_over_either_family_is_heard_with_its_sender(
    pair: tuple[Network, Network], prefixes: tuple[str, str]
) -> None:
    here, there = (Endpoint(prefix.partition("/")[0], PORT) for prefix in prefixes)
    for network, prefix in zip(pair, prefixes, strict=True):
        network.up("eth0", prefix)
    one, other = (Station(network) for network in pair)
    assert (one.open(), other.open()) == ("", "")
    async with stations(one, other):
        data = os.urandom(1200)
        assert one.exchange.send(there, data) is None
        assert await other.hears() == Datagram("exchange", "", here, data)
        answer = os.urandom(512)
        assert other.exchange.send(here, answer) is None
        assert (await one.hears()).data == answer


@pytest.mark.parametrize(("second", "asker"), [("10.9.0.77/24", "10.9.0.2/24"), ("2001:db8::77/64", "2001:db8::2/64")])
async def test_who_asked_one_of_several_addresses_is_answered_from_that_one(
    pair: tuple[Network, Network], second: str, asker: str
) -> None:
    a, b = pair
    a.up("eth0", "10.9.0.1/24", "2001:db8::1/64", second)
    b.up("eth0", asker)
    one = Station(a)
    one.open()
    asked = Endpoint(second.partition("/")[0], PORT)
    family = socket.AF_INET6 if ":" in asked.ip else socket.AF_INET
    async with stations(one):
        with b.udp(family, asker.partition("/")[0]) as plain:
            plain.settimeout(2)
            plain.sendto(bytes(256), (asked.ip, asked.port))
            heard = await one.hears()
            assert one.exchange.send(heard.sender, bytes(512)) is None
            assert plain.recvfrom(1500)[1][:2] == (asked.ip, asked.port)
            a.ip(f"addr del {second} dev eth0")
            assert one.exchange.send(heard.sender, bytes(512)) is None, "then from whatever address there is"
            assert plain.recvfrom(1500)[1][0] != asked.ip


async def test_other_sizes_are_counted_and_not_handed_on(pair: tuple[Network, Network]) -> None:
    a, b = pair
    a.up("eth0", "10.9.0.1/24")
    b.up("eth0", "10.9.0.2/24")
    one = Station(a)
    one.open()
    async with stations(one):
        with b.udp(socket.AF_INET, "10.9.0.2") as plain:
            for size in (0, 255, 257, 1201, 9000, 256):
                plain.sendto(bytes(size), ("10.9.0.1", PORT))
        assert len((await one.hears()).data) == 256
        assert one.rejected == [("size", "10.9.0.2")] * 5


async def test_a_taken_port_is_a_sentence_and_works_when_it_is_free(pair: tuple[Network, Network]) -> None:
    a, b = pair
    a.up("eth0", "10.9.0.1/24")
    b.up("eth0", "10.9.0.2/24")
    one = Station(a)
    with a.udp(socket.AF_INET6, "::", PORT):  # of both families
        assert one.open() == f"UDP port {PORT} cannot be opened (Address already in use): it is tried again"
        assert not one.exchange.serving
        assert one.exchange.send(Endpoint("10.9.0.2", 1), bytes(256)) == "there is no socket for its family"
    async with stations(one):
        assert one.open() == ""
        with b.udp(socket.AF_INET, "10.9.0.2") as plain:
            plain.sendto(bytes(256), ("10.9.0.1", PORT))
        await one.hears()


async def test_gossip_may_have_the_same_port_on_a_device_of_its_own(pair: tuple[Network, Network]) -> None:
    a, _ = pair
    a.up("eth0", "10.9.0.1/24", "2001:db8::1/64")
    one = Station(a)
    one.open()
    with a.entered(), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as gossip:
        gossip.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        gossip.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        gossip.bind(("2001:db8::1", PORT))
    async with stations(one):
        assert one.exchange.serving


async def test_a_million_senders_fill_no_memory(pair: tuple[Network, Network]) -> None:
    one = Station(pair[0])
    for number in range(WAYS + 1000):
        one.exchange._keep_way((f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 7), "10.9.0.1")
    assert len(one.exchange._ways) == WAYS


async def test_its_sockets_end_with_it(pair: tuple[Network, Network]) -> None:
    one = Station(pair[0])
    before = len(os.listdir("/proc/self/fd"))
    one.open()
    async with stations(one):
        assert len(os.listdir("/proc/self/fd")) >= before + 2
    assert not one.exchange.serving
