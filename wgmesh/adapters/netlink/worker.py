"""Our end of the worker's pipes: it is started when there is something to ask, and anew if it just went to sleep.

It gets its pipes and our standard error, nothing else of ours; its environment is empty but for where to find us.
"""

import os
import select
import subprocess
import sys
import threading
from pathlib import Path

import wgmesh

# A start takes 0.2 s on a desktop, seconds on the smallest machines, more while they boot; an answer takes a few ms.
# What takes longer than this is asked again later.
ANSWER_SECONDS = 30.0
END_SECONDS = 2.0
PROGRAM = "wgmesh.adapters.netlink.serve"


class Worker:
    """At most one process at a time, and one question at a time, from whatever thread."""

    def __init__(self, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._answer_seconds = answer_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The process that runs now; None most of the time."""
        return self._process.pid if self._process is not None else None

    def ask(self, request: bytes) -> bytes:
        """One line there, one line back; OSError when there is no answer."""
        with self._turn:
            self._bury()
            was_running = self._process is not None
            answer = self._exchange(request)
            if not answer and was_running:
                # It fell asleep just then, and has read nothing of it.
                answer = self._exchange(request)
        if not answer:
            raise ConnectionResetError("the netlink worker ended without an answer")
        return answer

    def bury(self) -> None:
        """Let go of a process that fell asleep: until then it stands in the system's table as a zombie."""
        with self._turn:
            self._bury()

    def close(self) -> None:
        """End the process, if there is one; the next question starts another."""
        with self._turn:
            self._close()

    def _bury(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            self._close()

    def _close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.close()
        try:
            process.stdin.close()
        except BrokenPipeError:
            pass  # it ended before it read what was still in the pipe
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _exchange(self, request: bytes) -> bytes:
        """The answer, or nothing if the process ended instead."""
        if self._process is None:
            self._process = _start()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(request + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            answer = b""
        else:
            answer = self._read_line(self._process.stdout.fileno())
        if not answer:
            self._close()
        return answer

    def _read_line(self, pipe: int) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            if not select.select([pipe], [], [], self._answer_seconds)[0]:
                self._kill()
                raise TimeoutError(f"the netlink worker did not answer within {self._answer_seconds} s")
            read = os.read(pipe, 65536)
            if not read:
                return b""
            line += read
        return line

    def _kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._close()


def _start() -> subprocess.Popen[bytes]:
    # A session of its own: the ctrl-C of a terminal is not for it, it ends with its pipes.
    return subprocess.Popen(
        [sys.executable, "-m", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(Path(wgmesh.__file__).parents[1])},
        cwd="/",
        start_new_session=True,
    )
