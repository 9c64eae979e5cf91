"""Our end of the pipes: started when asked, asked again when it slept, given up when it hangs, and never in the way."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from wgmesh.adapters.netlink import worker as worker_module
from wgmesh.adapters.netlink.requests import Look
from wgmesh.adapters.netlink.worker import Worker

LOOK = msgspec.json.encode(Look("lo"))


def pid_of(worker: Worker) -> int | None:
    return worker.pid


def kill(pid: int) -> None:
    """Kill it, and wait until it is dead, though not buried."""
    os.kill(pid, signal.SIGKILL)
    while Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z":
        time.sleep(0.01)


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.close()


def test_it_runs_only_once_asked_and_answers_further_questions(worker: Worker) -> None:
    assert pid_of(worker) is None
    assert b'"lo"' in worker.ask(LOOK)
    first = pid_of(worker)
    assert first is not None
    assert b'"lo"' in worker.ask(LOOK)
    assert pid_of(worker) == first
    worker.close()
    assert pid_of(worker) is None
    assert not Path(f"/proc/{first}").exists()


def test_one_that_ended_meanwhile_is_replaced_without_a_word(worker: Worker) -> None:
    worker.ask(LOOK)
    first = pid_of(worker)
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert b'"lo"' in worker.ask(LOOK)
    assert pid_of(worker) != first


def test_one_that_fell_asleep_while_it_was_asked_is_replaced_as_well(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.ask(LOOK)
    first = pid_of(worker)
    assert first is not None
    monkeypatch.setattr(worker, "_bury", lambda: None)  # it was still there when we looked
    kill(first)
    assert b'"lo"' in worker.ask(LOOK)
    assert pid_of(worker) != first


def test_one_that_ended_is_buried(worker: Worker) -> None:
    worker.bury()
    worker.ask(LOOK)
    first = pid_of(worker)
    assert first is not None
    worker.bury()
    assert pid_of(worker) == first
    kill(first)
    worker.bury()
    assert pid_of(worker) is None
    assert not Path(f"/proc/{first}").exists()


def test_one_that_hangs_is_given_up(worker: Worker) -> None:
    worker.ask(LOOK)
    pid = pid_of(worker)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    worker._answer_seconds = 0.1
    with pytest.raises(TimeoutError, match=r"did not answer within 0\.1 s"):
        worker.ask(LOOK)
    assert pid_of(worker) is None


def test_one_that_cannot_even_start_is_an_error(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "PROGRAM", "wgmesh.nosuch")
    with pytest.raises(ConnectionResetError, match="ended without an answer"):
        worker.ask(LOOK)
    assert pid_of(worker) is None


def test_it_holds_nothing_of_ours(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WGMESH_SECRET", "canary")
    read, write = os.pipe()
    os.set_inheritable(write, True)
    worker.ask(LOOK)
    os.close(write)
    assert os.read(read, 1) == b""  # nobody else has the other end
    os.close(read)
    pid = pid_of(worker)
    assert pid is not None
    assert os.getsid(pid) == pid
    names = [line.partition(b"=")[0] for line in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")]
    assert sorted(filter(None, names)) == [b"PYTHONPATH"]


def test_two_threads_get_their_own_answers(worker: Worker) -> None:
    wrong: list[bytes] = []

    def ask(name: str) -> None:
        for _ in range(50):
            answer = worker.ask(msgspec.json.encode(Look(name)))
            if (b'"lo"' in answer) != (name == "lo"):
                wrong.append(answer)

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("lo", "nosuch0")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_caller_never_loads_pyroute2() -> None:
    script = (
        "import sys, wgmesh.adapters.wireguard\n"
        "from wgmesh.adapters.netlink.links import Links\n"
        "links = Links(); assert links.look('lo') is not None; links.close()\n"
        "sys.exit('pyroute2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
