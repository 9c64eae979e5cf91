"""Our end of the pipes: started when asked, asked again when it slept, given up when it hangs, and never in the way."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from wgmesh.adapters import worker as worker_module
from wgmesh.adapters.netlink.requests import Look
from wgmesh.adapters.netlink.worker import PROGRAM
from wgmesh.adapters.worker import LineWorker

LOOK = msgspec.json.encode(Look("lo"))
HANGING = "tests.adapters.test_worker"


def line_worker(program: str = PROGRAM, seconds: float = 30, greeting: bytes = b"") -> LineWorker:
    return LineWorker(program, "the netlink worker", seconds, {"SPOKEN": "here"}, lambda: greeting)


def pid_of(worker: LineWorker) -> int | None:
    return worker.pid


def pid_of_one_that_answered(worker: LineWorker) -> int:
    worker.ask(LOOK)
    assert worker.pid is not None
    return worker.pid


def kill(pid: int) -> None:
    """Kill it, and wait until it is dead, though not buried."""
    os.kill(pid, signal.SIGKILL)
    while Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z":
        time.sleep(0.01)


@pytest.fixture
def worker() -> Iterator[LineWorker]:
    worker = line_worker()
    yield worker
    worker.close()


def test_it_runs_only_once_asked_and_answers_further_questions(worker: LineWorker) -> None:
    assert pid_of(worker) is None
    assert b'"lo"' in worker.ask(LOOK)
    first = pid_of(worker)
    assert first is not None
    assert b'"lo"' in worker.ask(LOOK)
    assert pid_of(worker) == first
    worker.close()
    assert pid_of(worker) is None
    assert not Path(f"/proc/{first}").exists()


def test_one_that_ended_meanwhile_is_replaced_without_a_word(worker: LineWorker) -> None:
    first = pid_of_one_that_answered(worker)
    os.kill(first, signal.SIGKILL)
    assert b'"lo"' in worker.ask(LOOK)
    assert pid_of(worker) != first


def test_one_that_fell_asleep_while_it_was_asked_is_replaced_as_well(
    worker: LineWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = pid_of_one_that_answered(worker)
    monkeypatch.setattr(worker, "_bury", lambda: None)  # it was still there when we looked
    kill(first)
    assert b'"lo"' in worker.ask(LOOK)
    assert pid_of(worker) != first


def test_one_that_ended_is_buried(worker: LineWorker) -> None:
    worker.bury()
    first = pid_of_one_that_answered(worker)
    worker.bury()
    assert pid_of(worker) == first
    kill(first)
    worker.bury()
    assert pid_of(worker) is None
    assert not Path(f"/proc/{first}").exists()


@pytest.mark.parametrize("again", [True, False])
def test_what_may_not_be_done_twice_is_not_asked_again(
    worker: LineWorker, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    pid = pid_of_one_that_answered(worker)
    monkeypatch.setattr(worker, "_bury", lambda: None)
    kill(pid)
    if again:
        assert b'"lo"' in worker.ask(LOOK, again=again)
    else:
        with pytest.raises(ConnectionResetError, match="ended without an answer"):
            worker.ask(LOOK, again=again)
        assert pid_of(worker) is None


def test_each_process_is_greeted_once_and_the_questions_come_after() -> None:
    worker = line_worker(greeting=LOOK + b"\n")
    assert b'"lo"' in worker.ask(b'{"type":"Look","interface":"nosuch0"}')  # the answer to its greeting
    assert b"null" in worker.ask(LOOK)
    worker.close()


def test_one_that_hangs_is_given_up(worker: LineWorker) -> None:
    pid = pid_of_one_that_answered(worker)
    os.kill(pid, signal.SIGSTOP)
    worker._answer_seconds = 0.1
    with pytest.raises(TimeoutError, match=r"did not answer within 0\.1 s"):
        worker.ask(LOOK)
    assert pid_of(worker) is None


def test_one_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "END_SECONDS", 0.1)
    worker = line_worker()
    pid = pid_of_one_that_answered(worker)
    os.kill(pid, signal.SIGSTOP)
    worker.close()
    assert not Path(f"/proc/{pid}").exists()


def test_one_that_does_not_even_listen_is_given_up_though_its_pipe_is_full() -> None:
    worker = line_worker(HANGING, seconds=0.2, greeting=b"x" * 1_000_000)
    with pytest.raises(TimeoutError, match="did not answer"):
        worker.ask(LOOK)
    assert pid_of(worker) is None


def test_one_that_nobody_waits_for_any_more_is_dead_at_once_and_who_waited_hears_of_it() -> None:
    worker, errors = line_worker(HANGING), list[OSError]()

    def ask() -> None:
        try:
            worker.ask(LOOK)
        except OSError as error:
            errors.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    while (pid := pid_of(worker)) is None:
        time.sleep(0.01)
    worker.abandon()
    thread.join(5)
    assert [str(error) for error in errors] == ["the netlink worker ended without an answer"]
    assert not Path(f"/proc/{pid}").exists()
    worker.abandon()  # there is none any more


def test_one_that_cannot_even_start_is_an_error() -> None:
    worker = line_worker("wgmesh.nosuch")
    with pytest.raises(ConnectionResetError, match="ended without an answer"):
        worker.ask(LOOK)
    assert pid_of(worker) is None


def test_it_holds_nothing_of_ours(worker: LineWorker, monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert sorted(filter(None, names)) == [b"PYTHONPATH", b"SPOKEN"]


def test_two_threads_get_their_own_answers(worker: LineWorker) -> None:
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


if __name__ == "__main__":
    time.sleep(60)
