"""Programs of the DHT tests that are spoken to in lines, each in a node of a laboratory."""

import os
import sys
import time
from collections.abc import Callable
from subprocess import PIPE
from typing import Any

from wgmesh.adapters.netns.lab import Node
from wgmesh.adapters.netns.program import Program

LIBTORRENT = [sys.executable, "-m", "tests.adapters.dht.libtorrent_node"]
# libtorrent announces when its own walk ends, which takes it up to this long.
PATIENCE_SECONDS = 60.0


class Speaker:
    """A program that is spoken to in lines; what it said stays."""

    def __init__(self, program: Program) -> None:
        assert program.stdout
        self._program = program
        self.said: list[str] = []
        os.set_blocking(program.stdout.fileno(), False)

    def say(self, *words: object) -> None:
        assert self._program.stdin
        self._program.stdin.write(" ".join(map(str, words)) + "\n")
        self._program.stdin.flush()

    def end(self) -> None:
        with self._program:
            self._program.kill()

    def hear(self) -> None:
        assert self._program.stdout
        while line := self._program.stdout.readline():
            self.said.append(line.strip())

    def awaits(self, line: str, again: Callable[[], Any] = lambda: None) -> float:
        """Seconds until it says so; `again` is called every two seconds meanwhile."""
        began, asked = time.monotonic(), time.monotonic()
        while line not in self.said:
            assert time.monotonic() - began < PATIENCE_SECONDS, f"never said {line!r}, but {self.said[-20:]}"
            if time.monotonic() - asked > 2:
                asked = time.monotonic()
                again()
            time.sleep(0.02)
            self.hear()
        return time.monotonic() - began


def speaker(node: Node, *argv: object) -> Speaker:
    return Speaker(node.popen([str(word) for word in argv], stdin=PIPE, stdout=PIPE, bufsize=1))


def introduce(theirs: list[Speaker], addresses: list[str], port: int) -> None:
    """Everybody is told of everybody, once all listen: libtorrent waits 15 s for one that did not listen yet."""
    for each in theirs:
        for address in addresses:
            each.say("add", address, port)
