"""A network and a mount namespace of one's own, for the length of a `with`, in this very process.

So a test has real interfaces and a /run of its own, and its coverage counts. It has lo and a cable, eth0 to eth1.
Whatever it starts in there ends with it.
"""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lacking import lacks

# sched.h; Python has them, and the calls, from 3.12 on.
CLONE_FS = 0x00000200
CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
NAMESPACES = ("net", "mnt")

_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def own_namespace() -> Iterator[None]:
    """Go there, and come back whatever happens. Only this thread moves, and what it starts there."""
    if os.geteuid() != 0:
        lacks("needs root, or: unshare --user --map-root-user --net --mount ./run test")
    cwd = os.getcwd()
    before = [os.open(f"/proc/thread-self/ns/{name}", os.O_RDONLY | os.O_CLOEXEC) for name in NAMESPACES]
    _check(_libc.unshare(CLONE_NEWNET | CLONE_NEWNS))
    try:
        run("mount --make-rprivate /")
        run("mount -t tmpfs -o mode=755 run /run")
        run("ip link set lo up")
        # Usable at once: nobody else is here to have the same address.
        set_ipv6("default", "accept_dad", 0)
        # A new network has the filters of the machine's own, whatever those are.
        for place in ("all", "default"):
            Path(f"/proc/sys/net/ipv4/conf/{place}/rp_filter").write_text("0")
        run("ip link add eth0 mtu 1500 type veth peer name eth1")
        run("ip link set eth0 up")
        run("ip link set eth1 up")
        _await_carrier()
        yield
    finally:
        _end_all()
        # A thread that was begun meanwhile shares our working directory, and nobody may take such a one elsewhere.
        _check(_libc.unshare(CLONE_FS))
        for namespace in before:
            _check(_libc.setns(namespace, 0))
            os.close(namespace)
        os.chdir(cwd)


def run(command: str) -> str:
    """What the command prints; CalledProcessError, with its complaint, when it fails."""
    done = subprocess.run(command.split(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def set_ipv6(interface: str, name: str, value: int) -> None:
    """A switch of the kernel for IPv6 on an interface of this network (ip-sysctl)."""
    Path(f"/proc/sys/net/ipv6/conf/{interface}/{name}").write_text(str(value))


def _await_carrier() -> None:
    """The kernel sees the cable, and gives link-local addresses, a little later; a test begins after that."""
    for _ in range(500):
        if len(run("ip -6 -o addr show scope link").splitlines()) == 2:
            return
        time.sleep(0.01)
    raise AssertionError("the cable never came up")


def _end_all() -> None:
    mine = os.stat("/proc/thread-self/ns/net").st_ino
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid() and _namespace_of(name) == mine:
            os.kill(int(name), signal.SIGKILL)


def _namespace_of(pid: str) -> int:
    try:
        return os.stat(f"/proc/{pid}/ns/net").st_ino
    except OSError:  # it ended meanwhile
        return 0


def _check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
