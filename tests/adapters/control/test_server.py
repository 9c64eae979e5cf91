import json
import os
import resource
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.to_thread import run_sync

from tests.adapters.machine import nobody
from wgmesh.adapters.control import server
from wgmesh.adapters.control.client import SOCKET_NAME, ask, socket_address
from wgmesh.adapters.control.server import CLIENTS, REQUEST_BYTES, serve_control
from wgmesh.domain.errors import WgmeshError

pytestmark = pytest.mark.anyio


async def echo(request: dict[str, Any]) -> dict[str, Any]:
    return {"asked": request}


@asynccontextmanager
async def serving(
    directory: Path, answer: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]] = echo
) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve_control, directory, answer)
        await anyio.wait_all_tasks_blocked()
        yield
        tasks.cancel_scope.cancel()


def client(directory: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    with socket_address(directory) as address:
        connection.connect(address)
    return connection


async def hear(connection: socket.socket) -> bytes:
    """All that the server says until it hangs up."""
    heard = b""
    with anyio.fail_after(5):
        while True:
            await anyio.wait_readable(connection)
            try:
                part = connection.recv(65536)
            except ConnectionResetError:
                return heard
            if not part:
                return heard
            heard += part


async def test_a_request_is_answered(directory: Path) -> None:
    async with serving(directory):
        assert await run_sync(ask, directory, {"verb": "sample"}) == {"asked": {"verb": "sample"}}
        assert await run_sync(ask, directory, {}) == {"asked": {}}


async def test_a_refusal_is_its_sentence(directory: Path) -> None:
    async def refuse(request: dict[str, Any]) -> dict[str, Any]:
        raise WgmeshError("no such peer")

    async with serving(directory, refuse):
        with client(directory) as connection:
            connection.send(b"{}\n")
            assert await hear(connection) == b'{"error":"no such peer"}\n'


@pytest.mark.parametrize(
    "request_line", [b"\n", b"[1]\n", b'{"a": NaN}\n', b'{"a":1,"a":2}\n', b"[" * 60_000 + b"\n", b"\xff\n"]
)
async def test_a_request_that_is_no_strict_json_gets_one_line(directory: Path, request_line: bytes) -> None:
    async with serving(directory):
        with client(directory) as connection:
            connection.send(request_line)
            heard = await hear(connection)
        assert heard.count(b"\n") == 1
        assert "strict JSON" in json.loads(heard)["error"]


async def test_the_socket_is_the_owners_alone_and_goes_with_the_daemon(directory: Path) -> None:
    async with serving(directory):
        mode = (directory / SOCKET_NAME).stat().st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
    assert not (directory / SOCKET_NAME).exists()


async def test_a_socket_that_a_dead_daemon_left_is_replaced(directory: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead, socket_address(directory) as address:
        dead.bind(address)
    async with serving(directory):
        assert await run_sync(ask, directory, {}) == {"asked": {}}


async def test_a_request_comes_in_pieces_and_its_sender_may_close_its_half(directory: Path) -> None:
    async with serving(directory):
        with client(directory) as connection:
            for piece in (b'{"a', b'": ', b"1}", b"\n"):
                connection.send(piece)
                await anyio.sleep(0.01)
            connection.shutdown(socket.SHUT_WR)
            assert await hear(connection) == b'{"asked":{"a":1}}\n'


async def test_half_a_request_is_no_request(directory: Path) -> None:
    async with serving(directory):
        with client(directory) as connection:
            connection.send(b'{"a": 1}')
            connection.shutdown(socket.SHUT_WR)
            assert await hear(connection) == b""


async def test_a_request_of_100_mb_is_refused_after_64_kb(directory: Path) -> None:
    async with serving(directory):
        before = resident_bytes()
        sent, piece = 0, b"x" * 65536
        with client(directory) as connection:
            with anyio.fail_after(5):
                while sent < 100_000_000:
                    await anyio.wait_writable(connection)
                    try:
                        sent += connection.send(piece)
                    except (BrokenPipeError, ConnectionResetError):
                        break
            assert sent < 1_000_000
            assert await hear(connection) == b'{"error":"a request has at most 65536 bytes"}\n'
        assert resident_bytes() - before < 2_000_000
        assert await run_sync(ask, directory, {}) == {"asked": {}}


async def test_the_longest_request_is_heard(directory: Path) -> None:
    line = b'{"a":"' + b"x" * (REQUEST_BYTES - 9) + b'"}\n'
    assert len(line) == REQUEST_BYTES
    async with serving(directory):
        for padding, wanted in ((b"", b'{"asked"'), (b" ", b'{"error"')):
            with client(directory) as connection:
                connection.setblocking(True)
                await run_sync(connection.sendall, padding + line)
                connection.setblocking(False)
                assert (await hear(connection)).startswith(wanted)


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """Room for a thousand clients in this process beside what it has open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_descriptors")
async def test_a_thousand_silent_clients_keep_nobody_waiting(directory: Path) -> None:
    async with serving(directory):
        before = len(os.listdir("/proc/self/fd"))
        with ExitStack() as crowd:
            silent = [crowd.enter_context(client(directory)) for _ in range(1000)]
            with anyio.fail_after(1.5):
                assert await run_sync(ask, directory, {}) == {"asked": {}}
            assert len(os.listdir("/proc/self/fd")) <= before + 1000 + CLIENTS
            assert await hear(silent[0]) == b""
            await anyio.sleep(server.PATIENCE_SECONDS + 0.2)
            assert await hear(silent[-1]) == b""
            assert len(os.listdir("/proc/self/fd")) == before + 1000


async def test_when_all_are_being_answered_a_newcomer_is_sent_away(directory: Path) -> None:
    go_on = anyio.Event()

    async def slow(request: dict[str, Any]) -> dict[str, Any]:
        await go_on.wait()
        return {}

    async with serving(directory, slow):
        with ExitStack() as crowd:
            waiting = [crowd.enter_context(client(directory)) for _ in range(CLIENTS)]
            for connection in waiting:
                connection.send(b"{}\n")
            await anyio.sleep(0.1)
            with client(directory) as newcomer:
                assert await hear(newcomer) == b""
            go_on.set()
            assert [await hear(connection) for connection in waiting] == [b"{}\n"] * CLIENTS


async def test_a_client_that_does_not_read_is_given_up(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PATIENCE_SECONDS", 0.1)

    async def long(request: dict[str, Any]) -> dict[str, Any]:
        return {"long": "x" * 10_000_000}

    async with serving(directory, long):
        with client(directory) as deaf, client(directory) as gone:
            for connection in (deaf, gone):
                connection.send(b"{}\n")
            gone.close()
            await anyio.sleep(0.3)
            assert 0 < len(await hear(deaf)) < 10_000_000


async def test_another_user_hears_nothing_even_where_the_files_let_him_in(directory: Path) -> None:
    async with serving(directory):
        for path in (directory.parent, directory, directory / SOCKET_NAME):
            path.chmod(0o777)
        with nobody():
            stranger = client(directory)
        with stranger:
            assert await hear(stranger) == b""
        assert await run_sync(ask, directory, {}) == {"asked": {}}


async def test_without_free_descriptors_clients_wait_until_there_are(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "STARVED_SECONDS", 0.05)
    async with serving(directory):
        with client(directory) as connection:
            connection.send(b"{}\n")
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
            try:
                await anyio.sleep(0.2)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            assert await hear(connection) == b'{"asked":{}}\n'


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
