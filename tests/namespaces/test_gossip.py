"""What one machine says of itself reaches the others through their tunnels, with nothing else to carry it."""

import json
from functools import partial
from typing import Any

import pytest

from tests.namespaces.daemon import Daemon
from tests.namespaces.lab import FaultyLab, wait_for
from tests.namespaces.mesh import new_secret
from tests.namespaces.test_exchange import exchange_of

pytestmark = pytest.mark.namespaces

EVERYWHERE_SECONDS = 5


def layer(daemon: Daemon, name: str) -> dict[str, Any]:
    return next(each for each in daemon.status()["layers"] if each["name"] == name)


def news(daemon: Daemon, of: str) -> list[dict[str, Any]]:
    """What the daemon logged of a peer's newer records that came through a tunnel."""
    updates = [each for each in daemon.events() if each["name"] == "PeerUpdated" and each["cause"] == "gossip"]
    return [each for each in updates if each["hostname"] == of]


def without_lan(lab: FaultyLab, *names: str) -> list[Daemon]:
    """Connected machines that never speak on their LAN; all were told the address of the first."""
    lab.segment("lan")
    secret, daemons = new_secret(lab.directory), list[Daemon]()
    for number, name in enumerate(names, start=1):
        node = lab.node(name)
        lab.plug(node, "lan", f"192.168.7.{number}/24")
        known = ("--peer", exchange_of(daemons[0])) if daemons else ()
        daemons.append(Daemon(node, secret, lab.directory, "--no-lan", *known))
        assert daemons[-1].connected(number - 1, 20), daemons[-1].log.read_text()
    return daemons


def test_a_change_on_one_machine_is_known_to_all_with_no_lan_to_announce_it_on(lab: FaultyLab) -> None:
    a, b, c = without_lan(lab, "a", "b", "c")
    assert [layer(each, "gossip")["state"] for each in (a, b, c)] == ["working"] * 3
    lab.readdress(c.node, "192.168.7.77/24")
    for each in (a, b):
        wait_for(partial(news, each, "c"), EVERYWHERE_SECONDS, "the news of c")
        assert "192.168.7.77" in json.dumps(news(each, "c")[-1]["endpoints"])


def test_after_its_interface_was_made_anew_a_machine_hears_the_others_again(lab: FaultyLab) -> None:
    a, b = without_lan(lab, "a", "b")
    a.node.run(["ip", "link", "del", "wgmesh0"])
    address = str(a.status()["node"]["mesh_ipv6"])
    wait_for(lambda: b.node.ping(address, timeout_seconds=0.3), 20, "the tunnel again")
    assert news(a, "b") == []
    lab.readdress(b.node, "192.168.7.88/24")
    wait_for(partial(news, a, "b"), 10, "the news of b")
    assert layer(a, "gossip")["state"] == "working"
