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
from wgmesh.domain.events import PeerConnected, PeerDiscovered
from wgmesh.domain.keys import derive
from wgmesh.domain.secret import parse

pytestmark = pytest.mark.namespaces

OPEN = "198.51.100.99"
SECONDS = round(30 * SLOWER)
KINDS: dict[str, nat.Kind] = {"a": "easy", "b": "easy", "c": "restricted", "d": "hard"}


def directly(one: Daemon, other: Daemon, ip: str) -> bool:
    """Does the one show the other as connected at this address, and have a tunnel through which it answers?"""
    shown = next((peer for peer in one.peers() if peer["name"] == other.node.name), None)
    at = str(shown["endpoint"]).partition(":")[0] if shown else ""
    return at == ip and shown is not None and shown["path"] == "direct" and reaches(one, other)


def punched_after(daemon: Daemon, name: str) -> int:
    """Ms from the moment when it heard of the other one until it saw the tunnel up."""
    records = daemon.records()
    known = next(r for r in records if isinstance(r.event, PeerDiscovered) and r.event.hostname == name)
    identity = known.event.identity if isinstance(known.event, PeerDiscovered) else b""
    met = next(r for r in records if isinstance(r.event, PeerConnected) and r.event.identity == identity)
    return met.awake - known.awake


def test_pairs_behind_nats_connect_directly_where_their_kinds_allow_it(lab: FaultyLab) -> None:
    middle = lab.segment("inet")
    third = lab.node("third")
    lab.plug(third, middle, f"{OPEN}/32")  # on no link with the NATs, or it would take itself for their neighbour
    configure(third.pid, "route add 198.51.100.0/24 dev eth0")
    machines = {}
    for number, (name, kind) in enumerate(KINDS.items(), start=1):
        inside = nat.router(lab, kind, number, middle)
        machines[name] = nat.behind(lab, name, inside, number)
    secret = new_secret(lab.directory)
    port = derive(parse(secret.read_text().strip())).gossip_port
    between = Daemon(third, secret, lab.directory, "--no-dht", "--no-stun", "--no-relay")
    assert between.connected(0)
    options = ("--no-lan", "--no-dht", "--no-stun", "--no-relay", "--peer", f"{OPEN}:{port}")
    daemons = {name: Daemon(node, secret, lab.directory, *options) for name, node in machines.items()}

    assert all(daemon.connected(1, SECONDS) for daemon in daemons.values())
    for one, other in (("a", "b"), ("b", "a"), ("a", "c"), ("c", "d"), ("d", "c")):
        address = f"198.51.100.{list(KINDS).index(other) + 1}"
        is_direct = partial(directly, daemons[one], daemons[other], address)
        wait_for(is_direct, SECONDS, f"{one} and {other} connected directly")
    for one, other in (("a", "b"), ("c", "d")):
        took = sorted(punched_after(daemons[here], there) for here, there in ((one, other), (other, one)))
        print(f"punched_ms_{one}_{other} {took}")
    said = [daemons[one].wgmesh("why", other).stdout.splitlines()[0] for one, other in (("a", "b"), ("b", "a"))]
    assert any(verdict.endswith(", punched through NAT") for verdict in said), said
