"""The daemon's end of the operator's socket: a client is root or the daemon's own user, or hears nothing.

A conversation is one request and one answer. Whoever keeps us waiting is sent away: after PATIENCE_SECONDS, or earlier
when a newcomer needs the room. So nobody, slow, silent or numerous, keeps the operator from the daemon.
"""

import contextlib
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import msgspec

from wgmesh.adapters.control.client import SOCKET_NAME, socket_address
from wgmesh.adapters.control.request import decode
from wgmesh.domain.errors import WgmeshError

REQUEST_BYTES = 64 * 1024
CLIENTS = 32
# A client is a program on this machine: it has its line ready, and takes the answer at once.
PATIENCE_SECONDS = 2.0
# Connections that wait in the kernel until we come to them.
BACKLOG = 1024
# With no descriptor free, clients wait in the backlog until others end.
STARVED_SECONDS = 1.0

Answer = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


async def serve_control(directory: Path, answer: Answer) -> None:
    """Answer requests until cancelled; a WgmeshError of `answer` becomes `{"error": its sentence}`.

    The caller holds the directory's lock: a socket that is already there is nobody's, and is replaced. OSError if the
    directory cannot be written.
    """
    with _listening(directory) as listener:
        async with anyio.create_task_group() as tasks:
            desk = _Desk(answer)
            while True:
                client = await _accept(listener)
                if _may_ask(client) and desk.admit(client):
                    tasks.start_soon(desk.serve, client)
                else:
                    client.close()


class _Desk:
    """The clients that are being served: those who have yet to ask, in order of arrival, and those who have asked."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._asking: dict[socket.socket, None] = {}
        self._asked: dict[socket.socket, None] = {}

    def admit(self, client: socket.socket) -> bool:
        """Find a place for a client, that of the longest silent one if need be; False if there is none."""
        if len(self._asking) + len(self._asked) >= CLIENTS:
            if not self._asking:
                return False
            self._dismiss(next(iter(self._asking)))
        self._asking[client] = None
        return True

    async def serve(self, client: socket.socket) -> None:
        """Hear one request and answer it, then close."""
        try:
            line = await _read_line(client)
            if line and client in self._asking:
                self._asked[client] = self._asking.pop(client)
                await _write(client, msgspec.json.encode(await self._reply(line)) + b"\n")
        finally:
            self._dismiss(client)

    async def _reply(self, line: bytes) -> dict[str, Any]:
        try:
            if len(line) > REQUEST_BYTES:
                raise WgmeshError(f"a request has at most {REQUEST_BYTES} bytes")
            return await self._answer(decode(line))
        except WgmeshError as error:
            return {"error": str(error)}

    def _dismiss(self, client: socket.socket) -> None:
        self._asking.pop(client, None)
        self._asked.pop(client, None)
        if client.fileno() >= 0:
            anyio.notify_closing(client)
            client.close()


@contextlib.contextmanager
def _listening(directory: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as listener:
        # Linux gives the file the mode of the socket, so there is no moment in which others could connect.
        os.fchmod(listener.fileno(), 0o600)
        (directory / SOCKET_NAME).unlink(missing_ok=True)
        with socket_address(directory) as address:
            listener.bind(address)
        listener.listen(BACKLOG)
        try:
            yield listener
        finally:
            (directory / SOCKET_NAME).unlink(missing_ok=True)


async def _accept(listener: socket.socket) -> socket.socket:
    while True:
        await anyio.wait_readable(listener)
        try:
            client, _ = listener.accept()
        except OSError:
            await anyio.sleep(STARVED_SECONDS)
            continue
        client.setblocking(False)
        return client


def _may_ask(client: socket.socket) -> bool:
    # struct ucred: pid, uid, gid
    credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return struct.unpack("3i", credentials)[1] in (0, os.geteuid())


async def _read_line(client: socket.socket) -> bytes:
    """What the client says up to its newline, or to one byte too many; nothing if it goes, idles or is sent away."""
    line = b""
    # it hung up; it was dismissed
    with contextlib.suppress(OSError, anyio.ClosedResourceError), anyio.move_on_after(PATIENCE_SECONDS):
        while b"\n" not in line and len(line) <= REQUEST_BYTES:
            await anyio.wait_readable(client)
            part = client.recv(REQUEST_BYTES + 1 - len(line))
            if not part:
                return b""
            line += part
        return line
    return b""


async def _write(client: socket.socket, answer: bytes) -> None:
    rest = memoryview(answer)
    # it hung up before it heard all
    with contextlib.suppress(OSError), anyio.move_on_after(PATIENCE_SECONDS):
        while rest:
            await anyio.wait_writable(client)
            rest = rest[client.send(rest) :]
