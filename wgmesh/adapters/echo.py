"""Asks a machine's kernel for an echo (ICMPv6, RFC 4443 section 4) through the tunnel: it answers for a dead daemon.

A question is asked up to four times within a second, since any of them or its answer may be lost. Each has a socket of
its own for that second, so nothing wakes us between questions.
"""

import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import anyio
from anyio.abc import TaskGroup

REQUEST, REPLY = 128, 129
# Type, code, checksum (the kernel's business), identifier, number.
HEADER = struct.Struct("!BBHHH")
TIMES, WAIT_SECONDS = 4, 0.25
READ_BYTES = 64
# Questions under way at once; a node doubts a few peers at a time.
CAP = 64
# <linux/icmpv6.h>: which types a raw socket hears; a set bit is a type that it does not.
ICMPV6_FILTER = 1


class Echoes:
    """Asks through one interface; `answered` is called with the address that answered, in the event loop's thread."""

    def __init__(self, interface: str, answered: Callable[[str], None]) -> None:
        self._interface, self._answered = interface, answered
        self._tasks: TaskGroup | None = None
        self._under_way = 0

    async def run(self) -> None:
        """Serve the questions that `ask` begins, until cancelled."""
        try:
            async with anyio.create_task_group() as self._tasks:
                await anyio.sleep_forever()
        finally:
            self._tasks = None

    def ask(self, address: str) -> str | None:
        """Ask this IPv6 address; None, or the reason why the question did not leave."""
        if self._tasks is None or self._under_way >= CAP:
            return "too many questions are under way"
        mark = os.urandom(4)
        request = HEADER.pack(REQUEST, 0, 0, *struct.unpack("!HH", mark)) + mark
        try:
            opened = self._send(address, request)
        except OSError as error:
            return error.strerror or str(error)
        self._under_way += 1
        self._tasks.start_soon(self._wait, opened, address, request)
        return None

    def _send(self, address: str, request: bytes) -> socket.socket:
        with _closed_on_error(_icmp_socket()) as opened:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._interface.encode())
            opened.connect((address, 0))
            opened.send(request)
            return opened

    async def _wait(self, opened: socket.socket, address: str, request: bytes) -> None:
        """Until the answer is there, or the last request had its time."""
        try:
            with opened:
                for number in range(1, TIMES + 1):
                    if await _is_answered(opened, request[HEADER.size :]):
                        self._answered(address)
                        return
                    if number < TIMES:
                        _send_again(opened, request)
        finally:
            self._under_way -= 1


def _icmp_socket() -> socket.socket:
    """One that anybody in net.ipv4.ping_group_range may open; else one that takes CAP_NET_RAW, as root has it."""
    try:
        return socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, socket.IPPROTO_ICMPV6)
    except PermissionError:
        with _closed_on_error(
            socket.socket(socket.AF_INET6, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.IPPROTO_ICMPV6)
        ) as opened:
            heard = bytearray(b"\xff" * 32)
            struct.pack_into("=I", heard, 4 * (REPLY >> 5), 0xFFFFFFFF & ~(1 << (REPLY & 31)))
            opened.setsockopt(socket.IPPROTO_ICMPV6, ICMPV6_FILTER, bytes(heard))
            return opened


@contextmanager
def _closed_on_error(opened: socket.socket) -> Iterator[socket.socket]:
    try:
        yield opened
    except OSError:
        opened.close()
        raise


async def _is_answered(opened: socket.socket, mark: bytes) -> bool:
    with anyio.move_on_after(WAIT_SECONDS):
        while not _is_reply(opened, mark):
            await anyio.wait_readable(opened)
        return True
    return False


def _send_again(opened: socket.socket, request: bytes) -> None:
    with suppress(OSError):  # what does not leave is not answered, and that is all that is asked
        opened.send(request)


def _is_reply(opened: socket.socket, mark: bytes) -> bool:
    """Is what waits the answer to our question? Its payload comes back as it was."""
    try:
        data = opened.recv(READ_BYTES)
    except OSError:  # nothing yet, or somebody on the way says that it cannot be reached: we go on waiting
        return False
    return len(data) == HEADER.size + len(mark) and data[0] == REPLY and data.endswith(mark)
