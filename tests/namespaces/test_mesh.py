"""What a user sees of a mesh on one LAN: real daemons, real WireGuard, no default route anywhere."""

import base64
import re
import time
from functools import partial
from pathlib import Path

import pytest

from tests.namespaces.capture import Packet
from tests.namespaces.daemon import Daemon
from tests.namespaces.lab import FaultyLab, wait_for
from tests.namespaces.mesh import lan_mesh, new_secret

pytestmark = pytest.mark.namespaces

# What was called before it knew us again would be called next after so long (REKEY_TIMEOUT).
WIREGUARD_CALLS_AGAIN_SECONDS = 5.0


def addresses(daemon: Daemon) -> tuple[str, str]:
    node = daemon.status()["node"]
    return node["mesh_ipv4"], node["mesh_ipv6"]


def public_key(daemon: Daemon) -> bytes:
    return base64.b64decode(daemon.status()["node"]["public_key"])


def is_kept_by_gossip(daemon: Daemon) -> bool:
    """Two machines of one LAN need no keepalive."""
    return "persistent keepalive" not in daemon.wg_show()


def names(events: list[dict[str, object]]) -> list[object]:
    return [event["name"] for event in events]


def test_two_machines_that_share_a_secret_reach_each_other(lab: FaultyLab) -> None:
    mesh = lan_mesh(lab, "a", "b")
    a, b = mesh.daemons
    for one, other in ((a, b), (b, a)):
        assert all(one.node.ping(address) for address in addresses(other))
        assert one.node.run(["ip", "route", "show", "default"]).stdout == ""
        shown = one.wg_show()
        assert "preshared key: (hidden)" in shown
        wait_for(partial(is_kept_by_gossip, one), 10, "gossip to be enough")
        ipv4, ipv6 = addresses(other)
        assert set(one.wg_show("allowed-ips").split()[1:]) == {f"{ipv4}/32", f"{ipv6}/128"}


def test_a_machine_without_address_router_or_dhcp_is_met_over_its_link_local_address(lab: FaultyLab) -> None:
    lab.segment("lan")
    secret = new_secret(lab.directory)
    for name in ("a", "b"):
        lab.plug(lab.node(name), "lan")
    a, b = (Daemon(node, secret, lab.directory) for node in lab.nodes.values())
    assert a.connected(1, 20), a.log.read_text()
    assert b.connected(1, 20), b.log.read_text()
    assert all(a.node.ping(address) for address in addresses(b))


def test_sigterm_ends_the_daemon_and_leaves_the_tunnel_up(lab: FaultyLab) -> None:
    a, b = lan_mesh(lab, "a", "b").daemons
    address = addresses(a)[0]
    assert a.terminate() == 0
    assert b.node.ping(address)
    assert names(a.events())[-1] == "NodeStopped"
    assert a.status()["running"] is False


def test_leave_says_goodbye_and_takes_the_interface_down(lab: FaultyLab) -> None:
    # who has the lower key begins handshakes: it calls the other before that knows it again
    a, b = sorted(lan_mesh(lab, "a", "b").daemons, key=public_key)
    a.wgmesh("leave")
    assert a.node.run(["ip", "link", "show", "wgmesh0"], check=False).returncode != 0
    wait_for(lambda: "PeerLeft" in names(b.events()), 5, "the goodbye")
    wait_for(lambda: b.wg_show("peers") == "", 5, "the peer to be taken off the device")
    seen = len(b.records())
    a.start()
    assert a.connected(1, 20), a.log.read_text()
    wait_for(lambda: "PeerConnected" in b.record_names()[seen:], 20, "the tunnel")
    at = {type(record.event).__name__: record.at for record in reversed(b.records()[seen:])}
    took = (at["PeerConnected"] - at["PeerDiscovered"]) / 1000
    print(f"back {took:.2f} s after it was met")
    assert took < WIREGUARD_CALLS_AGAIN_SECONDS


def test_leave_without_a_daemon_still_says_goodbye(lab: FaultyLab) -> None:
    a, b = lan_mesh(lab, "a", "b").daemons
    a.kill9()
    a.wgmesh("leave")
    assert a.node.run(["ip", "link", "show", "wgmesh0"], check=False).returncode != 0
    wait_for(lambda: "PeerLeft" in names(b.events()), 5, "the goodbye")


def test_who_has_another_secret_sees_nothing_and_gets_nothing(lab: FaultyLab) -> None:
    mesh = lan_mesh(lab, "a", "b")
    stranger = lab.node("stranger")
    lab.plug(stranger, "lan", "192.168.7.99/24")

    def to_or_from(packet: Packet) -> bool:
        return packet.destination == "192.168.7.99" and packet.source_port != 0

    with lab.capture("lan") as capture:
        daemon = Daemon(stranger, new_secret(lab.directory, name="other"), lab.directory)
        assert daemon.connected(0)
        mesh.join("c")
        mesh.forms()
        time.sleep(3)
    assert capture.select(lambda packet: packet.source == "192.168.7.99")
    assert capture.select(to_or_from) == []
    assert daemon.peers() == []
    assert all(len(one.peers()) == 2 for one in mesh.daemons)


def test_two_meshes_share_a_host_and_a_lan(lab: FaultyLab) -> None:
    mesh = lan_mesh(lab, "a", "b")
    secret = new_secret(lab.directory, name="other")
    seconds = [Daemon(one.node, secret, lab.directory, interface="wgmesh1") for one in mesh.daemons]
    for second in seconds:
        assert second.connected(1, 20), second.log.read_text()
    assert all(one.node.ping(addresses(two)[1]) for one, two in (seconds, reversed(seconds)))
    assert all(len(daemon.peers()) == 1 for daemon in (*mesh.daemons, *seconds))


def test_wireguard_that_dies_is_started_again_with_all_it_had(lab: FaultyLab) -> None:
    a, b = lan_mesh(lab, "a", "b", options=("--wireguard", "userspace")).daemons
    a.node.run(["sh", "-c", "kill -9 $(pidof wireguard-go)"])
    wait_for(lambda: "allowed ips" in a.node.run(["wg", "show"], check=False).stdout, 10, "the device to be made again")
    wait_for(lambda: a.node.ping(addresses(b)[0], timeout_seconds=0.5), 10, "the tunnel")
    assert a.program.poll() is None


def test_nobody_finds_a_secret_in_database_logs_or_arguments(lab: FaultyLab) -> None:
    mesh = lan_mesh(lab, "a", "b")
    uri = mesh.secret_file.read_text().strip()
    payload = re.sub(r"^wgmesh://v1/|\?.*$", "", uri)
    a = mesh.daemons[0]
    shown = a.node.run(["wg", "showconf", "wgmesh0"]).stdout
    private, psk = (re.search(rf"{key} = (\S+)", shown) for key in ("PrivateKey", "PresharedKey"))
    assert private
    assert psk
    secrets = [payload.encode(), private[1].encode(), psk[1].encode()]
    exposed = [file.read_bytes() for file in a.state_dir.glob("events.db*")] + [a.log.read_bytes()]
    exposed += [Path(f"/proc/{a.pid()}/cmdline").read_bytes(), Path(f"/proc/{a.pid()}/environ").read_bytes()]
    exposed += [a.wgmesh(*verb).stdout.encode() for verb in (("config",), ("events",), ("status", "--json"))]
    assert not [secret for secret in secrets for text in exposed if secret in text]


def test_the_log_is_followed_as_it_is_written_and_verifies(lab: FaultyLab) -> None:
    mesh = lan_mesh(lab, "a")
    a = mesh.daemons[0]
    with a.popen("events", "--follow", "--json") as follower:
        mesh.join("b")
        mesh.forms()
        wait_for(lambda: "PeerConnected" in names(a.events()), 5, "the connection")
        time.sleep(0.5)
        follower.terminate()
        out, _ = follower.communicate(timeout=5)
    assert '"PeerConnected"' in out
    assert a.wgmesh("events", "--verify").returncode == 0


def test_a_second_daemon_on_the_same_state_says_whose_it_is_and_changes_nothing(lab: FaultyLab) -> None:
    a = lan_mesh(lab, "a").daemons[0]
    seen = a.events()
    second = a.wgmesh("join", "--secret-file", str(lab.directory / "secret"), check=False)
    assert second.returncode == 1
    assert f"as process {a.lock_holder()}:" in second.stderr
    assert a.events() == seen
