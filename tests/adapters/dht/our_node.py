"""Our DHT layer as a program: `python -m … PORT [--boot ADDRESS:PORT]… [--own ADDRESS]`, spoken to in lines.

Reads `look HEX [PORT]`; prints `ready`, `peer HEX ADDRESS:PORT`, `walked HEX NODES`.
"""

import os
import sys
import time

import anyio
from anyio import to_thread

from wgmesh.adapters.dht.layer import Dht
from wgmesh.adapters.dht.mainline import Found, Walked


def tell(result: Found | Walked) -> None:
    """A line for each thing that a walk came to."""
    if isinstance(result, Walked):
        print("walked", result.infohash.hex(), result.nodes, flush=True)
        return
    for peer in result.peers:
        print("peer", result.infohash.hex(), f"{peer.ip}:{peer.port}", flush=True)


def complain(reason: str, source: str) -> None:
    """What was dropped."""
    print("dropped", reason, source, flush=True)


async def obey(dht: Dht) -> None:
    """Commands, until standard input ends."""
    while line := await to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True):
        match line.split():
            case ["look", infohash]:
                dht.look_up(bytes.fromhex(infohash), None)
            case ["look", infohash, port]:
                dht.look_up(bytes.fromhex(infohash), int(port))


async def main(*arguments: str) -> None:
    """Serve until standard input ends."""
    port, *options = arguments
    pairs = list(zip(options[::2], options[1::2], strict=True))
    boot = [value.rpartition(":") for option, value in pairs if option == "--boot"]
    routers = [(host, int(number)) for host, _, number in boot]
    dht = Dht(int(port), routers, tell, complain, os.urandom, lambda: time.monotonic_ns() // 1_000_000)
    dht.live_at([value for option, value in pairs if option == "--own"])
    print(*dht.open().values() or ["ready"], flush=True)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(dht.run)
        await obey(dht)
        tasks.cancel_scope.cancel()


if __name__ == "__main__":
    anyio.run(main, *sys.argv[1:])
