import pytest

from tests.cast import ALICE, BOB, CAROL, DAVE
from tests.playbook import Playbook, given
from wgmesh.domain import farewell
from wgmesh.domain.effects import SendFarewell
from wgmesh.domain.events import MeshLeft, PeerConnected, PeerDisconnected, PeerEndpointObserved
from wgmesh.domain.inputs import Leave
from wgmesh.domain.values import Endpoint

OUTSIDE = Endpoint("203.0.113.9", 4242)
MET = given(*ALICE.joined(), *(each.discovered() for each in (BOB, CAROL, DAVE)))


def farewells(story: Playbook) -> list[Endpoint]:
    """Where she says goodbye over the underlay, when she leaves."""
    left = story.when(Leave(), at="1 h")
    assert left.events == (MeshLeft(),)
    return [effect.address for effect in left.effects if isinstance(effect, SendFarewell)]


def test_who_leaves_tells_connected_peers_where_their_exchange_is_likeliest() -> None:
    story = MET.given(
        PeerConnected(BOB.key, OUTSIDE),
        PeerConnected(CAROL.key, CAROL.wireguard),
        PeerDisconnected(CAROL.key, 1),
        PeerEndpointObserved(DAVE.key, "exchange", DAVE.wireguard),
    )
    assert farewells(story) == [Endpoint(OUTSIDE.ip, BOB.exchange.port)] * 2


def test_no_more_are_told_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(farewell, "HEARERS", 1)
    story = MET.given(PeerConnected(BOB.key, BOB.wireguard), PeerConnected(CAROL.key, CAROL.wireguard))
    assert farewells(story) == [BOB.exchange] * 2


def test_who_is_at_a_link_local_address_is_told_where_its_record_says_or_nowhere() -> None:
    link_local = PeerConnected(BOB.key, Endpoint("fe80::2", 20000, "eth0"))
    assert farewells(MET.given(link_local)) == [BOB.exchange] * 2
    nameless = given(*ALICE.joined(), BOB.discovered(BOB.record(endpoints=())))
    assert farewells(nameless.given(link_local)) == []
