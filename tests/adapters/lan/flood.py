"""Programs for the tests of floods, each a process of its own, so that what one costs is measured alone.

`python -m tests.adapters.lan.flood send SIZE` floods the group; `… bare` does nothing but receive the flood, `… layer`
receives it as the layer does. The receivers say `ready`, and after the flood their processor time and growth as JSON.
"""

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

import anyio

from wgmesh.adapters.clock import Clock
from wgmesh.adapters.lan.layer import PORT, Lan
from wgmesh.adapters.udp import group_socket, own_socket
from wgmesh.domain.values import Interface

GROUP = "239.192.17.4"
COUNT = 5000
PER_SECOND = 10_000
NETWORK = "10.9.0.0/24"
# A flood that does not arrive whole must not leave its receiver behind.
PATIENCE_SECONDS = 8


class Spent:
    """What this process spends from now on."""

    def __init__(self) -> None:
        print("ready", flush=True)
        self._seconds, self._bytes = time.process_time(), _resident_bytes()

    def tell(self) -> None:
        """Print it."""
        seconds, grown = time.process_time() - self._seconds, _resident_bytes() - self._bytes
        print(json.dumps({"seconds": seconds, "grown_bytes": grown}), flush=True)


def send(size: int) -> None:
    """Send datagrams of one size, each one new, at a steady pace."""
    with own_socket("eth0", socket.AF_INET) as opened:
        began, padding = time.perf_counter(), os.urandom(size)
        for number in range(COUNT):
            opened.sendto(number.to_bytes(8, "big") + padding[8:], (GROUP, PORT))
            while number > (time.perf_counter() - began) * PER_SECOND:
                time.sleep(0.0002)


def bare() -> None:
    """Do nothing but receive."""
    with group_socket("eth0", socket.if_nametoindex("eth0"), socket.AF_INET, GROUP, PORT) as opened:
        opened.setblocking(True)
        spent = Spent()
        for _ in range(COUNT):
            opened.recvfrom(2048)
        spent.tell()


async def layer() -> None:
    """Receive as the layer does, and keep nothing."""
    count, complete = 0, anyio.Event()

    def add(*_: object) -> None:
        nonlocal count
        count += 1
        if count == COUNT:
            complete.set()

    lan = Lan(GROUP, add, add, Clock().awake)
    assert lan.follow((Interface("eth0", socket.if_nametoindex("eth0"), 1500, (NETWORK,)),)) == ()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lan.run)
        await anyio.wait_all_tasks_blocked()
        spent = Spent()
        await complete.wait()
        spent.tell()
        tasks.cancel_scope.cancel()


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


if __name__ == "__main__":
    signal.alarm(PATIENCE_SECONDS)
    match sys.argv[1:]:
        case ["send", size]:
            send(int(size))
        case ["bare"]:
            bare()
        case ["layer"]:
            anyio.run(layer)
