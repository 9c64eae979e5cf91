"""What a test may ask of the machine it runs on: not every machine lets us become somebody else, or speaks IPv6."""

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lacking import lacks

NOBODY = 65534


@contextmanager
def nobody() -> Iterator[None]:
    """Meanwhile this process is an ordinary user without any privilege."""
    us = os.geteuid()
    try:
        os.seteuid(NOBODY)
    except OSError:
        lacks("only root of the whole machine can become somebody else")
    try:
        yield
    finally:
        os.seteuid(us)


def _loopbacks() -> dict[socket.AddressFamily, str]:
    loopbacks = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:  # some containers have no IPv6 at all
        del loopbacks[socket.AF_INET6]
    return loopbacks


LOOPBACKS = _loopbacks()


def let_everybody_in(directory: Path) -> None:
    """Let other users reach this directory of a test: pytest's own above it are closed to them."""
    temporary = Path(tempfile.gettempdir())
    for each in (directory, *directory.parents):
        if temporary in each.parents:
            each.chmod(0o755)
