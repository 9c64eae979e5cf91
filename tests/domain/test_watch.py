from tests.cast import ALICE
from tests.playbook import given
from wgmesh.domain.events import LayerResumed, LayerSuspended
from wgmesh.domain.watch import HEARS_NOBODY, is_cut_off, is_on

STARTED = given(*ALICE.joined())


def test_the_watch_is_on_while_gossip_works_or_hears_nobody() -> None:
    assert not is_on(STARTED.mesh)
    assert not is_on(STARTED.given(LayerSuspended("gossip", "port taken")).mesh)
    assert is_on(STARTED.given(LayerResumed("gossip")).mesh)
    assert is_on(STARTED.given(LayerSuspended("gossip", HEARS_NOBODY)).mesh)


def test_a_node_is_cut_off_while_it_says_that_it_hears_nobody() -> None:
    cut_off = STARTED.given(LayerSuspended("gossip", HEARS_NOBODY))
    assert is_cut_off(cut_off.mesh)
    assert not is_cut_off(STARTED.mesh)
    assert not is_cut_off(cut_off.given(LayerResumed("gossip")).mesh)
