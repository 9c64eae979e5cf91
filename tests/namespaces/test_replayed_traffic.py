"""What somebody recorded of a mesh and sends again: nothing changes by it, and nobody says a word to him.

The rule of threat rows 9, 11, 12 and 36 on real sockets: he has no secret, only every packet that went over the LAN.
"""

import os
import socket
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.namespaces.capture import Packet
from tests.namespaces.daemon import Daemon
from tests.namespaces.lab import FaultyLab, wait_for
from tests.namespaces.mesh import Mesh, lan_mesh, new_secret
from wgmesh.adapters.control.client import ask
from wgmesh.adapters.lan.layer import ALL_NODES, PORT
from wgmesh.adapters.netns.lab import Node
from wgmesh.domain.events import NodeStarted

pytestmark = pytest.mark.namespaces

# How long he records; ten minutes by hand.
SECONDS = float(os.environ.get("CAPTURED_SECONDS", "12"))
EVE = "192.168.7.99"
# He sends faster than all of them together ever spoke, and waits for what it may draw.
PAUSE_SECONDS = 0.002
ANSWER_SECONDS = 3
# An epoch's worth of what was thrown away is all that he may bring into a log; what members say of theirs, who starts
# again soon says anew.
ALLOWED = ("DatagramsRejected", "HeadWitnessed")


def send_again(lab: FaultyLab, eve: Node, packets: Iterable[Packet], exchange_port: int) -> None:
    """Every datagram to where it went, and to the one port that does not change there, from Eve's own address."""
    with ExitStack() as stack:
        sockets = {4: lab.socket(eve), 6: lab.socket(eve, socket.AF_INET6)}
        for each in sockets.values():
            stack.enter_context(each)
        sockets[4].setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(EVE))
        index = int(eve.run(["cat", "/sys/class/net/eth0/ifindex"]).stdout)
        sockets[6].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        sockets[6].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        sockets[6].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 255)
        for packet in packets:
            for port in (packet.destination_port, exchange_port):
                if ":" in packet.destination:
                    sockets[6].sendto(packet.payload, (packet.destination, port, 0, index))
                else:
                    sockets[4].sendto(packet.payload, (packet.destination, port))
                time.sleep(PAUSE_SECONDS)


def exchange_port(daemon: Daemon) -> int:
    """It follows from the secret, and is the same on all."""
    starts = (record.event for record in daemon.records() if isinstance(record.event, NodeStarted))
    return next(start.exchange_port for start in starts)


def knowledge(daemon: Daemon) -> list[dict[str, object]]:
    """Its peers, but for what WireGuard counts."""
    changing = ("last_handshake", "rx_bytes", "tx_bytes")
    return [{key: value for key, value in peer.items() if key not in changing} for peer in daemon.peers()]


def is_replayed_in_vain(lab: FaultyLab, eve: Node, packets: Sequence[Packet], daemons: Sequence[Daemon]) -> None:
    known = [knowledge(daemon) for daemon in daemons]
    seen = [len(daemon.record_names()) for daemon in daemons]
    with lab.capture(eve) as capture:
        send_again(lab, eve, packets, exchange_port(daemons[0]))
        time.sleep(ANSWER_SECONDS)
    own = eve.run(["ip", "-br", "addr", "show", "dev", "eth0"]).stdout
    drawn = capture.select(lambda it: it.protocol == socket.IPPROTO_UDP and f"{it.destination}/" in own)
    assert drawn == []
    assert [knowledge(daemon) for daemon in daemons] == known
    for daemon, before in zip(daemons, seen, strict=True):
        assert [name for name in daemon.record_names()[before:] if name not in ALLOWED] == []


def test_recorded_traffic_changes_nothing_and_draws_no_byte_not_even_after_a_restart(lab: FaultyLab) -> None:
    mesh = Mesh(lab, new_secret(lab.directory), [])
    with lab.capture(lab.segment("lan")) as capture:
        for name in ("a", "b", "c"):
            mesh.join(name)
        mesh.forms()
        a, b, c = mesh.daemons
        c.restart()  # who starts again asks those it knows, at their exchange ports
        address = a.status()["node"]["mesh_ipv4"]
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            lab.readdress(b.node, f"192.168.7.{20 + int(end - time.monotonic()) % 2}/24")
            wait_for(lambda: b.node.ping(address, timeout_seconds=0.5), 10, "the tunnel")
            time.sleep(4)
    recorded = [packet for packet in capture.packets if packet.protocol == socket.IPPROTO_UDP]
    eve = lab.node("eve")
    lab.plug(eve, "lan", f"{EVE}/24")
    print(f"{len(recorded)} datagrams of {sum(len(it.payload) for it in recorded)} bytes")
    is_replayed_in_vain(lab, eve, recorded, mesh.daemons)
    a.restart()
    mesh.forms()
    time.sleep(ANSWER_SECONDS)
    is_replayed_in_vain(lab, eve, recorded, mesh.daemons)


def first_words(lab: FaultyLab, secret_file: Path) -> Packet:
    """The announcement of a member on a segment of its own, so that nobody knows it."""
    far = lab.node("far")
    with lab.capture(lab.segment("elsewhere")) as capture:
        lab.plug(far, "elsewhere", "192.168.9.1/24")
        Daemon(far, secret_file, lab.directory)
        words = partial(capture.select, lambda it: it.destination_port == PORT and it.destination != ALL_NODES)
        return wait_for(words, 30, "the announcement")[0]


def rejected(daemon: Daemon) -> dict[str, int]:
    """How many datagrams it threw away, by reason."""
    return dict(ask(daemon.state_dir, {"verb": "sample"})["rejected"]["counts"])


def test_row_36_a_members_words_from_off_the_link_or_through_the_mesh_are_ignored(lab: FaultyLab) -> None:
    mesh = lan_mesh(lab, "a", "b")
    a, b = mesh.daemons
    words = first_words(lab, mesh.secret_file)
    eve, stranger = lab.node("eve"), "203.0.113.5"
    lab.plug(eve, "lan", f"{EVE}/24")
    eve.run(["ip", "addr", "add", f"{stranger}/32", "dev", "eth0"])
    index = int(eve.run(["cat", "/sys/class/net/eth0/ifindex"]).stdout)
    seen, before = len(a.record_names()), rejected(a)
    with (
        lab.capture(eve) as capture,
        lab.socket(eve) as off_link,
        lab.socket(eve, socket.AF_INET6) as routed,
        lab.socket(b.node) as inside,
    ):
        off_link.bind((stranger, 0))
        off_link.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(EVE))
        off_link.sendto(words.payload, (words.destination, PORT))
        routed.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 254)
        routed.sendto(words.payload, (ALL_NODES, PORT, 0, index))
        reasons = ("off-link", "hops")
        wait_for(lambda: all(rejected(a).get(it, 0) > before.get(it, 0) for it in reasons), 10, "both to be refused")
        inside.connect((a.status()["node"]["mesh_ipv4"], PORT))
        inside.settimeout(10)
        inside.send(words.payload)
        with pytest.raises(ConnectionRefusedError):  # a's own system says that nobody listens there
            inside.recv(1)
        assert "wgmesh0" not in a.node.run(["ss", "-Huln", f"sport = :{PORT}"]).stdout
        assert words.destination not in a.node.run(["ip", "maddr", "show", "dev", "wgmesh0"]).stdout
        assert [name for name in a.record_names()[seen:] if name not in ALLOWED] == []

        def drawn() -> list[Packet]:
            return capture.select(lambda it: it.source != EVE and it.source_port != 0 and it.destination_port != PORT)

        assert drawn() == []
        routed.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        routed.sendto(words.payload, (ALL_NODES, PORT, 0, index))
        wait_for(drawn, 10, "whoever is next door is asked")
