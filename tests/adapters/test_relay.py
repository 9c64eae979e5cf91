"""A relay on a cable that stands for tunnels, with two members at its other end."""

import socket
from collections.abc import Iterator

import anyio
import anyio.lowlevel
import pytest

from tests.adapters.wires import Network, wire
from wgmesh.adapters import relay as module
from wgmesh.adapters.relay import IDLE, PACKETS_AT_ONCE, Relay
from wgmesh.domain.facts import RelayedPair
from wgmesh.domain.inputs import Unpassed
from wgmesh.domain.values import Ground

FIRST, SECOND = b"1" * 32, b"2" * 32
PAIR = RelayedPair(FIRST, SECOND, 7001, 7002, 61001, 61002, Ground(1, 1, 1))
PAIRS = {FIRST + SECOND: PAIR}
ADDRESSES = {FIRST: "fd00::1", SECOND: "fd00::2"}

# What a socket's buffer holds at once, with room.
BATCH = 50

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Place:
    """The relay's network, the members' one, a clock, and what became of pairs."""

    def __init__(self, ours: Network, theirs: Network) -> None:
        self.ours, self.theirs = ours, theirs
        self.now = 0
        self.told: list[Unpassed] = []
        self.relay = Relay("eth0", self.told.append, lambda: self.now)

    def follow(self, pairs: dict[bytes, RelayedPair]) -> None:
        with self.ours.entered():
            self.relay.follow(pairs, ADDRESSES.__getitem__)

    def member(self, address: str, port: int) -> socket.socket:
        with self.theirs.entered():
            opened = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        opened.bind((address, port))
        return opened


@pytest.fixture
def place() -> Iterator[Place]:
    ours, theirs = Network(), Network()
    wire(ours, theirs)
    ours.up("eth0", "fd00::9/64")
    theirs.up("eth0", "fd00::1/64", "fd00::2/64", "fd00::3/64")
    made = Place(ours, theirs)
    yield made
    made.relay.close()
    ours.close()
    theirs.close()


async def arrives(opened: socket.socket) -> tuple[bytes, str, int]:
    with anyio.fail_after(5):
        await anyio.wait_readable(opened)
    data, (ip, port, *_) = opened.recvfrom(4096)
    return data, ip, port


async def test_what_one_sends_to_the_others_gate_leaves_from_its_own(place: Place) -> None:
    place.follow(PAIRS)
    with place.member("fd00::1", 7001) as first, place.member("fd00::2", 7002) as second:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(place.relay.run)
            first.sendto(b"x" * 1452, ("fd00::9", 61002))
            assert await arrives(second) == (b"x" * 1452, "fd00::9", 61001)
            second.sendto(b"back", ("fd00::9", 61001))
            assert await arrives(first) == (b"back", "fd00::9", 61002)
            tasks.cancel_scope.cancel()
    assert place.told == []


async def test_what_comes_from_anywhere_else_is_dropped(place: Place) -> None:
    place.follow(PAIRS)
    second = place.member("fd00::2", 7002)
    strangers = [place.member("fd00::3", 7001), place.member("fd00::1", 7009)]
    with second, strangers[0], strangers[1], place.member("fd00::1", 7001) as first:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(place.relay.run)
            for stranger in strangers:
                stranger.sendto(b"stranger", ("fd00::9", 61002))
            first.sendto(b"itself", ("fd00::9", 61001))
            first.sendto(b"member", ("fd00::9", 61002))
            assert (await arrives(second))[0] == b"member"
            tasks.cancel_scope.cancel()


async def test_a_member_sends_so_much_and_no_more(place: Place) -> None:
    place.follow(PAIRS)
    with place.member("fd00::1", 7001) as first, place.member("fd00::2", 7002) as second:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(place.relay.run)
            for _ in range(PACKETS_AT_ONCE // BATCH):
                for _ in range(BATCH):
                    first.sendto(b"allowed", ("fd00::9", 61002))
                for _ in range(BATCH):
                    assert (await arrives(second))[0] == b"allowed"
            first.sendto(b"too much", ("fd00::9", 61002))
            with anyio.move_on_after(0.2) as waited:
                await arrives(second)
            assert waited.cancelled_caught
            second.sendto(b"of another", ("fd00::9", 61001))
            assert (await arrives(first))[0] == b"of another"
            place.now = 1
            for _ in range(4):
                first.sendto(b"a millisecond later", ("fd00::9", 61002))
                assert (await arrives(second))[0] == b"a millisecond later"
            tasks.cancel_scope.cancel()


async def test_a_pair_of_which_neither_speaks_is_told_of_after_three_minutes(place: Place) -> None:
    place.follow(PAIRS)
    place.now = IDLE - 1
    place.relay.drop_idle()
    assert place.told == []
    place.now = IDLE
    place.relay.drop_idle()
    assert place.told == [Unpassed((FIRST + SECOND,), "idle")]


async def test_gates_open_and_close_with_their_pairs(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    with place.member("fd00::1", 7001) as first, place.member("fd00::2", 7002) as second:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(place.relay.run)
            await anyio.lowlevel.checkpoint()
            place.follow(PAIRS)
            first.sendto(b"served", ("fd00::9", 61002))
            assert (await arrives(second))[0] == b"served"
            place.follow({})
            assert place.relay._gates == {}
            place.follow(dict(PAIRS))
            first.sendto(b"again", ("fd00::9", 61002))
            assert (await arrives(second))[0] == b"again"
            tasks.cancel_scope.cancel()
    assert place.relay._gates == {}


async def test_a_gate_that_another_program_has_blocks_its_pair(place: Place) -> None:
    with place.ours.entered():
        other = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    with other:
        other.bind(("::", 61001))
        place.follow(PAIRS)
        assert place.told == [Unpassed((FIRST + SECOND,), "blocked")]


async def test_without_the_interface_nothing_is_open_and_with_it_all_is(place: Place) -> None:
    relay = Relay("wgmesh7", place.told.append, lambda: 0)
    with place.ours.entered():
        relay.follow(PAIRS, ADDRESSES.__getitem__)
    assert (relay._gates, place.told) == ({}, [])
    place.follow(PAIRS)
    assert sorted(place.relay._gates) == [61001, 61002]
    place.follow(PAIRS)
