"""Machines that share a secret and nothing else, each on a subnet of its own, meet in a DHT of independent nodes."""

import time
from collections.abc import Iterator

import pytest

from tests.adapters.dht.speaker import LIBTORRENT, introduce, speaker
from tests.namespaces.daemon import Daemon
from tests.namespaces.lab import FaultyLab
from tests.namespaces.mesh import new_secret

pytestmark = pytest.mark.namespaces

COUNT = 12
PORT = 6881


@pytest.fixture
def internet(lab: FaultyLab) -> Iterator[list[str]]:
    """Twelve nodes of libtorrent that know each other; their addresses."""
    pytest.importorskip("libtorrent")
    lab.segment("inet")
    host = lab.node("host")
    addresses = [f"10.18.{number}.1" for number in range(1, COUNT + 1)]
    lab.plug(host, "inet", *(f"{address}/16" for address in addresses))
    theirs = [speaker(host, *LIBTORRENT, address, PORT) for address in addresses]
    for each in theirs:
        each.awaits("ready")
    for _ in range(2):
        introduce(theirs, addresses, PORT)
        time.sleep(1)
    yield addresses
    for each in theirs:
        each.end()


def test_three_machines_meet_by_their_secret_alone(lab: FaultyLab, internet: list[str]) -> None:
    secret, daemons = new_secret(lab.directory), list[Daemon]()
    began = time.monotonic()
    for number, name in enumerate(("a", "b", "c"), start=100):
        node = lab.node(name)
        lab.plug(node, "inet", f"10.18.{number}.1/16")
        daemons.append(Daemon(node, secret, lab.directory, "--no-lan", "--dht-bootstrap", f"{internet[0]}:{PORT}"))
    for one in daemons:
        assert one.connected(2, 60), one.log.read_text()
    print(f"dht_mesh_seconds {time.monotonic() - began:.1f}")
    addresses = [str(one.status()["node"]["mesh_ipv6"]) for one in daemons]
    for one in daemons:
        assert all(one.node.ping(each) for each in addresses)
    causes = {event["cause"] for one in daemons for event in one.events() if event["name"] == "PeerDiscovered"}
    assert causes <= {"exchange", "gossip"}
    dht = next(layer for layer in daemons[0].status()["layers"] if layer["name"] == "dht")
    assert (dht["state"], dht["contacts"]) == ("working", [f"{internet[0]}:{PORT}"])
    assert daemons[0].terminate() == 0
    assert (daemons[0].state_dir / "dht-nodes.IPv4").stat().st_size > 0
