"""The DHT in the daemon, with real sockets on the loopback: two that know each other's address meet by an infohash."""

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import anyio

from wgmesh.adapters import state_files
from wgmesh.adapters.dht.compact import Contact, pack_contacts
from wgmesh.daemon.dht_walks import DhtWalks
from wgmesh.domain.inputs import Found, Input, Resumed
from wgmesh.domain.values import Endpoint, Interface
from wgmesh.node import Walk


def awake_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def walker(directory: Path, port: int, put: Callable[[Input], None]) -> DhtWalks:
    directory.mkdir(mode=0o700)
    return DhtWalks(directory, port, (), put, lambda *_: None, awake_ms)


def test_what_one_announces_is_put_before_the_other_and_good_nodes_are_kept(tmp_path: Path) -> None:
    async def meet() -> list[Input]:
        first_port, infohash, found = free_port(), os.urandom(20), list[Input]()
        first = walker(tmp_path / "first", first_port, lambda _: None)
        second = walker(tmp_path / "second", free_port(), found.append)
        known = pack_contacts([Contact(b"f" * 20, Endpoint("127.0.0.1", first_port))])
        state_files.write_dht_nodes(tmp_path / "second", "IPv4", known)
        second.follow((Interface("lo", 1, 65536, ("127.0.0.1/8",)),))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(first.run)
            tasks.start_soon(second.run)
            with anyio.fail_after(20):
                searching = True
                while searching:
                    second.walk([Walk(infohash, 51821)])
                    await anyio.sleep(0.1)
                    searching = not any(isinstance(each, Found) for each in found)
            tasks.cancel_scope.cancel()
        return [found[0], next(each for each in found if isinstance(each, Found))]

    assert anyio.run(meet) == [Resumed("dht"), Found("dht", (Endpoint("127.0.0.1", 51821),))]
    assert state_files.read_dht_nodes(tmp_path / "first", "IPv4") != b""
