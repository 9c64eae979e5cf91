import math

import anyio
import pytest

from wgmesh.adapters.inbox import DATAGRAMS, Inbox
from wgmesh.adapters.udp import Datagram
from wgmesh.domain.values import Endpoint

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def datagram(number: int) -> Datagram:
    return Datagram("lan", "eth0", Endpoint("192.0.2.1", 51830), number.to_bytes(4, "big"))


async def test_items_come_before_datagrams_and_each_in_its_order() -> None:
    inbox = Inbox[str]()
    inbox.put_datagram(datagram(1))
    inbox.put("timer")
    inbox.put_datagram(datagram(2))
    inbox.put("leave")
    assert inbox.take() == ["timer", "leave", datagram(1), datagram(2)]
    assert inbox.take() == []


async def test_a_turn_takes_no_more_than_its_limit() -> None:
    inbox = Inbox[str]()
    for number in range(3):
        inbox.put_datagram(datagram(number))
    inbox.put("timer")
    assert inbox.take(2) == ["timer", datagram(0)]
    assert inbox.take(2) == [datagram(1), datagram(2)]


async def test_a_full_inbox_drops_the_oldest_datagram_and_never_an_item() -> None:
    inbox = Inbox[int]()
    for number in range(2 * DATAGRAMS):
        inbox.put(number)
        inbox.put_datagram(datagram(number))
    taken = inbox.take(4 * DATAGRAMS)
    assert inbox.dropped == DATAGRAMS
    assert taken == [*range(2 * DATAGRAMS), *map(datagram, range(DATAGRAMS, 2 * DATAGRAMS))]


async def test_waiting_ends_at_once_when_something_is_there() -> None:
    inbox = Inbox[str]()
    inbox.put("timer")
    with anyio.fail_after(1):
        await inbox.wait(math.inf)
    inbox.take()
    inbox.put_datagram(datagram(1))
    with anyio.fail_after(1):
        await inbox.wait(math.inf)


@pytest.mark.parametrize("item", ["timer", datagram(1)])
async def test_waiting_ends_when_something_arrives(item: str | Datagram) -> None:
    inbox = Inbox[str]()

    async def arrive() -> None:
        await anyio.sleep(0.02)
        if isinstance(item, Datagram):
            inbox.put_datagram(item)
        else:
            inbox.put(item)

    with anyio.fail_after(1):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(arrive)
            await inbox.wait(math.inf)
            assert inbox.take() == [item]


@pytest.mark.parametrize(("timeout_seconds", "at_least"), [(0.05, 0.05), (0, 0), (-3, 0)])
async def test_waiting_ends_with_its_time(timeout_seconds: float, at_least: float) -> None:
    inbox = Inbox[str]()
    inbox.put("over")
    inbox.take()
    began = anyio.current_time()
    await inbox.wait(timeout_seconds)
    assert at_least <= anyio.current_time() - began < at_least + 0.5
