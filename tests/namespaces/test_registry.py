"""Machines that share a secret and a registry, and nothing else: no LAN between them, no DHT."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.dht.speaker import Speaker, speaker
from tests.adapters.registry.github_server import REPOSITORY
from tests.namespaces.daemon import Daemon
from tests.namespaces.lab import FaultyLab, wait_for
from tests.namespaces.mesh import new_secret
from tests.namespaces.test_figures import BUDGETS
from tests.namespaces.test_hundred_peers import at_rest_kib
from wgmesh.adapters.netns.lab import Node

pytestmark = pytest.mark.namespaces

PORT = 8080
SERVER = (sys.executable, "-m", "tests.namespaces.registry_server", PORT)
FORMING_SECONDS = 60
# What it takes to make the issue of a mesh: look, make, look who else made one, leave a note.
CREATING = ["GET /issues", "POST /issues", "GET /issues", "POST /issues/1/comments"]
TUNNEL_PORT = 51820


@pytest.fixture
def internet(lab: FaultyLab) -> Iterator[tuple[Speaker, Speaker]]:
    """A registry that nobody reaches but through a proxy, which speaks for those who have no other way."""
    lab.segment("inet")
    lab.segment("far")
    registry, proxy = lab.node("registry"), lab.node("proxy")
    lab.plug(registry, "inet", "10.19.0.1/16")
    lab.plug(registry, "far", "192.0.2.1/24")
    lab.plug(proxy, "inet", "10.19.0.2/16")
    lab.plug(proxy, "far", "192.0.2.2/24")
    programs = speaker(registry, *SERVER), speaker(proxy, *SERVER, "proxy")
    for each in programs:
        each.awaits("ready")
    yield programs
    for each in programs:
        each.end()


def machine(lab: FaultyLab, name: str, number: int) -> Node:
    node = lab.node(name)
    lab.plug(node, "inet", f"10.19.{number}.1/16")
    return node


def options(host: str, *more: str) -> tuple[str, ...]:
    registry = ("--registry-url", f"http://{host}:{PORT}", "--registry-repo", REPOSITORY)
    return ("--no-lan", "--no-dht", "--no-stun", *registry, *more)


def asked(server: Speaker) -> list[str]:
    """The requests so far, without what the paths have in common."""
    server.hear()
    lines = (line.partition("?")[0] for line in server.said if line != "ready")
    return [line.replace(f"/repos/{REPOSITORY}", "") for line in lines]


def meets(one: Daemon, other: Daemon) -> None:
    assert other.connected(1, FORMING_SECONDS), other.log.read_text()
    address = str(other.status()["node"]["mesh_ipv6"])
    wait_for(lambda: one.node.ping(address, timeout_seconds=1), FORMING_SECONDS, f"a ping, {one.log.read_text()}")


def test_the_first_makes_the_issue_and_the_second_finds_it(
    lab: FaultyLab, internet: tuple[Speaker, Speaker], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _ = internet
    secret = new_secret(lab.directory)
    monkeypatch.setenv("GITHUB_TOKEN", "token-a")
    first = Daemon(machine(lab, "a", 1), secret, lab.directory, *options("10.19.0.1"))
    wait_for(lambda: "RegistryEntryCreated" in first.record_names(), FORMING_SECONDS, first.log.read_text())
    wait_for(lambda: len(asked(server)) >= len(CREATING), 5, "the server to say what it was asked")  # it does so later
    assert asked(server)[: len(CREATING)] == CREATING
    monkeypatch.setenv("GITHUB_TOKEN", "token-b")
    began = time.monotonic()
    second = Daemon(machine(lab, "b", 2), secret, lab.directory, *options("10.19.0.1"))
    meets(second, first)
    print(f"registry_first_ping_seconds {time.monotonic() - began:.1f}")
    layer = next(each for each in second.status()["layers"] if each["name"] == "registry")
    assert (layer["state"], layer["contacts"]) == ("working", [f"http://10.19.0.1:{PORT}"])
    assert "token-" not in first.log.read_text() + second.log.read_text() + str(first.events() + second.events())


def test_through_a_proxy_and_nothing_but_the_tunnel_two_meet_all_the_same(
    lab: FaultyLab, internet: tuple[Speaker, Speaker], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, proxy = internet
    secret = new_secret(lab.directory)
    monkeypatch.setenv("http_proxy", f"http://10.19.0.2:{PORT}")
    monkeypatch.setenv("no_proxy", "")
    nodes = [machine(lab, name, number) for number, name in enumerate(("c", "d"), start=3)]
    lab.drop(nodes[0], nodes[1], f"udp dport != {TUNNEL_PORT}")
    lab.drop(nodes[1], nodes[0], f"udp dport != {TUNNEL_PORT}")
    began, daemons = time.monotonic(), list[Daemon]()
    for token, node in zip(("token-a", "token-b"), nodes, strict=True):
        monkeypatch.setenv("GITHUB_TOKEN", token)
        words = options("192.0.2.1", "--no-gossip", "--listen-port", str(TUNNEL_PORT))
        daemons.append(Daemon(node, secret, lab.directory, *words))
    meets(daemons[0], daemons[1])
    print(f"registry_proxy_ping_seconds {time.monotonic() - began:.1f}")
    causes = {event["cause"] for one in daemons for event in one.events() if event["name"] == "PeerDiscovered"}
    assert causes == {"registry"}
    proxy.hear()
    assert any(line.startswith("POST http://192.0.2.1:8080/repos/") for line in proxy.said)


def test_what_speaks_https_is_gone_with_the_visit(
    lab: FaultyLab, internet: tuple[Speaker, Speaker], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _ = internet
    monkeypatch.setenv("GITHUB_TOKEN", "token-a")
    daemon = Daemon(machine(lab, "e", 5), new_secret(lab.directory), lab.directory, *options("10.19.0.1"))
    wait_for(lambda: len(asked(server)) > len(CREATING), FORMING_SECONDS, f"a second visit, {daemon.log.read_text()}")
    private = at_rest_kib(daemon)
    print(f"registry_private_kib {private}")
    assert private <= BUDGETS["registry_mib"] * 1024
    wait_for(lambda: not speaking(daemon.pid()), 10, "the end of what speaks HTTPS")


def speaking(pid: int) -> list[str]:
    """The processes for the registry that this one has started, and that have not ended."""
    started = " ".join(each.read_text() for each in Path(f"/proc/{pid}/task").glob("*/children")).split()
    return [each for each in started if b"registry" in Path(f"/proc/{each}/cmdline").read_bytes()]
