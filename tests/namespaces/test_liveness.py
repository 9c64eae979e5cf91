"""Who is there, who is silent, and who only lost its daemon; and a restart with nobody to ask."""

import signal
import subprocess
import time
from functools import partial

import pytest

from tests.namespaces.daemon import Daemon
from tests.namespaces.lab import FaultyLab, wait_for
from tests.namespaces.mesh import lan_mesh
from wgmesh.domain.events import MeshJoined

pytestmark = pytest.mark.namespaces

# Cut off until shown as silent by all, and seen again until shown as connected (docs/protocol.md, section 6).
SILENT_SECONDS, BACK_SECONDS = 18, 5
# From the start of both daemons to the first ping, when the log alone tells of peers.
WARM_SECONDS = 2
# On a machine that runs everything at once; what it came to is printed.
SLACK = 2
SLACK_FOR_TIMES = 5


def state(daemon: Daemon, name: str) -> str:
    return next(str(peer["state"]) for peer in daemon.peers() if peer["name"] == name)


def shows(daemon: Daemon, name: str, expected: str) -> bool:
    return state(daemon, name) == expected


def identity(daemon: Daemon) -> bytes:
    return next(record.event.identity for record in daemon.records() if isinstance(record.event, MeshJoined))


def names(daemon: Daemon) -> list[object]:
    return [event["name"] for event in daemon.events()]


def test_who_is_cut_off_is_silent_to_all_and_back_at_once_and_who_only_lost_its_daemon_stays(lab: FaultyLab) -> None:
    """Whose daemon is dead was to watch the one that is cut off: the next one before it does."""
    mesh = lan_mesh(lab, "a", "b", "c", "d", "e")
    e, d, *others = sorted(mesh.daemons, key=identity)
    d.kill9()
    time.sleep(1)
    lab.partition([e.node], [each.node for each in mesh.daemons if each is not e])
    cut = time.monotonic()
    for other in others:
        wait_for(partial(shows, other, e.node.name, "silent"), SLACK * SILENT_SECONDS, f"{other.node.name}")
    print(f"\nsilent on three others {time.monotonic() - cut:.1f} s after it was cut off")
    wait_for(lambda: any("hears nobody" in each for each in e.status()["warnings"]), SLACK * SILENT_SECONDS, "e")
    assert [state(other, d.node.name) for other in others] == ["connected"] * 3
    assert [state(e, other.node.name) for other in others] == ["connected"] * 3
    lab.heal()
    healed = time.monotonic()
    for other in others:
        wait_for(partial(shows, other, e.node.name, "connected"), SLACK * BACK_SECONDS, f"{other.node.name}")
    print(f"connected with all three {time.monotonic() - healed:.1f} s after it was back")
    wait_for(lambda: not any("hears nobody" in each for each in e.status()["warnings"]), BACK_SECONDS, "e hears")
    assert [state(other, d.node.name) for other in others] == ["connected"] * 3
    assert [names(other).count("PeerDisconnected") for other in others] == [1] * 3


def test_a_daemon_that_hung_calls_nobody_silent(lab: FaultyLab) -> None:
    mesh = lan_mesh(lab, "a", "b", "c")
    a = mesh.daemons[0]
    a.signal(signal.SIGSTOP)
    time.sleep(20)
    a.signal(signal.SIGCONT)
    time.sleep(3)
    for daemon in mesh.daemons:
        assert names(daemon).count("PeerDisconnected") == 0
        assert {peer["state"] for peer in daemon.peers()} == {"connected"}


def test_a_restart_with_all_discovery_off_reconnects_from_the_log(lab: FaultyLab) -> None:
    """Killed, the tunnel never fell; rebooted, with nothing left but the disk, both call the peers that it names."""
    a, b = lan_mesh(lab, "a", "b").daemons
    address = b.status()["node"]["mesh_ipv6"]
    for reboots in (False, True):
        with a.node.popen(["ping", "-n", "-i0.05", "-c60", address], stdout=subprocess.PIPE) as ping:
            restarted = [restart(daemon, reboots) for daemon in (a, b)]
            wait_for(
                lambda: a.node.ping(address, timeout_seconds=0.2), SLACK_FOR_TIMES * WARM_SECONDS, "the first ping"
            )
            took = time.monotonic() - restarted[1]
            said, _ = ping.communicate(timeout=30)
        print(f"\n{'rebooted' if reboots else 'killed'}: first ping {took:.2f} s after both daemons were started")
        assert reboots or " 0% packet loss" in said
    wait_for(lambda: names(a).count("NodeStarted") == names(b).count("NodeStarted") == 3, 10, "both to run")
    assert [names(each).count("PeerDiscovered") for each in (a, b)] == [1, 1]


def restart(daemon: Daemon, reboots: bool) -> float:
    """It is killed, and starts again with nothing that could tell it of others; when that was."""
    daemon.kill9()
    if reboots:
        daemon.node.run(["sh", "-c", "kill -9 $(pidof wireguard-go)"])
    daemon.start("--no-lan")
    return time.monotonic()
