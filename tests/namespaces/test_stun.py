"""Machines behind NATs of every kind learn from coturn where they are seen, as its own client and a peer see it."""

import shutil
from functools import partial
from pathlib import Path

import pytest

from tests.lacking import lacks
from tests.namespaces import nat
from tests.namespaces.daemon import Daemon
from tests.namespaces.lab import FaultyLab, wait_for
from tests.namespaces.mesh import new_secret
from wgmesh.adapters.netns.lab import Node
from wgmesh.domain.events import NatDetected
from wgmesh.domain.keys import derive
from wgmesh.domain.secret import parse
from wgmesh.domain.values import Endpoint

pytestmark = pytest.mark.namespaces

SERVERS = ("198.51.100.201", "198.51.100.202")
STUN = tuple(word for server in SERVERS for word in ("--stun", f"{server}:3478"))
OPEN = "198.51.100.99"
# A strict firewall of a host: nothing comes in that was not asked for.
FIREWALL = """
table inet host {
  chain input {
    type filter hook input priority 0
    ct state established accept
    ct state invalid drop
    udp dport 20000-32767 drop
  }
}
"""
# Who may make interfaces and may not speak from the ports of others: it asks before WireGuard has the port.
WITHOUT_RAW = ("setpriv", "--inh-caps=-net_raw", "--bounding-set=-net_raw")
SECONDS = 20
KINDS: tuple[nat.Kind, ...] = ("full", "easy", "hard")


@pytest.fixture
def internet(lab: FaultyLab, tmp_path: Path) -> str:
    """The segment in the middle, with coturn on two addresses."""
    if shutil.which("turnserver") is None:
        lacks("there is no turnserver: apt-get install coturn")
    middle = lab.segment("inet")
    host = lab.node("coturn")
    lab.plug(host, middle, *(f"{server}/24" for server in SERVERS))
    files = ["--pidfile", tmp_path / "turn.pid", "--userdb", tmp_path / "turn.db", "--log-file", tmp_path / "turn.log"]
    here = [word for server in SERVERS for word in ("--listening-ip", server)]
    argv = ["turnserver", "-n", "--stun-only", "--no-tls", "--no-dtls", "--no-cli", *here, *map(str, files)]
    with (tmp_path / "turn.out").open("w") as out:
        host.popen(argv, cwd=tmp_path, stdout=out, stderr=out)
    probe = ["turnutils_natdiscovery", "-m", SERVERS[0]]
    wait_for(lambda: "Mapping!" in host.run(probe, check=False).stdout, 10, "coturn")
    return middle


def mapping_of(node: Node) -> str:
    """What coturn's client finds out about the NAT before this machine."""
    return "easy" if "Endpoint Independent" in node.run(["turnutils_natdiscovery", "-m", SERVERS[0]]).stdout else "hard"


def learnt(daemon: Daemon) -> tuple[str, Endpoint]:
    """The kind of NAT and where it shows the daemon's port, once two have said so."""

    def told() -> NatDetected | None:
        found = [record.event for record in daemon.records() if isinstance(record.event, NatDetected)]
        return found[-1] if found and found[-1].kind != "unknown" else None

    last = wait_for(told, SECONDS, daemon.node.name)
    assert last is not None
    return last.kind, last.endpoint


def has(daemon: Daemon, other: Daemon, endpoint: Endpoint) -> bool:
    """Does its WireGuard have the other one there?"""
    return f"{other.status()['node']['public_key']}\t{endpoint}" in daemon.wg_show("endpoints").splitlines()


def test_kind_and_endpoint_are_what_coturn_and_a_peer_see(lab: FaultyLab, internet: str) -> None:
    secret = new_secret(lab.directory)
    port = derive(parse(secret.read_text().strip())).gossip_port
    options = ("--no-lan", "--no-dht", *STUN, "--peer", f"{OPEN}:{port}")
    machines = {"open": lab.node("open")}
    lab.plug(machines["open"], internet, f"{OPEN}/24")
    for number, kind in enumerate(KINDS, start=1):
        inside = nat.router(lab, kind, number, internet)
        machines[kind] = nat.behind(lab, kind, inside, number)
        if kind == "easy":
            machines["beside"] = nat.behind(lab, "beside", inside, number, place=3)
    machines["easy"].run(["nft", "-f", "-"], stdin=FIREWALL)
    daemons = {
        name: Daemon(node, secret, lab.directory, *options, prefix=WITHOUT_RAW if name == "beside" else ())
        for name, node in machines.items()
    }

    found = {name: learnt(daemon) for name, daemon in daemons.items()}
    kinds = {"open": "none", "full": "easy", "easy": "easy", "beside": "easy", "hard": "hard"}
    assert {name: kind for name, (kind, _) in found.items()} == kinds
    mappings = {name: "hard" if kind == "hard" else "easy" for name, kind in kinds.items()}
    assert {name: mapping_of(node) for name, node in machines.items()} == mappings
    places = {"full": 1, "easy": 2, "beside": 2, "hard": 3}
    addresses = {name: f"198.51.100.{number}" for name, number in places.items()}
    assert {name: endpoint.ip for name, (_, endpoint) in found.items()} == addresses | {"open": OPEN}
    assert found["open"][1].port == daemons["open"].status()["node"]["listen_port"]
    for name in ("full", "easy", "beside"):
        is_there = partial(has, daemons["open"], daemons[name], found[name][1])
        wait_for(is_there, SECONDS, f"{name} where it says it is")
    layers = {layer["name"]: layer["state"] for layer in daemons["beside"].status()["layers"]}
    assert layers["stun"] == "working"
    assert any("CAP_NET_RAW" in warning for warning in daemons["beside"].status()["warnings"])
    (shown,) = daemons["hard"].status()["nat"]
    assert (shown["kind"], shown["endpoint"]) == ("hard", str(found["hard"][1]))
