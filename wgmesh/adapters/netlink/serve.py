"""The worker: `python -m wgmesh.adapters.netlink.serve` answers requests on its pipes, and ends when none come.

It has no state: whoever asks may start another one at any time, and ask again what was not answered.
"""

import errno
import select
import sys
from typing import BinaryIO

import msgspec

from wgmesh.adapters.netlink.kernel import Kernel
from wgmesh.adapters.netlink.requests import Answer, Request

# Long enough for a burst of changes to meet it still there, short enough not to count as the daemon's memory.
IDLE_SECONDS = 3.0


def serve(kernel: Kernel, requests: BinaryIO, answers: BinaryIO, idle_seconds: float = IDLE_SECONDS) -> None:
    """Answer line by line, until the requests end or none comes for so long."""
    while select.select([requests], [], [], idle_seconds)[0]:
        line = requests.readline()
        if not line:
            return
        answers.write(msgspec.json.encode(_answer(kernel, line)) + b"\n")
        answers.flush()


def _answer(kernel: Kernel, line: bytes) -> Answer:
    request = msgspec.json.decode(line, type=Request)
    try:
        return Answer(value=msgspec.Raw(msgspec.json.encode(kernel.answer(request))))
    except OSError as error:
        return Answer(error=error.errno or errno.EIO)


if __name__ == "__main__":
    with Kernel() as kernel:
        serve(kernel, sys.stdin.buffer, sys.stdout.buffer)
