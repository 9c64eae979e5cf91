from msgspec.structs import replace

from tests.cast import ALICE, BOB, EVERYBODY
from tests.playbook import given
from tests.rings import OTHERS, ring
from wgmesh.domain.events import LayerSuspended, PeerConnected, PeerDisconnected, SettingsChanged
from wgmesh.domain.ring import after, before, neighbours

AROUND = sorted(EVERYBODY, key=lambda each: each.key)
PLACE = AROUND.index(ALICE)
BEFORE, AFTER = AROUND[PLACE - 1], AROUND[(PLACE + 1) % len(AROUND)]
ALL = ring(*OTHERS)


def test_each_has_one_before_and_one_after_it_and_the_ring_closes() -> None:
    others = [each.key for each in OTHERS]
    assert before(ALICE.key, others) == BEFORE.key
    assert after(ALICE.key, others) == AFTER.key
    for alone in OTHERS:
        assert before(ALICE.key, [alone.key]) == after(ALICE.key, [alone.key]) == alone.key
    assert (before(ALICE.key, []), after(ALICE.key, [])) == (b"", b"")


def test_neighbours_are_connected_and_there_are_none_without_gossip() -> None:
    assert neighbours(ALL.mesh) == (BEFORE.key, AFTER.key)
    silent = ALL.given(PeerDisconnected(BEFORE.key, 1))
    assert neighbours(silent.mesh)[0] == AROUND[PLACE - 2].key
    assert neighbours(ALL.given(LayerSuspended("gossip", "no socket")).mesh) == ()
    off = given(*ALICE.joined(), SettingsChanged(replace(ALICE.settings, gossip=False)), BOB.discovered())
    assert neighbours(off.given(PeerConnected(BOB.key, BOB.wireguard)).mesh) == ()
    assert neighbours(given(*ALICE.joined(), BOB.discovered()).mesh) == ()


def test_a_restart_alone_makes_nobody_less_of_a_neighbour() -> None:
    assert neighbours(ALL.given(ALICE.started(2)).mesh) == neighbours(ALL.mesh)
