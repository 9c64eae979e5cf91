"""The life of a wireguard-go: it outlives us, and whoever comes next finds it again by its socket.

It is started in a session of its own, with nothing of ours: no descriptor, no environment, no terminal. Its interface
lives and dies with it, so nothing here ends it but `end`.
"""

import os
import select
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

from wgmesh.adapters.wireguard import requirements, uapi
from wgmesh.domain.errors import WgmeshError

# Where every WireGuard in user space has its socket (wireguard.com/xplatform). It belongs to the mount namespace.
SOCKETS = Path("/run/wireguard")

# It answers within 10 ms of its start here, and a question within one.
START_SECONDS = 5.0
STEP_SECONDS = 0.002
ANSWER_SECONDS = 5.0
END_SECONDS = 2.0

_UCRED = struct.Struct("=3i")  # struct ucred: pid, uid, gid


class WireguardGo:
    """The wireguard-go that carries the interface, if one runs. One caller at a time."""

    def __init__(self, interface: str, sockets: Path = SOCKETS) -> None:
        self._interface = interface
        self.path = sockets / f"{interface}.sock"
        self._child: subprocess.Popen[bytes] | None = None
        self._pid = 0
        self._pidfd: int | None = None
        self._last_pidfd: int | None = None
        self._is_dead = False

    @property
    def pid(self) -> int:
        """The process that answered last; 0 if there was none, or it is in another process namespace."""
        return self._pid

    @property
    def pidfd(self) -> int | None:
        """Readable when the process that answered last has died; None once that was noticed."""
        return None if self._is_dead else self._pidfd

    def ask(self, request: bytes) -> bytes | None:
        """Its answer; None if none runs, or it just dies. OSError if it does not answer."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ANSWER_SECONDS)
            try:
                connection.connect(os.fspath(self.path))
                self._meet(_peer_pid(connection))
                connection.sendall(request)
                return _receive(connection)
            except (FileNotFoundError, ConnectionRefusedError, ConnectionResetError, BrokenPipeError):
                return None
            except TimeoutError:
                raise TimeoutError(f"wireguard-go (process {self._pid}) does not answer") from None

    def start(self) -> None:
        """Start one and wait until it answers; WgmeshError when it does not."""
        self._child = subprocess.Popen(
            [requirements.program(), "-f", self._interface],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"WG_PROCESS_FOREGROUND": "1"},
            cwd="/",
            start_new_session=True,
        )
        for _ in range(int(START_SECONDS / STEP_SECONDS)):
            if self._child.poll() is not None:
                break
            if self.ask(uapi.GET) is not None:
                return
            time.sleep(STEP_SECONDS)
        raise WgmeshError(f"wireguard-go did not start: run `wireguard-go -f {self._interface}` to see why")

    def end(self) -> None:
        """End the one that answered last, whatever it is doing; its interface goes with it."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            pidfd = self.pidfd
            if pidfd is None:
                return
            try:
                signal.pidfd_send_signal(pidfd, number)
            except ProcessLookupError:
                pass  # it has ended by itself
            self.wait_for_end()

    def wait_for_end(self) -> None:
        """Wait a while for a process that no longer answers to be gone, and its interface with it."""
        self._is_dead = self._pidfd is None or bool(select.select([self._pidfd], [], [], END_SECONDS)[0])
        if self._child is not None:
            self._child.poll()

    def sweep(self) -> None:
        """Remove the socket of one that has died; not to be called while one starts."""
        if self._is_dead:
            self.path.unlink(missing_ok=True)

    def _meet(self, pid: int) -> None:
        if pid == self._pid and not self._is_dead:
            return
        # Somebody may wait on the last one still: it stays open, and readable, until there is a third.
        if self._last_pidfd is not None:
            os.close(self._last_pidfd)
        self._last_pidfd = self._pidfd
        self._pid, self._pidfd, self._is_dead = pid, _open(pid), False


def _peer_pid(connection: socket.socket) -> int:
    pid: int = _UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))[0]
    return pid


def _open(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid) if pid else None
    except ProcessLookupError:
        return None


def _receive(connection: socket.socket) -> bytes | None:
    answer = b""
    while not answer.endswith(uapi.END):
        part = connection.recv(65536)
        if not part:
            return None
        answer += part
    return answer
