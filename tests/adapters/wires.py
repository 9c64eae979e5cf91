"""Networks without names for tests of sockets: each is a file descriptor, and gone with it, however the test ends.

A thread enters a network, opens sockets and comes back; the sockets stay where they were opened. So several machines
fit in one process and one event loop.
"""

import ctypes
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.lacking import lacks
from wgmesh.domain.values import Interface

CLONE_NEWNET = 0x40000000  # linux/sched.h
OWN_NETWORK = "/proc/thread-self/ns/net"
# IPv6 without waiting for duplicates, and with no address but those that a test gives.
IPV6 = {"accept_dad": "0", "accept_ra": "0", "addr_gen_mode": "1"}

_libc = ctypes.CDLL(None, use_errno=True)


class Network:
    """A network namespace without any route. Its close leaves it to the sockets that are still in it."""

    def __init__(self) -> None:
        home = os.open(OWN_NETWORK, os.O_RDONLY)
        if _libc.unshare(CLONE_NEWNET) != 0:
            os.close(home)
            lacks("needs root, or to be root in a user namespace, to make networks")
        try:
            self.fd = os.open(OWN_NETWORK, os.O_RDONLY)
            for name, value in IPV6.items():
                with open(f"/proc/sys/net/ipv6/conf/default/{name}", "w") as switch:
                    switch.write(value)
        finally:
            _enter(home)
            os.close(home)
        self.ip("link set lo up")

    @contextmanager
    def entered(self) -> Iterator[None]:
        """What this thread opens or starts meanwhile is in this network."""
        home = os.open(OWN_NETWORK, os.O_RDONLY)
        try:
            _enter(self.fd)
            yield
        finally:
            _enter(home)
            os.close(home)

    def ip(self, command: str) -> str:
        """Run `ip` here; what it prints."""
        with self.entered():
            done = subprocess.run(["ip", *command.split()], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"ip {command}: {done.stderr}"
        return done.stdout

    def up(self, name: str, *prefixes: str) -> Interface:
        """Give an interface these addresses and wait until it multicasts; what it is then."""
        self.ip(f"link set {name} up")
        deadline = time.monotonic() + 5
        while "multicast ff00::/8" not in self.ip(f"-6 route show table local dev {name}"):
            assert time.monotonic() < deadline, f"{name} has no carrier"
            time.sleep(0.01)
        for prefix in prefixes:
            # Even unchecked, an IPv6 address is tentative until the kernel comes to it, unless it is told otherwise.
            self.ip(f"addr add {prefix} dev {name}{' nodad' if ':' in prefix else ''}")
        with self.entered():
            return Interface(name, socket.if_nametoindex(name), 1500, prefixes)

    def udp(self, family: socket.AddressFamily, ip: str, port: int = 0) -> socket.socket:
        """A plain socket here; a link-local address is one of eth0."""
        with self.entered():
            plain = socket.socket(family, socket.SOCK_DGRAM)
            scope = (0, socket.if_nametoindex("eth0")) if ip.startswith("fe80:") else ()
            plain.bind((ip, port, *scope))
            return plain

    def close(self) -> None:
        """Let go of it."""
        os.close(self.fd)


def wire(one: Network, other: Network, name: str = "eth0") -> None:
    """A cable between two networks, plugged into an interface of this name at both ends."""
    one.ip(f"link add {name} type veth peer name {name} netns /proc/{os.getpid()}/fd/{other.fd}")
    one.ip(f"link set {name} up")
    other.ip(f"link set {name} up")


def _enter(fd: int) -> None:
    assert _libc.setns(fd, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
