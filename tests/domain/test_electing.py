from tests.cast import ALICE, EVERYBODY, Member
from tests.playbook import given
from wgmesh.domain.electing import ELECTED, is_elected
from wgmesh.domain.events import PeerConnected, PeerDisconnected
from wgmesh.domain.mesh import Mesh


def mesh_of(who: Member) -> Mesh:
    """As it is held by one of five who are all connected."""
    others = [other for other in EVERYBODY if other is not who]
    met = [event for other in others for event in (other.discovered(), PeerConnected(other.key, other.wireguard))]
    return given(*who.joined(), *met).mesh


def test_of_a_mesh_two_are_elected_and_all_agree_who() -> None:
    assert sum(is_elected(mesh_of(who)) for who in EVERYBODY) == ELECTED


def test_who_is_connected_with_nobody_looks_after_itself() -> None:
    silent = [PeerDisconnected(other.key, 200_000) for other in EVERYBODY if other is not ALICE]
    met = [
        event for other in EVERYBODY[1:] for event in (other.discovered(), PeerConnected(other.key, other.wireguard))
    ]
    assert is_elected(given(*ALICE.joined(), *met, *silent).mesh)
