"""Machines behind NATs that have nothing but a third on the Internet in common: who connects directly, and how soon."""

from functools import partial

import pytest

from tests.namespaces import nat
from tests.namespaces.daemon import Daemon
from tests.namespaces.lab import FaultyLab, wait_for
from tests.namespaces.mesh import new_secret
from tests.namespaces.pair import reaches
from tests.pace import SLOWER
from wgmesh.adapters.netns.lab import configure
from wgmesh.domain.events import PeerConnected, PeerDiscovered, PeerUpdated
from wgmesh.domain.keys import derive
from wgmesh.domain.secret import parse

pytestmark = pytest.mark.namespaces

OPEN = "198.51.100.99"
SECONDS = round(30 * SLOWER)
# From a router to anywhere else: 80 ms there and back between two machines. When both call at the same time, the calls
# cross on the way, each drops the answer to its own, and both wait as long as WireGuard does before it calls again.
# Measured on a busy machine: 300 to 530 ms for two easy NATs.
ONE_WAY_MS, CROSSED_MS = 20, 5000
KINDS: dict[str, nat.Kind] = {"a": "easy", "b": "easy", "c": "restricted", "d": "hard"}


def directly(one: Daemon, other: Daemon, ip: str) -> bool:
    """Does the one show the other as connected at this address, and have a tunnel through which it answers?"""
    shown = next((peer for peer in one.peers() if peer["name"] == other.node.name), None)
    at = str(shown["endpoint"]).partition(":")[0] if shown else ""
    return at == ip and shown is not None and shown["path"] == "direct" and reaches(one, other)


def outside(name: str) -> str:
    """The address of this machine's NAT."""
    return f"198.51.100.{list(KINDS).index(name) + 1}"


def milestones(daemon: Daemon, name: str) -> tuple[int, int]:
    """When it was told where the other's NAT is, and when it saw the tunnel up: ms on `awake`, one clock for all."""
    records = daemon.records()
    said = [(it.awake, it.event) for it in records if isinstance(it.event, PeerDiscovered | PeerUpdated)]
    about = [(at, event) for at, event in said if event.hostname == name]
    ups = [(it.awake, it.event.identity) for it in records if isinstance(it.event, PeerConnected)]
    places = ((at, claim.endpoint.ip) for at, event in about for claim in event.endpoints)
    return next(at for at, ip in places if ip == outside(name)), next(
        at for at, who in ups if who == about[0][1].identity
    )


def punched_ms(one: Daemon, other: Daemon) -> int:
    """From the moment when each had been told where the other is until both saw the tunnel up."""
    sides = (milestones(one, other.node.name), milestones(other, one.node.name))
    return max(up for _, up in sides) - max(told for told, _ in sides)


def test_pairs_behind_nats_connect_directly_where_their_kinds_allow_it(lab: FaultyLab) -> None:
    middle = lab.segment("inet")
    third = lab.node("third")
    lab.plug(third, middle, f"{OPEN}/32")  # on no link with the NATs, or it would take itself for their neighbour
    configure(third.pid, "route add 198.51.100.0/24 dev eth0")
    machines = {}
    for number, (name, kind) in enumerate(KINDS.items(), start=1):
        inside = nat.router(lab, kind, number, middle, ONE_WAY_MS)
        machines[name] = nat.behind(lab, name, inside, number)
    secret = new_secret(lab.directory)
    port = derive(parse(secret.read_text().strip())).gossip_port
    between = Daemon(third, secret, lab.directory, "--no-dht", "--no-stun", "--no-relay")
    assert between.connected(0)
    options = ("--no-lan", "--no-dht", "--no-stun", "--no-relay", "--peer", f"{OPEN}:{port}")
    daemons = {name: Daemon(node, secret, lab.directory, *options) for name, node in machines.items()}

    assert all(daemon.connected(1, SECONDS) for daemon in daemons.values())
    for one, other in (("a", "b"), ("b", "a"), ("a", "c"), ("c", "d"), ("d", "c")):
        is_direct = partial(directly, daemons[one], daemons[other], outside(other))
        wait_for(is_direct, SECONDS, f"{one} and {other} connected directly")
    took = {pair: punched_ms(daemons[pair[0]], daemons[pair[1]]) for pair in ("ab", "cd")}
    print(f"punched_ms {took}")
    assert max(took.values()) < CROSSED_MS * SLOWER
    said = [daemons[one].wgmesh("why", other).stdout.splitlines()[0] for one, other in (("a", "b"), ("b", "a"))]
    assert any(verdict.endswith(", punched through NAT") for verdict in said), said
