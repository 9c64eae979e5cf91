"""A node at the end of its incarnations: nobody takes what lies beyond, its owner goes on as a new node. Row 14."""

import pytest
from msgspec.structs import replace

from tests.simulation.convergence import missing
from tests.simulation.insiders import Insider
from tests.simulation.machine import Machine
from tests.simulation.site import Site
from tests.simulation.small_site import run, settled
from wgmesh.domain import peer_record
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.events import DatagramsRejected
from wgmesh.domain.own_record import own_record
from wgmesh.domain.peer_record import INCARNATION_END
from wgmesh.domain.values import Incarnation
from wgmesh.projections.warnings import warnings

LAST = INCARNATION_END - 1
EPOCH_SECONDS = 600


def in_its_last_start() -> tuple[Site, Machine, list[Machine]]:
    """Three that know each other, one of which has no further start."""
    site, (owner, *others) = settled(3)
    owner.kill()
    owner.disk.boot = LAST - 1
    owner.start()
    run(site, 10)
    return site, owner, others


def held(machine: Machine, owner: Machine) -> Incarnation:
    assert machine.daemon
    return machine.daemon.mesh.peers[owner.keyring.identity.key].incarnation


def thief_of(owner: Machine, site: Site) -> Insider:
    """Somebody on the segment who has the owner's seed, and answers in its name."""
    thief = Insider(site, 0, site.segments[0])
    assert owner.daemon
    thief.keyring, thief.record = (
        owner.keyring,
        replace(own_record(owner.daemon.mesh), endpoints=thief.record.endpoints),
    )
    return thief


def claim(thief: Insider, boot: int, sequence: int) -> None:
    """Say this in the owner's name, well signed."""
    thief.record = replace(thief.record, incarnation=Incarnation(boot, sequence), life=b"stolen!!")
    body = peer_record.encode(thief.record)
    thief.say(body + thief.keyring.identity.sign(peer_record.LABEL + body))


def test_row_14_the_end_of_the_range_is_refused_by_all_and_what_lies_below_it_is_stored() -> None:
    site, owner, others = in_its_last_start()
    assert [held(other, owner).boot for other in others] == [LAST, LAST]
    assert list(missing(site)) == []
    thief, before = thief_of(owner, site), [held(other, owner) for other in others]
    for boot, sequence in ((INCARNATION_END, 0), (LAST, INCARNATION_END)):
        claim(thief, boot, sequence)
        run(site, 5)
        assert [held(other, owner) for other in others] == before
    run(site, 2 * EPOCH_SECONDS)
    for machine in (owner, *others):
        [rejected] = [each.event for each in machine.disk.read() if isinstance(each.event, DatagramsRejected)]
        assert list(rejected.counts) == ["incarnation"]
    assert list(missing(site)) == []


def test_row_14_who_hears_its_last_word_from_another_lives_on_and_says_what_to_do() -> None:
    site, owner, others = in_its_last_start()
    thief = thief_of(owner, site)
    claim(thief, LAST, LAST)
    run(site, 10)
    assert [held(other, owner) for other in others] == [Incarnation(LAST, LAST)] * 2
    assert owner.daemon
    assert owner.daemon.mesh.incarnation == Incarnation(LAST, LAST)
    [warning] = warnings(owner.daemon.mesh, owner.wall(), running=True, live=None, quoted={})
    assert "delete identity.seed, boot and events.db" in warning
    run(site, 60)
    assert list(missing(site)) == []


def test_row_14_who_has_no_start_left_comes_back_as_a_new_node() -> None:
    site, owner, others = in_its_last_start()
    owner.leave()
    run(site, 5)
    with pytest.raises(WgmeshError, match="out of starts"):
        owner.start()
    owner.kill()
    anew = site.renew(owner, seed=b"a new seed of thirty-two bytes..")
    anew.start()
    run(site, 10)
    assert list(missing(site)) == []
    for other in others:
        assert other.daemon
        assert other.daemon.mesh.peers[anew.keyring.identity.key].connected
        assert other.daemon.mesh.peers[owner.keyring.identity.key].state == "left"
