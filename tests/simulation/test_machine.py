"""Machines and their daemons: what survives what."""

from tests.simulation.convergence import missing
from tests.simulation.small_site import run, settled
from wgmesh.domain.events import (
    InterfacesChanged,
    LogGap,
    MeshLeft,
    NodeStarted,
    NodeStopped,
    NodeSuspended,
    PeerDisconnected,
    PeerLeft,
)
from wgmesh.domain.records import Record


def kinds(records: list[Record]) -> list[type]:
    return [type(record.event) for record in records]


def test_machines_on_one_segment_find_each_other_within_a_second_and_a_half() -> None:
    site, _ = settled(4, seconds=0)
    run(site, 1.5)
    assert list(missing(site)) == []


def test_a_killed_daemon_leaves_its_tunnels_and_goes_on_where_its_log_ends() -> None:
    site, (one, other) = settled()
    one.kill()
    run(site, 60)
    assert one.wireguard.device is not None
    assert kinds(other.disk.read()).count(PeerDisconnected) == 0
    before = len(one.disk.stored)
    one.start()
    run(site, 5)
    assert kinds(one.disk.read(after=before))[0] is NodeStarted
    assert list(missing(site)) == []


def test_a_machine_without_power_is_silent_after_three_minutes_and_comes_back_with_nothing_but_its_log() -> None:
    site, (one, other) = settled()
    one.lose_power()
    assert one.wireguard.device is None
    run(site, 240)
    assert kinds(other.disk.read()).count(PeerDisconnected) == 1
    one.start()
    run(site, 15)
    assert list(missing(site)) == []


def test_a_dead_machine_never_starts_again() -> None:
    _, (one, _) = settled()
    one.die()
    one.start()
    assert one.daemon is None


def test_who_is_stopped_says_so_in_its_log_and_who_leaves_says_so_to_all() -> None:
    site, (one, other) = settled()
    one.stop()
    other.leave()
    run(site, 1)
    assert (one.daemon, other.daemon) == (None, None)
    assert kinds(one.disk.read())[-1] is NodeStopped
    assert MeshLeft in kinds(other.disk.read())
    assert other.wireguard.device is None
    one.start()
    other.start()
    run(site, 5)
    assert list(missing(site)) == []
    other.leave()
    run(site, 1)
    assert PeerLeft in kinds(one.disk.read())


def test_a_machine_that_sleeps_hears_nothing_and_knows_it_when_it_wakes() -> None:
    site, (one, _) = settled()
    before = len(one.disk.stored)
    one.sleep()
    run(site, 3600)
    assert len(one.disk.stored) == before
    one.wake()
    run(site, 10)
    assert NodeSuspended in kinds(one.disk.read(after=before))
    run(site, 30)
    assert list(missing(site)) == []


def test_a_paused_daemon_decides_nothing_while_its_device_answers() -> None:
    site, (one, other) = settled()
    one.pause()
    before = len(one.disk.stored)
    run(site, 600)
    assert len(one.disk.stored) == before
    assert PeerDisconnected not in kinds(other.disk.read())
    one.resume()
    run(site, 5)
    assert list(missing(site)) == []


def test_on_a_full_disk_nothing_is_decided_tunnels_stay_and_the_gap_is_told() -> None:
    site, (one, other) = settled()
    one.disk.full = True
    one.unplug(one.nics[0])
    run(site, 30)
    assert one.wireguard.device is not None
    one.plug(one.nics[0], site.segments[0])
    one.disk.full = False
    run(site, 30)
    assert LogGap in kinds(one.disk.read())
    assert PeerDisconnected in kinds(other.disk.read()), "it was unplugged for half a minute"
    assert list(missing(site)) == []


def test_a_daemon_that_cannot_write_that_it_began_does_not_run() -> None:
    _, (one, _) = settled()
    one.kill()
    one.disk.full = True
    one.start()
    assert one.daemon is None


def test_an_interface_that_changes_is_seen_after_a_tenth_of_a_second() -> None:
    site, (one, other) = settled()
    one.plug(one.nics[0], site.segments[0], "192.168.1.200/24")
    run(site, 0.05)
    assert kinds(one.disk.read()).count(InterfacesChanged) == 1
    run(site, 5)
    assert kinds(one.disk.read()).count(InterfacesChanged) == 2
    assert list(missing(site)) == []
    assert other.daemon
    assert other.daemon.mesh.peers[one.keyring.identity.key].proven is not None


def test_healing_undoes_whatever_was_done() -> None:
    site, (one, other) = settled()
    one.sleep()
    other.pause()
    other.unplug(other.nics[0])
    other.disk.full = True
    for machine in (one, other):
        machine.heal(site.segments[0])
    run(site, 60)
    assert list(missing(site)) == []


def test_the_device_is_made_again_when_somebody_takes_it_away() -> None:
    site, (one, _) = settled()
    one.lose_device()
    run(site, 30)
    assert one.wireguard.device is not None
    assert list(missing(site)) == []
