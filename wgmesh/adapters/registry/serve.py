"""What speaks HTTPS: `python -m wgmesh.adapters.registry.serve` carries out requests on its pipes until they end.

It lives for one visit, and dies with who started it. urllib3's megabytes are its own.
"""

import sys
import time
import zlib
from collections.abc import Iterable
from typing import BinaryIO

import msgspec

from wgmesh.adapters.clock import Clock
from wgmesh.adapters.registry.board import Board
from wgmesh.adapters.registry.dialects import dialect_of
from wgmesh.adapters.registry.http import Answer, Http
from wgmesh.adapters.registry.lines import Asked, Outcome, Place, Recall
from wgmesh.domain.errors import Refused
from wgmesh.domain.values import SECOND


class Time:
    """The clocks that a board goes by."""

    def __init__(self) -> None:
        self._clock = Clock()

    def now(self) -> tuple[int, int]:
        """Wall clock and steady clock, ms."""
        return self._clock.now()

    def sleep(self, ms: int) -> None:
        """Block for so long."""
        time.sleep(ms / SECOND)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Learn where from the first line, and answer the others, until they end."""
    if line := requests.readline():
        answer_all(board_at(msgspec.json.decode(line, type=Place)), requests, answers)


def answer_all(board: Board, requests: Iterable[bytes], answers: BinaryIO) -> None:
    """Answer line by line. Who does not wait for an answer any more has ended, and so do we."""
    try:
        for line in requests:
            answers.write(msgspec.json.encode(_outcome(board, msgspec.json.decode(line, type=Asked))) + b"\n")
    except BrokenPipeError:
        return


def board_at(place: Place) -> Board:
    """The board, with what was kept of it."""
    dialect = dialect_of(place.url)
    http = Http(place.url, dialect.headers_with(place.token))
    kept = msgspec.msgpack.decode(zlib.decompress(place.kept), type=dict[str, Answer]) if place.kept else {}
    return Board(http, dialect, place.repository, place.title, Time(), kept)


def _outcome(board: Board, asked: Asked) -> Outcome:
    try:
        value = _recalled(board) if isinstance(asked, Recall) else board.carry_out(asked)
    except Refused as refused:
        return Outcome(refused=str(refused), wait=refused.wait)
    return Outcome(msgspec.Raw(msgspec.json.encode(value)))


def _recalled(board: Board) -> bytes:
    # A page is the same few addresses over and over, and the daemon carries it for as long as it lives.
    return zlib.compress(msgspec.msgpack.encode(board.kept))


if __name__ == "__main__":
    # Unbuffered: what nobody takes any more is not tried a second time while we end.
    with open(sys.stdout.fileno(), "wb", buffering=0) as answers:
        serve(sys.stdin.buffer, answers)
