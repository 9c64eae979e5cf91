import hashlib
from collections.abc import Mapping

from msgspec.structs import replace

from tests.cast import ALICE, EVERYBODY, Member
from tests.playbook import given
from wgmesh.domain.electing import ELECTED, is_elected
from wgmesh.domain.events import Event, PeerConnected, PeerDisconnected
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer_record import ClaimedEndpoint
from wgmesh.domain.values import Endpoint

SEEN = ClaimedEndpoint("reflexive", "exchange", Endpoint("203.0.113.7", 52189))
STATIC = ClaimedEndpoint("static", "exchange", Endpoint("203.0.113.7", 52189))
NOBODY_SAID: Mapping[Member, tuple[ClaimedEndpoint, ...]] = {}


def mesh_of(who: Member, said: Mapping[Member, tuple[ClaimedEndpoint, ...]] = NOBODY_SAID) -> Mesh:
    """As it is held by one of five who are all connected; some said where they are."""
    met = list[Event]()
    for other in EVERYBODY:
        if other is not who:
            record = replace(other.record(), endpoints=said.get(other, ()))
            met += [other.discovered(record), PeerConnected(other.key, other.wireguard)]
    return given(*who.joined(), *met).mesh


def test_of_a_mesh_two_are_elected_and_all_agree_who() -> None:
    assert sum(is_elected(mesh_of(who)) for who in EVERYBODY) == ELECTED


def test_who_is_connected_with_nobody_looks_after_itself() -> None:
    silent = [PeerDisconnected(other.key, 200_000) for other in EVERYBODY if other is not ALICE]
    met = [
        event for other in EVERYBODY[1:] for event in (other.discovered(), PeerConnected(other.key, other.wireguard))
    ]
    assert is_elected(given(*ALICE.joined(), *met, *silent).mesh)


def test_who_is_hidden_by_a_nat_comes_behind_all_who_can_be_called_unless_its_operator_says_where_it_is() -> None:
    hidden, *others = sorted(EVERYBODY, key=lambda who: hashlib.sha256(who.key).digest())
    assert [who for who in others if is_elected(mesh_of(who, {hidden: (SEEN,)}))] == others[:ELECTED]
    assert [who for who in others if is_elected(mesh_of(who, {hidden: (STATIC, SEEN)}))] == others[: ELECTED - 1]


def test_where_all_are_hidden_two_are_elected_all_the_same() -> None:
    first, second, third, *_ = sorted(EVERYBODY, key=lambda who: hashlib.sha256(who.key).digest())
    others = {who: (SEEN,) for who in EVERYBODY if who is not third}
    assert is_elected(mesh_of(third, others))
    assert not is_elected(mesh_of(third))
    assert is_elected(mesh_of(second, {first: (SEEN,)}))
