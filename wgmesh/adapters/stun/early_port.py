"""WireGuard's port before WireGuard has it: an ordinary socket asks from there, and lets go of it.

The way without CAP_NET_RAW. It works once, at the start; what a NAT makes of the port later is for peers to tell.
"""

import os
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack

import anyio

from wgmesh.adapters.stun.raw_port import RawPort
from wgmesh.adapters.udp import arrivals, port_socket, send
from wgmesh.domain import stun
from wgmesh.domain.values import Endpoint

FAMILIES = (socket.AF_INET, socket.AF_INET6)
# A question is said so often, with so long between; the last is waited for as long.
TIMES, WAIT_SECONDS = 3, 0.25

Answer = tuple[Endpoint, Endpoint]


def may_share(port: int) -> bool:
    """May this process speak from a port that another one has? Then there is no hurry to ask before."""
    try:
        RawPort(socket.AF_INET, port).close()
    except PermissionError:
        return False
    except OSError:  # too many open files, no IPv4: whoever opens it later says so
        return True
    return True


async def ask_early(port: int, servers: Sequence[Endpoint]) -> tuple[Answer, ...]:
    """Which servers see this port where; nothing where the port is taken. Takes at most 0.75 s."""
    transactions = {server: os.urandom(stun.TRANSACTION_BYTES) for server in servers}
    answers: dict[Endpoint, Endpoint] = {}
    with ExitStack() as opened:
        sockets = {family: held for family in FAMILIES if (held := _open(family, port)) is not None}
        for held in sockets.values():
            opened.enter_context(held)
        for _ in range(TIMES):
            _ask(sockets, {server: each for server, each in transactions.items() if server not in answers})
            with anyio.move_on_after(WAIT_SECONDS):
                while sockets and len(answers) < len(servers):
                    await _readable(sockets.values())
                    answers |= dict(_heard(sockets.values(), transactions))
    return tuple(answers.items())


def _open(family: socket.AddressFamily, port: int) -> socket.socket | None:
    try:
        return port_socket(family, port)
    except OSError:  # no such family, or somebody was quicker: then there is nothing to learn
        return None


def _ask(sockets: dict[socket.AddressFamily, socket.socket], transactions: dict[Endpoint, bytes]) -> None:
    for server, transaction in transactions.items():
        held = sockets.get(socket.AF_INET6 if ":" in server.ip else socket.AF_INET)
        if held is not None:
            send(held, stun.request(transaction), (server.ip, server.port))


async def _readable(sockets: Iterable[socket.socket]) -> None:
    """Return when there is something to read on one of them."""
    async with anyio.create_task_group() as tasks:

        async def wait(held: socket.socket) -> None:
            await anyio.wait_readable(held)
            tasks.cancel_scope.cancel()

        for held in sockets:
            tasks.start_soon(wait, held)


def _heard(sockets: Iterable[socket.socket], transactions: dict[Endpoint, bytes]) -> Iterator[Answer]:
    """What waits, as far as it comes from whom we asked and answers what we asked."""
    for held in sockets:
        for data, _, (ip, port, *_) in arrivals(held):
            server = Endpoint(ip, port)
            endpoint = stun.mapped(data, transactions[server]) if server in transactions else None
            if endpoint is not None:
                yield server, endpoint
