import hashlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.cast import BOB, CAROL, DAVE, NARROW, Member
from tests.golden.samples import sample
from tests.told import ELSEWHERE, ground, left, mesh_of, stories, told
from wgmesh.domain import events as e
from wgmesh.domain.events import Event
from wgmesh.domain.folding import evolve, fold
from wgmesh.domain.mesh import Mesh, fingerprint
from wgmesh.domain.parameters import ipv4_of
from wgmesh.domain.values import Incarnation


def test_who_is_let_in_at_last_is_no_longer_refused() -> None:
    refusals = [e.PeerRefused(who.key, who.name, "joined with another URI") for who in (BOB, CAROL)]
    assert list(mesh_of(*refusals, BOB.discovered()).refused) == [CAROL.key]


def test_the_life_of_a_peer_is_told_by_its_events() -> None:
    mesh = mesh_of(BOB.discovered(), BOB.observed(), e.PeerConnected(BOB.key, BOB.wireguard))
    bob = mesh.peers[BOB.key]
    assert (bob.discovered, bob.observed[0].since, bob.connected, bob.proved) == (
        ground(5),
        ground(6),
        ground(7),
        ground(7),
    )
    mesh = fold(told(e.PeerRoamed(BOB.key, ELSEWHERE, BOB.wireguard), after=7), mesh)
    assert (mesh.peers[BOB.key].proven, mesh.peers[BOB.key].proved) == (ELSEWHERE, ground(8))
    assert mesh.peers[BOB.key].connected == ground(7)
    mesh = fold(told(e.PeerDisconnected(BOB.key, 181_000), after=8), mesh)
    assert mesh.peers[BOB.key].state == "silent"
    mesh = fold(told(e.PeerExpired(BOB.key, 86_400_000), after=9), mesh)
    assert (mesh.peers[BOB.key].state, mesh.present_peers) == ("expired", ())
    mesh = fold(told(BOB.discovered(), after=10), mesh)
    assert (mesh.peers[BOB.key].state, mesh.peers[BOB.key].discovered) == ("connecting", ground(11))


def test_a_goodbye_takes_the_peer_out_and_keeps_its_last_record() -> None:
    mesh = mesh_of(BOB.discovered(), e.PeerConnected(BOB.key, BOB.wireguard), left(BOB))
    bob = mesh.peers[BOB.key]
    assert (bob.state, bob.connected, bob.incarnation, bob.signed) == (
        "left",
        None,
        Incarnation(1, 9),
        left(BOB).signed,
    )
    assert mesh.digest == fingerprint(left(BOB).signed)
    assert mesh.routed == {}


def test_who_is_banned_is_in_lists_only_and_what_it_had_is_free() -> None:
    rival = CAROL.discovered()
    mesh = mesh_of(BOB.discovered(), e.PeerConnected(BOB.key, BOB.wireguard), replace(rival, ipv4=BOB.ipv4))
    assert mesh.routed[BOB.ipv4] == BOB.key
    banned = fold(told(e.PeerBanned(BOB.public_key), after=7), mesh)
    assert banned.banned == {BOB.public_key: ground(8)}
    assert (banned.shuns(BOB.key), banned.shuns(CAROL.key), mesh.shuns(BOB.key)) == (True, False, False)
    assert [peer.identity for peer in banned.present_peers] == [CAROL.key]
    assert [peer.identity for peer in banned.listed_peers] == [BOB.key, CAROL.key]
    assert (banned.peers[BOB.key].connected, banned.routed[BOB.ipv4], banned.digest) == (None, CAROL.key, mesh.digest)


def test_who_is_let_back_in_is_tried_like_one_that_just_fell_silent() -> None:
    ban, unban = e.PeerBanned(BOB.public_key), e.PeerUnbanned(BOB.public_key)
    proven = mesh_of(BOB.discovered(), e.PeerConnected(BOB.key, BOB.wireguard), ban, unban)
    assert (proven.banned, proven.peers[BOB.key].disconnected) == ({}, ground(8))
    assert proven.present_peers == proven.listed_peers == (proven.peers[BOB.key],)
    met = mesh_of(BOB.discovered(), ban, unban)
    assert (met.peers[BOB.key].state, met.routed) == ("connecting", {BOB.ipv4: BOB.key})


def test_a_key_can_be_banned_before_anybody_is_known_to_have_it() -> None:
    mesh = mesh_of(e.PeerBanned(BOB.public_key), BOB.discovered())
    assert (mesh.present_peers, mesh.routed) == ((), {})
    assert mesh.listed_peers == (mesh.peers[BOB.key],)


def test_the_roll_call_notes_counters_and_when_each_was_heard() -> None:
    sightings = (e.Sighting(BOB.key, 400, 10, 20), e.Sighting(CAROL.key, -1, 30, 40), e.Sighting(DAVE.key, 0, 50, 60))
    mesh = mesh_of(BOB.discovered(), CAROL.discovered(), DAVE.discovered(), e.PeersSighted(sightings))
    bob, carol, dave = (mesh.peers[who.key] for who in (BOB, CAROL, DAVE))
    assert (bob.rx_bytes, bob.tx_bytes, bob.heard_at) == (10, 20, ground(8).at - 400)
    assert (carol.rx_bytes, carol.tx_bytes, carol.heard_at) == (30, 40, ground(6).at)
    assert dave.heard_at == ground(8).at


@given(stories)
def test_the_digest_is_the_sum_over_the_records_that_are_held(events: list[Event]) -> None:
    mesh = mesh_of(*events)
    hashes = [int.from_bytes(hashlib.sha256(peer.signed).digest()[:8], "big") for peer in mesh.peers.values()]
    assert mesh.digest == sum(hashes) % 2**64


@pytest.mark.parametrize("order", list(itertools.permutations((BOB, CAROL, DAVE))))
def test_the_digest_does_not_depend_on_who_was_met_first(order: tuple[Member, ...]) -> None:
    mesh = mesh_of(*(who.discovered() for who in order))
    assert mesh.digest == mesh_of(BOB.discovered(), CAROL.discovered(), DAVE.discovered()).digest


def claimants(mesh: Mesh, address: str) -> list[bytes]:
    return [peer.identity for peer in mesh.present_peers if peer.ipv4 == address]


@given(st.lists(st.tuples(st.sampled_from([BOB, CAROL, DAVE]), st.sampled_from([*range(6), "goes"])), max_size=12))
def test_each_address_is_routed_to_one_of_those_that_claim_it(steps: list[tuple[Member, int | str]]) -> None:
    mesh = mesh_of()
    for place, (who, nonce) in enumerate(steps, start=1):
        held = mesh.peers.get(who.key)
        event: Event = left(who, change=place)
        if isinstance(nonce, int):
            said = who.record(change=place, nonce=nonce)
            stated = who.discovered(said) if held is None or not held.present else who.updated(said)
            event = replace(stated, ipv4=ipv4_of(NARROW, who.public_key, nonce))
        elif held is None or not held.present:
            continue
        before, mesh = mesh, evolve(mesh, told(event, after=mesh.head.sequence)[0])
        claimed = {peer.ipv4: claimants(mesh, peer.ipv4) for peer in mesh.present_peers}
        assert sorted(mesh.routed) == sorted(claimed)
        for address, claiming in claimed.items():
            assert mesh.routed[address] in claiming
            if before.routed.get(address) in claiming:
                assert mesh.routed[address] == before.routed[address], "who had it and claims it keeps it"


def test_an_address_that_its_holder_left_goes_to_the_lowest_key_that_claims_it() -> None:
    def claims(who: Member) -> e.PeerDiscovered:
        return replace(who.discovered(), ipv4="10.9.0.1")

    assert mesh_of(claims(DAVE), claims(CAROL), claims(BOB)).routed == {"10.9.0.1": DAVE.key}
    assert mesh_of(claims(DAVE), claims(CAROL), claims(BOB), left(DAVE)).routed == {"10.9.0.1": BOB.key}


def test_who_has_no_ipv4_address_is_routed_nothing() -> None:
    assert mesh_of(replace(BOB.discovered(), ipv4="")).routed == {}


def test_what_was_contested_and_settled_changes_nothing() -> None:
    mesh = mesh_of(BOB.discovered())
    contested = fold(told(sample(e.RouteContested), after=5), mesh)
    assert replace(contested, head=mesh.head) == mesh


def test_where_a_peer_was_heard_is_kept_by_layer() -> None:
    assert [seen.since for seen in mesh_of(BOB.discovered(), BOB.observed()).peers[BOB.key].observed] == [ground(6)]
