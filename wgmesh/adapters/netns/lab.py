"""The laboratory itself: segments, nodes, and the cables between them.

The rule: no node reaches anything but its segments. There is no default route, and no link to the outside.
"""

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL, PIPE
from types import TracebackType
from typing import Any, Self

from wgmesh.adapters.netns.access import refusal, require_programs
from wgmesh.adapters.netns.program import Program, enter
from wgmesh.domain.errors import WgmeshError

# Death by SIGKILL and the kernel's cleaning up take milliseconds; this is for a busy machine.
TEARDOWN_SECONDS = 10.0

# Starts the first process, which holds the builder's pipe too and ends with it; then waits until all are gone, and
# removes their files. The nsenter of a stopped program has stopped as well, and must be woken to see the end of it; if
# the builder dies meanwhile, the kernel sends SIGHUP to the whole group, for nobody is left to continue it.
GUARD = """
trap '' HUP
scratch=$1
shift
exec 3<&0
unshare "$@" <&3 3<&- &
exec >/dev/null 2>&1
cat
kill -CONT 0
wait
rm -rf "$scratch"
"""

# How a first process begins. Its /proc is still the builder's, and so is the process number that it reports when it is
# ready. `put` passes over what this kernel does not have.
BEGIN = """
read -r pid rest < /proc/self/stat
mount -t tmpfs -o mode=755 run /run
put() { value=$1; shift; for file; do [ ! -e "$file" ] || echo "$value" > "$file"; done; }
"""

# What a first process becomes: one that waits. For what ignores SIGCHLD, the kernel itself reaps the orphans.
BECOME = 'echo "$pid"; exec > /dev/null env --ignore-signal=CHLD'

# The network of the laboratory's first process has the bridges and is called the fabric. It has no address and says
# nothing of its own, and what its bridges pass on is no business of an IP firewall.
LAB_SETUP = f"""{BEGIN}
put 1 /proc/sys/net/ipv6/conf/default/disable_ipv6
put 0 /proc/sys/net/bridge/bridge-nf-call-*
{BECOME} cat
"""

# A node's first process keeps its namespaces: bound to files, they get lost at random on some kernels (6.18). Its sysfs
# shows its own interfaces, its addresses are usable at once (accept_dad), and it asks for no routers (accept_ra).
NODE_SETUP = f"""{BEGIN}
mount -t proc proc /proc
mount -t sysfs sysfs /sys
hostname "$1"
hostname > /run/hostname
[ ! -e /etc/hostname ] || mount --bind /run/hostname /etc/hostname
put 0 /proc/sys/net/ipv6/conf/*/accept_dad /proc/sys/net/ipv6/conf/*/accept_ra
ip link set lo up
{BECOME} sleep infinity
"""


def configure(pid: int, *commands: str) -> None:
    """Run commands of ip(8) in the network namespace of a laboratory's process, in one go.

    Raises WgmeshError with what ip said.
    """
    argv = [*enter(pid, "net"), "ip", "-batch", "-"]
    done = subprocess.run(argv, input="\n".join(commands), text=True, capture_output=True, check=False)
    if done.returncode:
        raise WgmeshError(f"The laboratory's network cannot be built: ip says: {done.stderr.strip()}")


@dataclass(frozen=True)
class Link:
    """A cable: `interface` is the node's end, `port` the other one, on the bridge `segment` of the fabric."""

    interface: str
    port: str
    segment: str


@dataclass
class Node:
    """A machine, as far as a program can tell: own network, processes, host name, /run. `pid`: its first process."""

    name: str
    pid: int
    lab: "Lab"
    links: list[Link] = field(default_factory=list)

    def command(self, argv: Sequence[str | Path], cwd: Path | None = None) -> list[str]:
        """The command line that runs `argv` in this node, in a session of its own, at `cwd` (default: here)."""
        words = enter(self.pid, "net", "mount", "uts", "pid")
        return [*words, f"--wdns={cwd or Path.cwd()}", "--", "setsid", *map(str, argv)]

    def popen(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Program:
        """Start a program that ends with the laboratory at the latest.

        `env` is added to our environment; `options` are those of subprocess.Popen, with /dev/null for stdin.
        """
        return self.lab.start(self.command(argv, cwd), env={**os.environ, **(env or {})}, **options)

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        stdin: str = "",
        timeout_seconds: float = 30,
        check: bool = True,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, with what it prints captured as text.

        Raises TimeoutExpired; with `check`, CalledProcessError where it does not exit with 0.
        """
        words = [str(word) for word in argv]
        with self.popen(words, cwd=cwd, env=env, stdin=PIPE, stdout=PIPE, stderr=PIPE) as program:
            try:
                out, err = program.communicate(stdin, timeout_seconds)
            finally:
                program.kill()
        if check and program.returncode:
            failure = subprocess.CalledProcessError(program.returncode, words, out, err)
            failure.add_note(f"on {self.name}: {err or out}")
            raise failure
        return subprocess.CompletedProcess(words, program.returncode, out, err)

    def ping(self, address: str, *, timeout_seconds: float = 2) -> bool:
        """Does this address, IPv4 or IPv6, answer one echo request in time?"""
        argv = ["ping", "-n", "-c1", f"-W{timeout_seconds:g}", address]
        return self.run(argv, check=False, timeout_seconds=timeout_seconds + 5).returncode == 0


class Lab:
    """Segments and nodes, from `with` to the end of its block. `pid`: the process whose network has the bridges.

    `scratch` is an empty directory, at one path for us and for all nodes, that is removed with the laboratory.
    Entering raises WgmeshError, with the remedy, where the system has no namespaces for us.
    """

    def __init__(self) -> None:
        self.pid = 0
        self.nodes: dict[str, Node] = {}
        self._ports = 0
        self._programs: list[Program] = []

    def __enter__(self) -> Self:
        require_programs()
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        argv = [*user, "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-euc", LAB_SETUP]
        self.scratch = Path(tempfile.mkdtemp(prefix="wgmesh-"))
        guard = ["sh", "-c", GUARD, "sh", str(self.scratch), *argv]
        self._guard = Program(guard, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True, process_group=0)
        self.pid = _reported_pid(self._guard)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End all that runs in the laboratory; returns when the last process and file are gone."""
        assert self._guard.stdin
        self._guard.stdin.close()
        for process in (*self._programs, self._guard):
            process.wait(TEARDOWN_SECONDS)

    def segment(self, name: str) -> str:
        """Make a LAN: a bridge that passes every multicast to everybody. At most 15 characters; returns the name."""
        bridge = f"link add {name} type bridge forward_delay 0 mcast_snooping 0"
        configure(self.pid, bridge, f"link set {name} up")
        return name

    def node(self, name: str) -> Node:
        """Make a machine with this host name and no interface but lo."""
        words = ["--net", "--mount", "--uts", "--pid", "--fork", "--kill-child", "sh", "-euc", NODE_SETUP, "sh", name]
        process = self.start([*enter(self.pid, "mount", "pid"), "--", "unshare", *words], stdout=PIPE, stderr=PIPE)
        self.nodes[name] = Node(name, _reported_pid(process), self)
        return self.nodes[name]

    def plug(self, node: Node, segment: str, *addresses: str) -> Link:
        """Connect a node to a segment as eth0, eth1, …, with these addresses ("10.1.1.1/24", "fd00::1/64").

        No route leads anywhere but to the link itself. Without addresses there is still IPv6's link-local one.
        """
        link = Link(f"eth{len(node.links)}", f"port{self._ports}", segment)
        self._ports += 1
        peer = f"peer name {link.interface} netns {node.pid}"
        configure(self.pid, f"link add {link.port} up master {segment} type veth {peer}")
        added = (f"addr add {address} dev {link.interface}" for address in addresses)
        configure(node.pid, f"link set {link.interface} up", *added)
        node.links.append(link)
        return link

    def start(self, argv: Sequence[str], **options: Any) -> Program:
        """Start a process that ends with the laboratory; `argv` begins with `enter(…, "pid")`."""
        self._programs = [program for program in self._programs if program.poll() is None]
        options = {"stdin": DEVNULL, "text": True, "errors": "replace", **options}
        program = Program(argv, process_group=self._guard.pid, **options)
        self._programs.append(program)
        return program


def _reported_pid(process: Program) -> int:
    """The number that a first process reports when it is ready. Raises WgmeshError where it never is."""
    assert process.stdout
    assert process.stderr
    with process.stdout, process.stderr:
        if line := process.stdout.readline():
            return int(line)
        said = process.stderr.read().strip()
    if process.stdin:
        process.stdin.close()
    process.wait(TEARDOWN_SECONDS)
    raise WgmeshError(refusal(said))
