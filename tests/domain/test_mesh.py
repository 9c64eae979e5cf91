from tests.cast import ALICE, BOB, CAROL
from tests.told import mesh_of, told
from wgmesh.domain import events as e
from wgmesh.domain.folding import fold
from wgmesh.domain.mesh import LAST_WORDS, fingerprint
from wgmesh.domain.values import Incarnation


def test_of_a_pair_the_lower_key_begins() -> None:
    mesh = fold(told(*BOB.joined(), ALICE.discovered(), CAROL.discovered()))
    assert not mesh.is_initiator_for(mesh.peers[ALICE.key])
    assert mesh.is_initiator_for(mesh.peers[CAROL.key])


def test_a_layer_works_from_its_record_on_until_another_or_our_own_goodbye() -> None:
    up = mesh_of(e.LayerResumed("exchange"))
    assert up.works("exchange")
    assert not up.works("dht")
    assert not mesh_of(e.LayerSuspended("exchange", "no port")).works("exchange")
    assert not mesh_of(e.LayerResumed("exchange"), e.MeshLeft()).works("exchange")


def test_a_node_is_alone_while_nobody_whom_it_uses_is_connected() -> None:
    connected = (BOB.discovered(), e.PeerConnected(BOB.key, BOB.wireguard))
    assert mesh_of(BOB.discovered()).is_alone
    assert not mesh_of(*connected).is_alone
    assert mesh_of(*connected, e.PeerBanned(BOB.public_key)).is_alone


def test_who_is_banned_is_listed_and_not_used_known_or_not() -> None:
    mesh = mesh_of(BOB.discovered(), CAROL.discovered(), e.PeerBanned(BOB.public_key))
    assert [peer.identity for peer in mesh.present_peers] == [CAROL.key]
    assert [peer.identity for peer in mesh.listed_peers] == [BOB.key, CAROL.key]
    assert (mesh.shuns(BOB.key), mesh.shuns(CAROL.key), mesh_of().shuns(BOB.key)) == (True, False, False)


def test_the_clone_with_the_lower_life_falls_silent_after_its_last_words() -> None:
    higher, lower = (mesh_of(e.CloneDetected(Incarnation(1, 3), life)) for life in (b"\0", b"\xff" * 9))
    seen = lower.head.awake
    assert not any(mesh.is_silent(seen + LAST_WORDS - 1) for mesh in (higher, lower))
    assert (higher.is_silent(seen + LAST_WORDS), lower.is_silent(seen + LAST_WORDS)) == (False, True)
    assert not mesh_of().is_silent(seen + LAST_WORDS)
    assert (higher.silent_from, lower.silent_from, mesh_of().silent_from) == (None, seen + LAST_WORDS, None)


def test_a_record_weighs_eight_bytes_of_its_hash_in_a_digest() -> None:
    assert fingerprint(b"") == 0xE3B0C44298FC1C14
