"""Routes behind a node, peers that are kept out, names in the hosts file: real kernels' tables, real packets."""

import pytest

from tests.namespaces.daemon import Daemon
from tests.namespaces.lab import FaultyLab, wait_for
from tests.namespaces.mesh import Mesh, lan_mesh, new_secret
from wgmesh.adapters.netns.lab import Node

pytestmark = pytest.mark.namespaces

OFFICE = "10.77.0.0/24"
PRINTER = "10.77.0.9"


def table(node: Node) -> list[str]:
    """The prefixes that go through the mesh in the kernel's main table."""
    return [line.split()[0] for line in node.run(["ip", "route", "show", "dev", "wgmesh0"]).stdout.splitlines()]


def printer_behind(lab: FaultyLab, gateway: Node, mesh_network: str) -> Node:
    """A machine without wgmesh on a segment that only the gateway shares; it sends answers back through it."""
    lab.segment("office")
    lab.plug(gateway, "office", "10.77.0.1/24")
    printer = lab.node("printer")
    lab.plug(printer, "office", f"{PRINTER}/24")
    printer.run(["ip", "route", "add", mesh_network, "via", "10.77.0.1"])
    return printer


def test_an_announced_route_reaches_the_tables_of_those_who_accept_it_and_only_theirs(lab: FaultyLab) -> None:
    lab.segment("lan")
    mesh = Mesh(lab, new_secret(lab.directory), [])
    gateway = mesh.join("gateway", "--advertise-routes", OFFICE)
    accepting, other = mesh.join("accepting", "--accept-routes", "10.77.0.0/16"), mesh.join("other")
    mesh.forms()
    printer_behind(lab, gateway.node, gateway.status()["mesh"]["network"])
    wait_for(lambda: any("forwards no IPv4" in each for each in gateway.status()["warnings"]), 5, "the warning")
    gateway.node.run(["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"])
    assert gateway.status()["warnings"] == []
    assert OFFICE in table(accepting.node)
    assert OFFICE not in table(other.node)
    wait_for(lambda: accepting.node.ping(PRINTER, timeout_seconds=0.5), 10, "the printer")
    assert not other.node.ping(PRINTER, timeout_seconds=0.5)
    [shown] = [peer for peer in other.peers() if peer["name"] == "gateway"]
    assert [each["route"] for each in shown["refused_routes"]] == [OFFICE]

    gateway.terminate()
    accepting.node.run(["ip", "route", "add", "10.99.0.0/24", "dev", "wgmesh0"])
    gateway.wgmesh("leave")
    wait_for(lambda: OFFICE not in table(accepting.node), 10, "the route to go with its peer")
    assert "10.99.0.0/24" in table(accepting.node), "a route that somebody else made stays"


def test_a_banned_peer_is_cut_off_at_once_over_restarts_and_comes_back_when_it_is_let_in(lab: FaultyLab) -> None:
    a, b = lan_mesh(lab, "a", "b").daemons
    address = b.status()["node"]["mesh_ipv4"]
    a.wgmesh("ban", "b")
    wait_for(lambda: a.wg_show("peers") == "", 5, "the peer to be taken off")
    assert not a.node.ping(address, timeout_seconds=0.5)
    a.restart()
    assert a.connected(0)
    b.restart()
    assert b.connected(0)
    assert [peer["state"] for peer in a.peers()] == ["banned"]
    assert a.wg_show("peers") == ""
    a.terminate()
    a.wgmesh("unban", "b")
    wait_for(lambda: a.wg_show("peers") != "", 5, "the peer to be put back without a daemon")
    a.start()
    assert a.connected(1, 30), a.log.read_text()
    assert a.node.ping(address)


def named(node: Node, name: str) -> list[str]:
    """The addresses that the system gives for a name."""
    return [line.split()[0] for line in node.run(["getent", "ahosts", name], check=False).stdout.splitlines()]


def test_names_of_peers_are_in_the_hosts_file_and_go_when_the_node_leaves(lab: FaultyLab) -> None:
    lab.segment("lan")
    mesh = Mesh(lab, new_secret(lab.directory), [])
    hosts = lab.directory / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    a = mesh.join("a")
    node = lab.node("b")
    lab.plug(node, "lan", "192.168.7.9/24")
    node.run(["mount", "--bind", hosts, "/etc/hosts"])
    b = Daemon(node, mesh.secret_file, lab.directory, "--hosts")
    mesh.daemons.append(b)
    mesh.forms()
    here = a.status()["node"]
    wait_for(lambda: here["mesh_ipv4"] in named(node, "a.mesh"), 5, "the name")
    assert {here["mesh_ipv4"], here["mesh_ipv6"]} <= set(named(node, "a.mesh"))
    assert node.run(["ping", "-n", "-c1", "-W2", "a.mesh"], check=False).returncode == 0
    assert [layer["state"] for layer in b.status()["layers"] if layer["name"] == "hosts"] == ["working"]
    b.wgmesh("leave")
    wait_for(lambda: b.program.poll() is not None, 10, "its end")
    assert hosts.read_text() == "127.0.0.1 localhost\n"
