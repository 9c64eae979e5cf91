"""The worker's loop: a line in, a line out, and an end."""

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import msgspec
import pytest

from tests.source import ROOT
from wgmesh.adapters.netlink.kernel import Kernel
from wgmesh.adapters.netlink.requests import Answer, Label, Link, Look, Survey
from wgmesh.adapters.netlink.serve import serve


class Pipes:
    """The worker's loop in a thread, and our ends of its pipes."""

    def __init__(self, idle_seconds: float) -> None:
        (requests, to_worker), (answers, from_worker) = os.pipe(), os.pipe()
        self.to_worker, self.answers = os.fdopen(to_worker, "wb"), os.fdopen(answers, "rb")
        self._theirs = os.fdopen(requests, "rb"), os.fdopen(from_worker, "wb")
        self._thread = threading.Thread(target=self._run, args=(idle_seconds,))
        self._thread.start()

    def ask(self, request: object) -> Answer:
        self.to_worker.write(msgspec.json.encode(request) + b"\n")
        self.to_worker.flush()
        return msgspec.json.decode(self.answers.readline(), type=Answer)

    def close(self) -> None:
        self.to_worker.close()
        self._thread.join()
        for end in (self.answers, *self._theirs):
            end.close()

    def ends_by_itself(self) -> bool:
        self._thread.join(5)
        return not self._thread.is_alive()

    def _run(self, idle_seconds: float) -> None:
        with Kernel() as kernel:
            serve(kernel, *self._theirs, idle_seconds)


@pytest.fixture
def pipes() -> Iterator[Pipes]:
    pipes = Pipes(idle_seconds=60)
    yield pipes
    pipes.close()


def test_each_request_has_its_answer(pipes: Pipes) -> None:
    for _ in range(3):
        link = msgspec.json.decode(pipes.ask(Look("lo")).value, type=Link | None)
        assert link is not None
        assert link.name == "lo"
    assert len(msgspec.json.decode(pipes.ask(Survey()).value, type=tuple[Link, ...])) >= 1


def test_a_refusal_is_an_answer(pipes: Pipes) -> None:
    assert pipes.ask(Label("nosuch0", "x")).error == errno.ENODEV


def test_it_ends_when_nobody_asks() -> None:
    pipes = Pipes(idle_seconds=0.05)
    assert pipes.ends_by_itself()
    pipes.close()


def test_it_ends_with_its_caller_and_prints_nothing_else() -> None:
    command = [sys.executable, "-m", "wgmesh.adapters.netlink.serve"]
    done = subprocess.run(
        command, input=b'{"type":"Look","interface":"lo"}\n', capture_output=True, cwd=ROOT, check=True
    )
    assert msgspec.json.decode(done.stdout, type=Answer).error == 0
    assert done.stderr == b""
