import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.adapters.machine import nobody
from wgmesh.adapters.control.client import SOCKET_NAME, ask, socket_address
from wgmesh.domain.errors import NotRunning, WgmeshError


@contextmanager
def daemon(directory: Path, talk: Callable[[socket.socket], None]) -> Iterator[None]:
    """Somebody who listens and has one conversation."""
    with socket.socket(socket.AF_UNIX) as listener:
        with socket_address(directory) as address:
            listener.bind(address)
        listener.listen(1)

        def serve() -> None:
            with listener.accept()[0] as client:
                talk(client)

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join(5)
        assert not thread.is_alive()


def answering(answer: bytes) -> Callable[[socket.socket], None]:
    def talk(client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(answer)

    return talk


def test_a_question_gets_its_answer(directory: Path) -> None:
    asked: list[bytes] = []

    def talk(client: socket.socket) -> None:
        asked.append(client.recv(65536))
        client.sendall(b'{"peers":[]')
        client.sendall(b"}\n")

    with daemon(directory, talk):
        assert ask(directory, {"verb": "sample"}) == {"peers": []}
    assert asked == [b'{"verb": "sample"}\n']


def test_an_answer_of_megabytes_is_read_whole(directory: Path) -> None:
    with daemon(directory, answering(b'{"peers":"' + b"x" * 3_000_000 + b'"}\n')):
        assert len(ask(directory, {})["peers"]) == 3_000_000


def test_a_refusal_is_raised_in_the_daemons_words(directory: Path) -> None:
    with (
        daemon(directory, answering(b'{"error": "no such peer"}\n')),
        pytest.raises(WgmeshError, match=r"^no such peer$"),
    ):
        ask(directory, {})


def test_without_directory_or_socket_or_listener_no_daemon_runs(directory: Path) -> None:
    with pytest.raises(NotRunning, match="no daemon runs"):
        ask(directory / "missing", {})
    with pytest.raises(NotRunning, match="no daemon runs"):
        ask(directory, {})
    with daemon(directory, answering(b"{}\n")):
        ask(directory, {})
    assert (directory / SOCKET_NAME).exists()
    with pytest.raises(NotRunning, match="no daemon runs"):
        ask(directory, {})


def wait(done: threading.Event) -> None:
    assert done.wait(5)


def test_a_silent_daemon_is_a_sentence(directory: Path) -> None:
    done = threading.Event()
    with daemon(directory, lambda _: wait(done)):
        with pytest.raises(WgmeshError, match=r"no answer within 0\.1 s"):
            ask(directory, {}, timeout_seconds=0.1)
        done.set()


@pytest.mark.parametrize("answer", [b"", b'{"peers": '])
def test_a_daemon_that_hangs_up_is_a_sentence(directory: Path, answer: bytes) -> None:
    with daemon(directory, answering(answer)), pytest.raises(WgmeshError, match="without an answer"):
        ask(directory, {})


def test_a_daemon_that_hangs_up_at_once_is_a_sentence(directory: Path) -> None:
    with daemon(directory, lambda client: None), pytest.raises(WgmeshError) as caught:
        ask(directory, {"padding": "x" * 10_000_000})
    assert str(caught.value).startswith("the daemon ")


def test_who_may_not_ask_is_told(directory: Path) -> None:
    with nobody(), pytest.raises(WgmeshError, match="belongs to another user"):
        ask(directory, {})


def test_a_state_directory_that_is_a_file_is_a_sentence(directory: Path) -> None:
    (directory / "file").touch()
    with pytest.raises(WgmeshError, match="Not a directory"):
        ask(directory / "file", {})


def test_to_ask_loads_neither_an_event_loop_nor_any_library() -> None:
    program = "import sys; import wgmesh.adapters.control.client; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert {"anyio", "asyncio", "msgspec"}.isdisjoint(loaded)
