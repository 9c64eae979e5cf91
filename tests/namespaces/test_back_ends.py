"""What holds in a real mesh on every back end: no packet is lost with the daemon, what somebody else has stays his.

Where the kernel has no WireGuard, `./run test-kernel` runs these tests in one that has.
"""

import re
import signal
import subprocess
import time

import pytest

from tests.namespaces.daemon import Daemon
from tests.namespaces.lab import wait_for
from tests.namespaces.pair import FOREIGN, FORMING_SECONDS, Pair, addresses, await_record
from tests.pace import SLOWER
from wgmesh.adapters.netns.lab import Node
from wgmesh.domain.events import SettingsChanged

pytestmark = pytest.mark.namespaces

DELAY_MS = 50
# A network behind one of the two, and a machine there: that is an address of its own.
OFFICE, BEHIND_A = "10.77.0.0/24", "10.77.0.9"
# What the kernel calls the interface of each back end.
KINDS = {"kernel": " wireguard ", "userspace": " tun "}


def foreign(daemon: Daemon) -> str:
    return daemon.node.run(["wg", "showconf", "wg7"]).stdout


def settings_of(dump: str) -> list[tuple[str, ...]]:
    """What `wg show dump` says but for counters and times."""
    interface, *peers = (line.split("\t") for line in dump.splitlines())
    return [tuple(interface), *((peer[0], peer[1], peer[2], peer[3], peer[7]) for peer in peers)]


def worsen(pair: Pair, node: Node) -> float:
    """Lose a tenth of the pings to or from the node, and delay others where the kernel can (netem): by so many ms."""
    netem = ["tc", "qdisc", "add", "dev", "eth0", "root", "netem", "loss", "10%", "delay", f"{DELAY_MS}ms"]
    if node.run(netem, check=False).returncode == 0:
        return DELAY_MS
    pair.lab.loss(node, 5)  # to it and from it
    return 0


def test_auto_takes_the_kernels_wireguard_where_there_is_one_and_both_reach_each_other(pair: Pair) -> None:
    a, b = pair.daemons
    settings = next(record.event.settings for record in a.records() if isinstance(record.event, SettingsChanged))
    assert settings.wireguard == pair.back_end
    for one, other in ((a, b), (b, a)):
        assert KINDS[pair.back_end] in one.node.run(["ip", "-d", "link", "show", "wgmesh0"]).stdout
        assert all(one.node.ping(address, timeout_seconds=2 * SLOWER) for address in addresses(other))


def test_a_daemon_killed_in_the_middle_loses_no_packet_and_changes_nothing_when_it_comes_back(pair: Pair) -> None:
    a, b = pair.daemons
    shown, seen = a.wg_show("dump"), len(a.record_names())
    ping = b.node.popen(["ping", "-n", f"-i{0.02 * SLOWER}", addresses(a)[0]], stdout=subprocess.PIPE)
    time.sleep(1)
    a.kill9()
    time.sleep(1)
    a.start()
    await_record(a, "NodeStarted", seen)
    time.sleep(2)
    ping.send_signal(signal.SIGINT)
    said, _ = ping.communicate(timeout=30)
    answered = [int(number) for number in re.findall(r"icmp_seq=(\d+) ", said)]
    # What was sent last may still be under way when ping is stopped.
    assert answered == list(range(1, len(answered) + 1)), said
    assert len(answered) > 50, said
    assert settings_of(a.wg_show("dump")) == settings_of(shown)
    assert set(a.record_names()[seen:]) <= {"NodeStarted", "ClockStepped", "LayerResumed", "HeadWitnessed"}


def test_drift_by_hand_is_repaired_and_what_somebody_else_put_there_stays(pair: Pair) -> None:
    a, b = pair.daemons
    before = foreign(a)
    ipv4 = addresses(a)[0]
    a.node.run(["wg", "set", "wgmesh0", "peer", FOREIGN, "allowed-ips", "10.250.0.1/32"])
    a.node.run(["wg", "set", "wgmesh0", "peer", b.wg_show("public-key").strip(), "remove"])
    a.node.run(["ip", "addr", "del", f"{ipv4}/32", "dev", "wgmesh0"])
    a.node.run(["ip", "link", "set", "wgmesh0", "mtu", "1300"])
    wait_for(lambda: b.node.ping(ipv4, timeout_seconds=2), FORMING_SECONDS, "the device to be mended")
    wait_for(lambda: "mtu 1420" in a.node.run(["ip", "link", "show", "wgmesh0"]).stdout, 20, "the MTU")
    assert FOREIGN in a.wg_show("peers")
    assert a.record_names().count("ForeignPeerSeen") == 1
    assert foreign(a) == before


def test_an_interface_that_was_deleted_by_hand_is_made_again_over_a_line_that_loses_and_delays(pair: Pair) -> None:
    a, b = pair.daemons
    delay = worsen(pair, b.node)
    address = addresses(b)[1]
    b.node.run(["ip", "link", "delete", "wgmesh0"])
    wait_for(lambda: a.node.ping(address), FORMING_SECONDS, "the tunnel")
    said = a.node.run(["ping", "-n", "-i0.2", "-c25", address], check=False).stdout
    b.node.run(["tc", "qdisc", "del", "dev", "eth0", "root"], check=False)
    loss = re.search(r"(\d+)(?:\.\d+)?% packet loss", said)
    fastest = re.search(r"rtt min/avg/max/mdev = ([\d.]+)/", said)
    assert loss, said
    assert fastest, said
    assert int(loss[1]) < 40, said
    assert float(fastest[1]) >= delay, said
    assert a.program.poll() is None
    assert b.program.poll() is None


def test_leave_takes_away_what_is_ours_and_nothing_else(pair: Pair) -> None:
    a, b = pair.daemons
    before, key = foreign(a), a.wg_show("public-key").strip()
    a.wgmesh("leave")
    links = a.node.run(["ip", "-o", "link"]).stdout
    assert "wgmesh0" not in links
    assert "wg7" in links
    assert foreign(a) == before
    wait_for(lambda: key not in b.wg_show("peers"), FORMING_SECONDS, "the peer to be taken off the device")


def table(daemon: Daemon) -> list[str]:
    """The prefixes that go through the mesh in the kernel's main table."""
    return [line.split()[0] for line in daemon.node.run(["ip", "route", "show", "dev", "wgmesh0"]).stdout.splitlines()]


def test_an_announced_route_is_in_the_table_of_who_accepts_it_and_goes_when_it_is_announced_no_more(pair: Pair) -> None:
    a, b = pair.daemons
    a.node.run(["ip", "addr", "add", f"{BEHIND_A}/32", "dev", "lo"])
    seen = len(b.records())
    a.terminate()
    a.start("--advertise-routes", OFFICE)
    wait_for(lambda: announced(b, seen), FORMING_SECONDS, "the announcement")
    assert OFFICE not in table(b)
    assert OFFICE not in b.wg_show("allowed-ips")
    b.terminate()
    b.start("--accept-routes", OFFICE)
    wait_for(lambda: OFFICE in table(b), FORMING_SECONDS, "the route")
    wait_for(lambda: b.node.ping(BEHIND_A, timeout_seconds=2 * SLOWER), FORMING_SECONDS, "what is behind it")
    assert OFFICE not in table(a)
    a.restart()
    wait_for(lambda: OFFICE not in table(b), FORMING_SECONDS, "the route to go")
    wait_for(lambda: OFFICE not in b.wg_show("allowed-ips"), FORMING_SECONDS, "it to be taken from the peer")


def announced(daemon: Daemon, seen: int) -> bool:
    return any(OFFICE in getattr(record.event, "routes", ()) for record in daemon.records()[seen:])
