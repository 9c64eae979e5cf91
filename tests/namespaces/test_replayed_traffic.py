"""What somebody recorded of a mesh and sends again: nothing changes by it, and nobody says a word to him.

The rule of threat rows 9, 11 and 12 on real sockets: he has no secret, only every packet that went over the LAN.
"""

import os
import socket
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack

import pytest

from tests.namespaces.capture import Packet
from tests.namespaces.daemon import Daemon
from tests.namespaces.lab import FaultyLab, wait_for
from tests.namespaces.mesh import Mesh, new_secret
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
