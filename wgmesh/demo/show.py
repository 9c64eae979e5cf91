"""The demo's course: form the mesh, ping every pair, kill a daemon under a running ping and see it come back."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from wgmesh.adapters.netns.access import require_tun
from wgmesh.adapters.netns.lab import Lab, Node
from wgmesh.adapters.netns.program import Program
from wgmesh.demo.story import COLOURS, Chronicle, Story, Teller
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.secret import format_uri, mint

FORMING_SECONDS = 30
PING_SECONDS = 5
# The ping that runs while a daemon is killed: 4 s of it.
STEADY_PINGS = 40
STEADY_PAUSE_SECONDS = 0.1
POLL_SECONDS = 0.05


class Machine(Struct):
    """A node of the demo and its daemon."""

    node: Node
    state_dir: Path
    secret_file: Path
    chronicle: Chronicle
    daemon: Program | None = None

    def start(self) -> None:
        """Run `wgmesh join` on it; where there is no Internet, nobody need look for its own address in it."""
        place = ["--interface", "wgmesh0", "--state-dir", str(self.state_dir)]
        argv = [sys.executable, "-m", "wgmesh", "join", "--secret-file", str(self.secret_file), "--no-stun", *place]
        with (self.state_dir.parent / f"{self.node.name}.log").open("a") as log:
            self.daemon = self.node.popen(argv, stdout=log, stderr=log)

    def connections(self) -> int:
        """How many peers its log says are connected."""
        return sum(peer.state == "connected" for peer in self.chronicle.mesh.peers.values())


def run(nodes: int, coloured: bool) -> None:
    """Show a mesh of so many nodes. WgmeshError, after all is cleaned up, where something did not work."""
    require_tun()
    teller = Teller(coloured, _print)
    with Lab() as lab:
        machines = _build(lab, nodes)
        teller.say(f"{nodes} machines on one bridge, without Internet, router or server. One secret, and on each:")
        teller.say("    wgmesh join --secret-file secret")
        with Story([machine.chronicle for machine in machines], teller):
            _perform(machines, teller)
    teller.say("All of it is taken down again: no namespace, process, interface or file is left.")


def _build(lab: Lab, nodes: int) -> list[Machine]:
    secret_file = lab.scratch / "secret"
    secret_file.touch(0o600)
    secret_file.write_text(format_uri(mint(os.urandom(32))))
    lab.segment("lan")
    machines = []
    for number in range(1, nodes + 1):
        node = lab.node(f"node{number}")
        lab.plug(node, "lan", f"192.168.7.{number}/24")
        state_dir = lab.scratch / node.name
        chronicle = Chronicle(node.name, state_dir / "events.db", COLOURS[(number - 1) % len(COLOURS)])
        machines.append(Machine(node, state_dir, secret_file, chronicle))
    return machines


def _perform(machines: list[Machine], teller: Teller) -> None:
    began = time.monotonic()
    for machine in machines:
        machine.start()
    _wait_for_mesh(machines)
    teller.say(f"Everybody is connected with everybody, {time.monotonic() - began:.1f} s after the first start.")
    _ping_all(machines, teller)
    if len(machines) > 1:
        _kill_and_return(machines, teller)
        _ping_all(machines, teller)


def _wait_for_mesh(machines: list[Machine]) -> None:
    deadline = time.monotonic() + FORMING_SECONDS
    while any(machine.connections() < len(machines) - 1 for machine in machines):
        for machine in machines:
            if machine.daemon and machine.daemon.poll() is not None:
                raise WgmeshError(f"The daemon on {machine.node.name} ended: {_last_words(machine)}")
        if time.monotonic() > deadline:
            raise WgmeshError(f"The mesh did not form within {FORMING_SECONDS} s: see what its logs said above")
        time.sleep(POLL_SECONDS)


def _last_words(machine: Machine) -> str:
    said = (machine.state_dir.parent / f"{machine.node.name}.log").read_text(errors="replace")
    return said.strip().splitlines()[-1] if said.strip() else "it said nothing"


def _ping_all(machines: list[Machine], teller: Teller) -> None:
    failed = []
    for machine in machines:
        for other in machines:
            if other is not machine:
                mesh = other.chronicle.mesh
                for address in filter(None, (mesh.ipv4, mesh.ipv6)):
                    if not machine.node.ping(address, timeout_seconds=PING_SECONDS):
                        failed.append(f"{machine.node.name} to {other.node.name} at {address}")
    pairs = len(machines) * (len(machines) - 1)
    if failed:
        raise WgmeshError(f"No answer to a ping from {'; '.join(failed)}")
    teller.say(f"All {pairs} directed pairs answer a ping, over IPv4 and over IPv6.")


def _kill_and_return(machines: list[Machine], teller: Teller) -> None:
    first, victim = machines[0], machines[-1]
    assert victim.daemon
    with _steady_ping(first.node, victim.chronicle.mesh.ipv4) as ping:
        teller.say(f"kill -9 of the daemon on {victim.node.name}, while {first.node.name} pings it ten times a second.")
        victim.daemon.kill()
        victim.daemon.wait()
        time.sleep(1)
        boot = victim.chronicle.mesh.incarnation.boot
        victim.start()
        deadline = time.monotonic() + FORMING_SECONDS
        while victim.chronicle.mesh.incarnation.boot == boot:
            if time.monotonic() > deadline:
                raise WgmeshError(f"The daemon on {victim.node.name} did not come back: {_last_words(victim)}")
            time.sleep(POLL_SECONDS)
        said, _ = ping.communicate(timeout=FORMING_SECONDS)
    lost = re.search(r"(\d+) packets transmitted, (\d+) received", said)
    if lost is None or lost[1] != lost[2]:
        raise WgmeshError(f"Pings were lost while the daemon was down: {said.strip().splitlines()[-1]}")
    teller.say(f"It is back with the same keys and addresses, and of {lost[1]} pings none was lost.")


@contextmanager
def _steady_ping(node: Node, address: str) -> Iterator[Program]:
    argv = ["ping", "-n", f"-i{STEADY_PAUSE_SECONDS}", f"-c{STEADY_PINGS}", address]
    program = node.popen(argv, stdout=subprocess.PIPE)
    try:
        yield program
    finally:
        program.kill()
        program.wait()


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
