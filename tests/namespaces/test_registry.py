"""Machines that share a secret and a registry, and nothing else: no LAN between them, no DHT."""

import sys
import time
from collections.abc import Iterator

import pytest

from tests.adapters.dht.speaker import Speaker, speaker
from tests.adapters.registry.github_server import REPOSITORY
from tests.namespaces.daemon import Daemon
from tests.namespaces.lab import FaultyLab, wait_for
from tests.namespaces.mesh import new_secret
from wgmesh.adapters.netns.lab import Node

pytestmark = pytest.mark.namespaces

PORT = 8080
SERVER = (sys.executable, "-m", "tests.namespaces.registry_server", PORT)
FORMING_SECONDS = 60
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
    return ("--no-lan", "--no-dht", "--registry-url", f"http://{host}:{PORT}", "--registry-repo", REPOSITORY, *more)


def asked(server: Speaker) -> list[str]:
    """The requests so far, without what the paths have in common."""
    server.hear()
    lines = (line.partition("?")[0] for line in server.said if line != "ready")
    return [line.replace(f"/repos/{REPOSITORY}", "") for line in lines]


def meets(one: Daemon, other: Daemon) -> None:
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
    assert asked(server)[:4] == ["GET /issues", "POST /issues", "GET /issues", "POST /issues/1/comments"]
    before = len(asked(server))
    monkeypatch.setenv("GITHUB_TOKEN", "token-b")
    second = Daemon(machine(lab, "b", 2), secret, lab.directory, *options("10.19.0.1"))
    began = time.monotonic()
    assert second.connected(1, FORMING_SECONDS), second.log.read_text()
    meets(second, first)
    print(f"registry_first_ping_seconds {time.monotonic() - began:.1f}")
    print(asked(server)[before:])
    layer = next(each for each in second.status()["layers"] if each["name"] == "registry")
    assert (layer["state"], layer["contacts"]) == ("working", [f"http://10.19.0.1:{PORT}"])
