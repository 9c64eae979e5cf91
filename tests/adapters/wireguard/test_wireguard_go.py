"""The life of the process, without anything that is made of it."""

import os
import select
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from wgmesh.adapters.wireguard import wireguard_go
from wgmesh.adapters.wireguard.uapi import GET
from wgmesh.adapters.wireguard.wireguard_go import WireguardGo
from wgmesh.domain.errors import WgmeshError


@pytest.fixture
def process(namespace: None) -> Iterator[WireguardGo]:
    process = WireguardGo("wgmesh0")
    yield process
    process.end()


@pytest.mark.namespaces
def test_one_that_was_started_answers_and_one_that_was_ended_does_not(process: WireguardGo) -> None:
    assert process.ask(GET) is None
    assert (process.pid, process.pidfd) == (0, None)
    process.start()
    answer = process.ask(GET)
    assert answer is not None
    assert answer.endswith(b"errno=0\n\n")
    assert os.path.basename(os.readlink(f"/proc/{process.pid}/exe")) == "wireguard-go"
    process.end()
    assert process.ask(GET) is None
    assert process.pidfd is None
    assert not Path(f"/proc/{process.pid}").exists()  # not even a zombie


@pytest.mark.namespaces
def test_one_that_stands_still_is_named_and_can_be_ended_all_the_same(
    process: WireguardGo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wireguard_go, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(wireguard_go, "END_SECONDS", 0.2)
    process.start()
    os.kill(process.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)  # its last thread may have answered until then
    with pytest.raises(TimeoutError, match=rf"wireguard-go \(process {process.pid}\) does not answer"):
        process.ask(GET)
    process.end()
    assert process.pidfd is None
    assert process.ask(GET) is None


@pytest.mark.namespaces
def test_the_socket_of_a_dead_one_is_swept_away_and_that_of_a_living_one_is_not(process: WireguardGo) -> None:
    process.start()
    process.sweep()
    assert process.path.exists()
    pidfd = process.pidfd
    assert pidfd is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait_for_end()
    assert select.select([pidfd], [], [], 0)[0] == [pidfd]
    assert process.path.exists()
    assert process.ask(GET) is None
    process.sweep()
    assert not process.path.exists()


@pytest.mark.namespaces
def test_another_one_is_met_by_its_own_number(process: WireguardGo) -> None:
    process.start()
    first = process.pid
    os.kill(first, signal.SIGKILL)
    process.wait_for_end()
    assert process.ask(GET) is None
    process.start()
    assert process.pid != first
    assert process.pidfd is not None


@pytest.mark.namespaces
def test_one_that_ends_at_once_is_told_with_a_way_to_see_why(process: WireguardGo, namespace: None) -> None:
    process.start()
    second = WireguardGo("wgmesh0", Path("/run/elsewhere"))
    with pytest.raises(WgmeshError, match="run `wireguard-go -f wgmesh0` to see why"):
        second.start()


def test_an_answer_that_breaks_off_is_none(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "wgmesh0.sock"))
        listener.listen()
        thread = threading.Thread(target=lambda: _answer(listener, b"private_key=00\n"))
        thread.start()
        process = WireguardGo("wgmesh0", tmp_path)
        assert process.ask(GET) is None
        thread.join()
        assert process.pid == os.getpid()


def _answer(listener: socket.socket, text: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(100)
        connection.sendall(text)
