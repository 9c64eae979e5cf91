"""Our layer among independent nodes of libtorrent, each on a subnet of its own."""

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator

import anyio
import pytest

from tests.adapters.dht.speaker import LIBTORRENT, Speaker, introduce, speaker
from tests.namespaces.lab import require_namespaces
from wgmesh.adapters.dht.compact import Contact
from wgmesh.adapters.dht.layer import Dht
from wgmesh.adapters.dht.mainline import Found, Walked
from wgmesh.adapters.netns.lab import Lab
from wgmesh.domain.values import Endpoint

OURS = [sys.executable, "-m", "tests.adapters.dht.our_node"]
COUNT = 12
PORT = 6881


# 198.18.0.0/15 is for tests (RFC 2544), and no exempt network of BEP 42: with enforcement on, ids must fit it.
@pytest.fixture(params=[("10.18", ()), ("198.18", ("--enforce",))], ids=["private", "enforced"])
def machines(request: pytest.FixtureRequest) -> Iterator[tuple[list[Speaker], list[Speaker]]]:
    """Twelve nodes of libtorrent and two of ours, each at an address in a /24 of its own; ours know one of theirs."""
    pytest.importorskip("libtorrent")
    require_namespaces()
    network, options = request.param
    with Lab() as lab:
        segment = lab.segment("inet")
        host = lab.node("host")
        addresses = [f"{network}.{number}.1" for number in range(COUNT + 2)]
        lab.plug(host, segment, *(f"{address}/16" for address in addresses[:COUNT]))
        boot = ("--boot", f"{addresses[0]}:{PORT}")
        theirs = [speaker(host, *LIBTORRENT, address, PORT, *options) for address in addresses[:COUNT]]
        ours = []
        for number in range(2):
            node = lab.node(f"ours{number}")
            lab.plug(node, segment, f"{addresses[COUNT + number]}/16")
            ours.append(speaker(node, *OURS, PORT, *boot, "--own", addresses[COUNT + number]))
        for each in (*theirs, *ours):
            each.awaits("ready")
        for _ in range(3):  # with enforcement each first has to learn from others which id it may have
            introduce(theirs, addresses[:COUNT], PORT)
            time.sleep(1)
        yield theirs, ours
        for each in (*theirs, *ours):
            each.end()


@pytest.mark.namespaces
def test_libtorrent_finds_what_we_announce_and_we_find_what_it_announces(
    machines: tuple[list[Speaker], list[Speaker]], request: pytest.FixtureRequest
) -> None:
    theirs, ours = machines
    network = "198.18" if "enforced" in request.node.name else "10.18"
    infohash, other = os.urandom(20).hex(), os.urandom(20).hex()
    ours[0].say("look", infohash, 51821)
    ours[0].awaits(f"walked {infohash} 8", again=lambda: ours[0].say("look", infohash, 51821))
    theirs[7].say("get", infohash)
    theirs[7].awaits(
        f"peer {infohash} {network}.{COUNT}.1:51821",
        again=lambda: theirs[7].say("get", infohash),
    )
    ours[1].say("look", infohash)
    ours[1].awaits(f"peer {infohash} {network}.{COUNT}.1:51821", again=lambda: ours[1].say("look", infohash))

    def announce_and_look() -> None:
        theirs[3].say("announce", other, 7777)
        ours[1].say("look", other)

    announce_and_look()
    ours[1].awaits(f"peer {other} {network}.3.1:7777", again=announce_and_look)


def free_port() -> int:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


async def until(holds: Callable[[], bool]) -> None:
    """Look every few milliseconds."""
    holding = False
    while not holding:
        await anyio.sleep(0.01)
        holding = holds()


def awake_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def lonely(port: int, results: list[Found | Walked], dropped: list[str]) -> Dht:
    return Dht(
        port, [], results.append, lambda reason, source: dropped.append(f"{reason} {source}"), os.urandom, awake_ms
    )


def test_where_the_port_is_taken_any_other_will_do() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("", 0))
        dht = lonely(int(other.getsockname()[1]), [], [])
        assert dht.open() == {}
        dht.close()


@pytest.mark.parametrize("loopback", ["127.0.0.1", "::1"])
def test_two_of_us_meet_over_either_family_and_garbage_is_counted(loopback: str) -> None:
    async def meet() -> tuple[list[Found | Walked], list[Found | Walked], list[str]]:
        first_port, second_port, infohash = free_port(), free_port(), os.urandom(20)
        heard, found, dropped = list[Found | Walked](), list[Found | Walked](), list[str]()
        first, second = lonely(first_port, heard, dropped), lonely(second_port, found, [])
        assert first.open() == second.open() == {}
        second.add([Contact(b"f" * 20, Endpoint(loopback, first_port))])
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(first.run)
            tasks.start_soon(second.run)
            with anyio.fail_after(20):
                family = socket.AF_INET6 if ":" in loopback else socket.AF_INET
                with socket.socket(family, socket.SOCK_DGRAM) as stranger:
                    stranger.sendto(b"garbage", (loopback, first_port))
                second.look_up(infohash, 51821)
                await until(lambda: any(isinstance(each, Walked) and each.nodes for each in found))
                assert [contact.endpoint.port for contact in first.contacts(family)] == [second_port]
                first.look_up(infohash, None)
                second.look_up(infohash, None)
                await until(lambda: any(isinstance(each, Found) for each in found) and bool(dropped))
            tasks.cancel_scope.cancel()
        return heard, found, dropped

    _, found, dropped = anyio.run(meet)
    (peers,) = [each.peers for each in found if isinstance(each, Found)]
    assert peers == (Endpoint(loopback, 51821),)
    assert dropped == [f"dht {loopback}"]
