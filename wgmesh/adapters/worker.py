"""A process of ours that answers lines on its pipes: it is started when there is something to ask, and ends by itself.

It gets its pipes and our standard error, nothing else of ours; its environment is what it was given, and where to find
us. What it is told is in no arguments, which everybody may read.
"""

import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

import wgmesh

END_SECONDS = 2.0


class LineWorker:
    """At most one process at a time, and one question at a time, from whatever thread.

    `program`: a module that is run; `name`: of it in errors; `answer_seconds`: it is given up where it says nothing for
    so long. `greeting`: lines that each process is told before anything is asked.
    """

    def __init__(
        self,
        program: str,
        name: str,
        answer_seconds: float,
        environment: Mapping[str, str] | None = None,
        greeting: Callable[[], bytes] = bytes,
    ) -> None:
        self._program, self._name, self._answer_seconds = program, name, answer_seconds
        self._environment, self._greeting = dict(environment or {}), greeting
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The process that runs now; None most of the time."""
        return self._process.pid if self._process is not None else None

    def ask(self, request: bytes, *, again: bool = True) -> bytes:
        """One line there, one line back; OSError when there is no answer.

        `again`: what does no harm twice is asked of another process where one that ran already ended instead.
        """
        with self._turn:
            self._bury()
            was_running = self._process is not None
            answer = self._exchange(request)
            if not answer and was_running and again:
                # It fell asleep just then, and has read nothing of it.
                answer = self._exchange(request)
        if not answer:
            raise ConnectionResetError(f"{self._name} ended without an answer")
        return answer

    def bury(self) -> None:
        """Let go of a process that fell asleep: until then it stands in the system's table as a zombie."""
        with self._turn:
            self._bury()

    def close(self) -> None:
        """End the process, if there is one; the next question starts another."""
        with self._turn:
            self._close()

    def abandon(self) -> None:
        """Kill the process, whatever it is at, without waiting: who waits for its answer hears that there is none."""
        process = self._process
        if process is not None:
            process.kill()
        threading.Thread(target=self.close, name=self._name, daemon=True).start()

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
        process.stdin.close()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _exchange(self, request: bytes) -> bytes:
        """The answer, or nothing if the process ended instead."""
        said = request + b"\n"
        if self._process is None:
            self._process = self._start()
            said = self._greeting() + said
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._tell(self._process.stdin.fileno(), said)
        except BrokenPipeError:
            answer = b""
        else:
            answer = self._read_line(self._process.stdout.fileno())
        if not answer:
            self._close()
        return answer

    def _tell(self, pipe: int, said: bytes) -> None:
        """A pipe holds 64 KiB, and takes the rest as the process reads."""
        while said:
            if not select.select([], [pipe], [], self._answer_seconds)[1]:
                self._give_up()
            said = said[os.write(pipe, said) :]

    def _read_line(self, pipe: int) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            if not select.select([pipe], [], [], self._answer_seconds)[0]:
                self._give_up()
            read = os.read(pipe, 65536)
            if not read:
                return b""
            line += read
        return line

    def _give_up(self) -> NoReturn:
        assert self._process is not None
        self._process.kill()
        self._close()
        raise TimeoutError(f"{self._name} did not answer within {self._answer_seconds:g} s")

    def _start(self) -> subprocess.Popen[bytes]:
        # A session of its own: the ctrl-C of a terminal is not for it, it ends with its pipes.
        process = subprocess.Popen(
            [sys.executable, "-m", self._program],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._environment | {"PYTHONPATH": str(Path(wgmesh.__file__).parents[1])},
            cwd="/",
            start_new_session=True,
        )
        assert process.stdin is not None
        os.set_blocking(process.stdin.fileno(), False)  # a hung process must not hang us
        return process
