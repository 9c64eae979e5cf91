"""Each safety rule bites: a world in which it is broken on purpose ends with its number."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from tests import invariants
from tests.simulation.checks import Broken, Ledger
from tests.simulation.machine import Machine
from tests.simulation.site import Site
from tests.simulation.small_site import run, settled
from wgmesh.domain.device import AddPeer, Device, DevicePeer, DeviceSample, RemovePeer
from wgmesh.domain.draft import State
from wgmesh.domain.inputs import Sampled
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import Endpoint, Incarnation
from wgmesh.node import Node


def mesh_of(machine: Machine) -> Mesh:
    assert machine.daemon
    return machine.daemon.mesh


def becomes(machine: Machine, mesh: Mesh) -> None:
    """The node holds something else to be true, without a record of it."""
    assert machine.daemon
    node = machine.daemon.node
    node._state = State(mesh, node.session)


def first_peer(machine: Machine, **changes: object) -> Mesh:
    mesh = mesh_of(machine)
    identity, peer = next(iter(mesh.peers.items()))
    return replace(mesh, peers={**mesh.peers, identity: replace(peer, **changes)})


def loopback(site: Site, one: Machine, other: Machine) -> None:
    becomes(one, first_peer(one, proven=Endpoint("127.0.0.1", 1)))


def another_nonce(site: Site, one: Machine, other: Machine) -> None:
    becomes(one, replace(mesh_of(one), nonce=7))


def stranger(site: Site, one: Machine, other: Machine) -> None:
    del site.checks.members[other.keyring.identity.key]


def never_said(site: Site, one: Machine, other: Machine) -> None:
    site.checks.owners[other.keyring.identity.key] = [Ledger(other)]


def leaking(site: Site, one: Machine, other: Machine) -> None:
    site.checks.owners[one.keyring.identity.key][0].canaries = (b"PeerUpdated", b"192.168.1.201")


def too_many(site: Site, one: Machine, other: Machine) -> None:
    site.checks.owners[one.keyring.identity.key][0].daily["PeerUpdated"] = 28_800


def forgetful_disk(site: Site, one: Machine, other: Machine) -> None:
    one.disk.append = lambda batch: None  # type: ignore[method-assign]


def sealed_early(site: Site, one: Machine, other: Machine) -> None:
    watched = one.disk.on_append
    one.disk.on_append = lambda: (one.entropy(16), watched())[1]


def wall_clock(site: Site, one: Machine, other: Machine) -> None:
    assert one.daemon
    decide = one.daemon.node.turn
    one.daemon.node.turn = lambda inputs, at, awake: decide(inputs, at + 1, awake)  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("sabotage", "rule"),
    [
        (loopback, "S6"),
        (another_nonce, "S6"),
        (stranger, "S4"),
        (never_said, "S11"),
        (leaking, "S8"),
        (too_many, "S12"),
        (forgetful_disk, "S11"),
        (sealed_early, "S11"),
        (wall_clock, "S6"),
    ],
)
def test_a_broken_rule_is_told_with_its_number(sabotage: Callable[[Site, Machine, Machine], None], rule: str) -> None:
    site, (one, other) = settled()
    sabotage(site, one, other)
    other.plug(other.nics[0], site.segments[0], "192.168.1.201/24")
    with pytest.raises(Broken, match=rf"^{rule}: n0 at 1\d\.\d+ s, record \d+: "):
        run(site, 60)


def test_our_own_key_on_the_device_is_told() -> None:
    site, (one, _) = settled()
    with pytest.raises(Broken, match=r"^S1: n0"):
        site.checks._invariants(one, mesh_of(one), first_peer(one, public_key=one.keyring.identity.public_key), 0)


def test_an_endpoint_that_can_be_nobodys_is_known() -> None:
    _, (one, other) = settled()
    assert not invariants.is_endpoint(mesh_of(one), Endpoint("224.0.0.1", 1))
    assert invariants.is_endpoint(mesh_of(one), Endpoint(other.nics[0].address(""), 1))


def test_an_incarnation_that_went_back_is_told() -> None:
    site, (one, _) = settled()
    with pytest.raises(Broken, match=r"^S5: n0"):
        site.checks._invariants(one, mesh_of(one), first_peer(one, incarnation=Incarnation(1, 1)), 0)


def test_a_lost_record_is_told_at_the_next_start() -> None:
    _, (one, _) = settled()
    one.kill()
    one.disk.stored.pop()
    with pytest.raises(Broken, match=r"^S11: n0 .* are lost"):
        one.start()


def test_a_snapshot_that_says_something_else_is_told_at_the_next_start() -> None:
    site, (one, _) = settled()
    one.disk.keep_snapshot(replace(mesh_of(one), nonce=9))
    one.kill()
    with pytest.raises(Broken, match=r"^S6: n0 .*: nonce"):
        one.start()
    assert site.checks.steps > 0


def test_a_node_that_acts_on_what_could_not_be_written_is_told() -> None:
    site, (one, _) = settled()
    with pytest.raises(Broken, match=r"^S11: n0 .* could not be written"):
        site.checks.refused(one, Mesh())


def test_a_second_apply_that_would_change_something_is_told() -> None:
    site, (one, _) = settled()
    with pytest.raises(Broken, match=r"^S10: n0 .* would make .CreateInterface"):
        site.checks.applied(one, Sampled(DeviceSample(None)), True)
    site.checks.applied(one, Sampled(DeviceSample(None)), False)


def test_one_prefix_under_two_peers_is_told() -> None:
    site, (one, _) = settled()
    twice = tuple(DevicePeer(bytes([n]) * 32, 0, None, ("10.0.0.1/32",)) for n in (1, 2))
    sample = one.wireguard.sample()
    device = sample.device
    assert device
    with pytest.raises(AssertionError, match=r"^S2: 10"):
        site.checks.applied(one, Sampled(replace(sample, device=replace(device, peers=(*device.peers, *twice)))), True)
    assert Device() != device


def test_more_bytes_to_an_address_than_came_from_it_are_told_until_it_is_validated() -> None:
    site, (one, _) = settled()
    there, data = Endpoint("192.168.1.77", 5), bytes(256)
    site.checks.received(one, there, 256)
    site.checks.sent(one, "lan", there, data)
    site.checks.sent(one, "lan", None, data)
    with pytest.raises(Broken, match=r"^S7: n0 .* 256 bytes more"):
        site.checks.sent(one, "lan", there, data)
    site.checks.validated(one, there)
    site.checks.sent(one, "lan", there, data)


def test_the_canaries_are_the_secrets_in_the_forms_in_which_they_might_appear() -> None:
    _, (one, _) = settled(seconds=0)
    canaries = Ledger(one).canaries
    assert one.secret.payload.encode() in canaries
    assert one.keyring.keys.psk.hex().encode() in canaries
    assert len(canaries) == 9
    assert isinstance(one.daemon and one.daemon.node, Node)


def test_a_session_that_is_torn_down_while_it_begins_is_told() -> None:
    site, (one, other) = settled(2, seconds=0)
    run(site, 0.3)
    [peer] = one.wireguard.device.peers if one.wireguard.device else ()
    anew = (RemovePeer(peer.public_key), AddPeer(peer))
    with pytest.raises(Broken, match=r"^P10: n0 .* is torn down"):
        site.checks.applies(one, anew)
    site.checks.applies(one, anew[:1])
    run(site, 10)
    site.checks.applies(one, anew)
    assert other.daemon
