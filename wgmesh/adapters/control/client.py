"""One question to the running daemon: of the standard library alone, because every verb waits for its imports."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wgmesh.domain.errors import NotRunning, WgmeshError

SOCKET_NAME = "control.sock"
# A thousand peers with a dozen facts each are a megabyte; more is no answer of ours.
ANSWER_BYTES = 16 * 1024 * 1024
# How long the daemon may be busy with what it was asked: removing an interface takes a second or two.
TIMEOUT_SECONDS = 10.0


@contextmanager
def socket_address(directory: Path) -> Iterator[str]:
    """A short name for the socket, good inside the block: AF_UNIX paths end at 107 bytes, directories do not."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{fd}/{SOCKET_NAME}"
    finally:
        os.close(fd)


def ask(directory: Path, request: dict[str, Any], timeout_seconds: float = TIMEOUT_SECONDS) -> dict[str, Any]:
    """What the daemon of this state directory answers.

    NotRunning if there is none; WgmeshError if we may not ask it, if it stays silent for so long, or with its own
    words if it refuses.
    """
    answer = _decode(_exchange(directory, json.dumps(request).encode() + b"\n", timeout_seconds))
    if "error" in answer:
        raise WgmeshError(str(answer["error"]))
    return answer


def _exchange(directory: Path, line: bytes, timeout_seconds: float) -> bytes:
    try:
        with socket_address(directory) as address, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_seconds)
            connection.connect(address)
            connection.sendall(line)
            return _read(connection)
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise NotRunning(f"no daemon runs on {directory}: start one with wgmesh join") from error
    except PermissionError as error:
        raise WgmeshError(f"{directory} belongs to another user: ask as root, or as the daemon's user") from error
    except (TimeoutError, BlockingIOError) as error:
        raise WgmeshError(f"the daemon gave no answer within {timeout_seconds:g} s: ask again") from error
    except OSError as error:
        raise WgmeshError(f"the daemon could not be asked: {error.strerror}") from error


def _read(connection: socket.socket) -> bytes:
    answer = bytearray()
    while len(answer) <= ANSWER_BYTES and (part := connection.recv(65536)):
        answer += part
    return bytes(answer)


def _decode(answer: bytes) -> dict[str, Any]:
    try:
        decoded: dict[str, Any] = json.loads(answer)
    except ValueError as error:
        raise WgmeshError("the daemon ended the conversation without an answer: ask again") from error
    return decoded
