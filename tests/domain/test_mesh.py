import hashlib
import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack
from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL, DAVE, NARROW, Member
from tests.golden.samples import sample
from wgmesh.domain import events as e
from wgmesh.domain.events import CATALOGUE, Event
from wgmesh.domain.facts import Failure, Layer, Refusal
from wgmesh.domain.mesh import Mesh, carried, evolve, fingerprint, fold
from wgmesh.domain.own_record import own_record
from wgmesh.domain.parameters import ipv4_of
from wgmesh.domain.records import Record
from wgmesh.domain.values import Endpoint, Ground, Incarnation

ELSEWHERE = Endpoint("10.0.0.9", 7)


def told(*events: Event, after: int = 0, cause: str = "lan") -> tuple[Record, ...]:
    """Records of these events, a second apart."""
    numbered = enumerate(events, start=after + 1)
    return tuple(Record(n, 1_000_000 + n * 1000, n * 1000, cause, (), event) for n, event in numbered)


def mesh_of(*events: Event) -> Mesh:
    """Alice's mesh after the beginning of her log and these."""
    return fold(told(*ALICE.joined(), *events))


def ground(sequence: int) -> Ground:
    return Ground(sequence, 1_000_000 + sequence * 1000, sequence * 1000)


def left(who: Member, change: int = 9) -> e.PeerLeft:
    gone = who.record(change=change, left=True)
    return e.PeerLeft(who.key, gone.incarnation, who.signed(gone))


# What was said and is done with; and a ban that nobody spoke is no ban that ends.
WITHOUT_CONSEQUENCE = (e.AddressCollisionResolved, e.NodeSuspended, e.RouteContested, e.PeerUnbanned)


@pytest.mark.parametrize("event", CATALOGUE, ids=lambda event: event.__name__)
def test_every_event_of_the_catalogue_has_a_meaning(event: type) -> None:
    stranger, happening = sample(e.PeerDiscovered), sample(event)
    spoken_of = [getattr(each, "identity", stranger.identity) for each in getattr(happening, "sightings", [happening])]
    before = fold(told(*ALICE.joined(), *(replace(stranger, identity=identity) for identity in spoken_of)))
    happened = told(happening, after=before.head.sequence)[0]
    after = evolve(before, happened)
    assert after.head == ground(happened.sequence)
    changed = [field for field in Mesh.__struct_fields__ if getattr(after, field) != getattr(before, field)]
    assert changed != ["head"] or event in WITHOUT_CONSEQUENCE, "nothing came of it"


@pytest.mark.parametrize("event", [e.PeerUpdated, e.PeerConnected, e.PeerLeft, e.PeersSighted])
def test_what_is_said_of_a_peer_that_no_record_introduced_is_a_broken_log(event: type) -> None:
    with pytest.raises(KeyError):
        evolve(mesh_of(), told(sample(event), after=4)[0])


def test_a_log_begins_with_who_we_are() -> None:
    mesh = fold(told(ALICE.joined()[0]))
    assert (mesh.identity, mesh.public_key, mesh.parameters) == (ALICE.key, ALICE.public_key, ALICE.mesh)
    assert (mesh.ipv4, mesh.ipv6, mesh.nonce) == (ALICE.ipv4, ALICE.ipv6, 0)
    assert mesh.joined == mesh.addressed == ground(1)


def test_a_start_forgets_what_only_the_last_run_knew() -> None:
    ended = mesh_of(
        e.LayerSuspended("lan", "no interface"),
        e.DeviceChangeFailed(("add route",), ("EPERM",)),
        e.MeshLeft(),
        e.NodeStopped("SIGTERM"),
    )
    assert (ended.stopped, ended.departed) == (ground(8), ground(7))
    mesh = fold(told(ALICE.started(boot=2), after=8), ended)
    assert mesh.incarnation == Incarnation(2, 0)
    assert (mesh.started, mesh.stopped, mesh.departed, mesh.failure, mesh.layers) == (ground(9), None, None, None, {})
    assert (mesh.settings, mesh.interfaces) == (ALICE.settings, (ALICE.interface,))


# What says something new of us; boots rise, as the daemon sees to.
ABOUT_US: list[Callable[[int], Event]] = [
    lambda _: e.SettingsChanged(replace(ALICE.settings, hostname="ada")),
    lambda _: e.InterfacesChanged((ALICE.interface, BOB.interface)),
    lambda _: e.InterfacesChanged(()),
    lambda _: e.MeshAddressChanged(1, ALICE.ipv4_with(1), ALICE.ipv4),
    lambda _: e.MeshAddressChanged(255, "", ALICE.ipv4),
    lambda _: e.MeshLeft(),
    lambda boot: e.OwnRecordOutrun(Incarnation(boot, 3), 2, ALICE.ipv4_with(2)),
    ALICE.started,
]


@given(st.lists(st.sampled_from(ABOUT_US), max_size=8))
def test_our_record_never_says_two_things_in_one_incarnation(happenings: list[Callable[[int], Event]]) -> None:
    mesh = mesh_of()
    said = {mesh.incarnation: own_record(mesh)}
    for place, happening in enumerate(happenings, start=5):
        mesh = evolve(mesh, told(happening(place), after=place - 1)[0])
        assert said.setdefault(mesh.incarnation, own_record(mesh)) == own_record(mesh)


def test_each_thing_that_is_new_about_us_is_one_incarnation() -> None:
    assert mesh_of().incarnation == Incarnation(1, 2)
    assert mesh_of(BOB.discovered(), e.NodeStopped("SIGTERM")).incarnation == Incarnation(1, 2)
    assert mesh_of(e.MeshAddressChanged(1, ALICE.ipv4_with(1), ALICE.ipv4), e.MeshLeft()).incarnation == Incarnation(
        1, 4
    )


def test_whoever_hears_a_newer_record_of_itself_jumps_above_it() -> None:
    mesh = mesh_of(e.OwnRecordOutrun(Incarnation(7, 3), 2, ALICE.ipv4_with(2)))
    assert mesh.incarnation == Incarnation(7, 4)
    assert (mesh.nonce, mesh.ipv4, mesh.addressed, mesh.outrun) == (2, ALICE.ipv4_with(2), ground(5), ground(5))


def test_a_move_is_dated() -> None:
    mesh = mesh_of(e.MeshAddressChanged(3, ALICE.ipv4_with(3), ALICE.ipv4))
    assert (mesh.nonce, mesh.ipv4, mesh.addressed) == (3, ALICE.ipv4_with(3), ground(5))
    assert mesh.ipv6 == ALICE.ipv6


def test_what_is_known_once_is_kept_with_its_record() -> None:
    mesh = mesh_of(
        e.PeerRefused(DAVE.key, "dave", "other"),
        e.ForeignPeerSeen(ERIN_KEY),
        e.LayerSuspended("lan", "no interface"),
        e.LayerResumed("dht"),
        e.NewerPeerSeen("10.0.0.1"),
        e.DatagramsRejected({"seal": 1}, ("10.0.0.2",)),
        e.ClockStepped(-3_600_000),
        e.LogRecovered("events.db.damaged-1", 7, 5),
        e.LogGap(3, 1),
    )
    assert mesh.refused == {DAVE.key: Refusal("dave", "other", ground(5))}
    assert mesh.foreign == (ERIN_KEY,)
    assert mesh.layers == {"lan": Layer("no interface", ground(7)), "dht": Layer("", ground(8))}
    assert mesh.outpaced == {"10.0.0.1": ground(9)}
    assert (mesh.rejected, mesh.stepped, mesh.recovered, mesh.gap) == (ground(10), ground(11), ground(12), ground(13))


ERIN_KEY = bytes(range(32))


def test_who_is_let_in_at_last_is_no_longer_refused() -> None:
    refusals = [e.PeerRefused(who.key, who.name, "joined with another URI") for who in (BOB, CAROL)]
    assert list(mesh_of(*refusals, BOB.discovered()).refused) == [CAROL.key]


def test_a_failure_stands_until_nothing_fails_any_more() -> None:
    failed = e.DeviceChangeFailed(("add route",), ("EPERM",))
    standing = Failure(("add route",), ("EPERM",), ground(5))
    assert mesh_of(failed).failure == standing
    assert mesh_of(failed, e.DeviceChanged(("set link up",), 1)).failure == standing
    assert mesh_of(failed, e.DeviceChanged(("add route",), 0)).failure is None
    assert mesh_of(e.DeviceChanged(("add route",), 0)).device == ground(5)


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


def test_of_a_pair_the_lower_key_begins() -> None:
    mesh = fold(told(*BOB.joined(), ALICE.discovered(), CAROL.discovered()))
    assert not mesh.is_initiator_for(mesh.peers[ALICE.key])
    assert mesh.is_initiator_for(mesh.peers[CAROL.key])


STORED: list[Event] = [
    *(who.discovered() for who in (BOB, CAROL, DAVE)),
    *(who.updated(who.record(change=change, nonce=change)) for who in (BOB, CAROL, DAVE) for change in (3, 4)),
    *(left(who) for who in (BOB, CAROL)),
    *(e.PeerExpired(who.key, 1) for who in (BOB, DAVE)),
    *(e.PeerConnected(who.key, who.wireguard) for who in (BOB, DAVE)),
]


# Logs in which nobody is spoken of before it is discovered.
stories = st.lists(st.sampled_from(STORED), max_size=12).map(
    lambda events: [*(who.discovered() for who in (BOB, CAROL, DAVE)), *events]
)


@given(stories)
def test_the_digest_is_the_sum_over_the_records_that_are_held(events: list[Event]) -> None:
    mesh = mesh_of(*events)
    hashes = [int.from_bytes(hashlib.sha256(peer.signed).digest()[:8], "big") for peer in mesh.peers.values()]
    assert mesh.digest == sum(hashes) % 2**64


EVERYTHING: list[Event] = [
    *(who.discovered() for who in (BOB, CAROL, DAVE)),
    BOB.observed(),
    e.PeerConnected(BOB.key, BOB.wireguard),
    e.PeerRoamed(BOB.key, ELSEWHERE, BOB.wireguard),
    e.PeersSighted((e.Sighting(BOB.key, 400, 10, 20),)),
    CAROL.updated(CAROL.record(change=3, nonce=1)),
    left(DAVE),
    e.PeerRefused(ERIN_KEY, "erin", "other"),
    e.PeerBanned(BOB.public_key),
    e.PeerBanned(ERIN_KEY),
    e.PeerUnbanned(BOB.public_key),
    e.NetworksAttached(("172.17.0.0/16",), ("172.17.0.0/16",)),
    e.ForeignPeerSeen(ERIN_KEY),
    e.LayerSuspended("lan", "no interface"),
    e.NewerPeerSeen("10.0.0.1"),
    e.DeviceChanged(("add peer",), 1),
    e.DeviceChangeFailed(("add route",), ("EPERM",)),
    e.DatagramsRejected({"seal": 1}, ("10.0.0.2",)),
    e.ClockStepped(-3_600_000),
    e.LogRecovered("events.db.damaged-1", 7, 5),
    e.LogGap(3, 1),
    e.HeadWitnessed(BOB.key, 812, bytes(16)),
    e.LogCompacted(2, bytes(16)),
    e.OwnRecordOutrun(Incarnation(7, 3), 2, ALICE.ipv4_with(2)),
    e.NodeStopped("SIGTERM"),
    e.MeshLeft(),
]


@given(st.lists(st.sampled_from(EVERYTHING), max_size=20))
def test_the_carried_state_changes_nothing_and_out_of_nothing_makes_the_same(events: list[Event]) -> None:
    before = mesh_of(*EVERYTHING[:3], *events)
    (record,) = told(carried(before), after=before.head.sequence)
    over, out_of_nothing = evolve(before, record), fold([record])
    assert msgpack.encode(over) == msgpack.encode(out_of_nothing) == msgpack.encode(replace(before, head=over.head))
    assert over.head == ground(record.sequence)


def test_the_carried_state_has_every_field_of_a_mesh_but_those_that_follow_from_the_others() -> None:
    assert [name for name in Mesh.__struct_fields__ if name not in ("head", "digest")] == [
        *e.StateCarried.__struct_fields__
    ]


@pytest.mark.parametrize("order", list(itertools.permutations((BOB, CAROL, DAVE))))
def test_the_digest_does_not_depend_on_who_was_met_first(order: tuple[Member, ...]) -> None:
    mesh = mesh_of(*(who.discovered() for who in order))
    assert mesh.digest == mesh_of(BOB.discovered(), CAROL.discovered(), DAVE.discovered()).digest


@given(stories, st.integers(0, 20))
def test_a_log_folded_in_two_pieces_is_the_log_folded_whole(events: list[Event], cut: int) -> None:
    records = told(*ALICE.joined(), *events)
    whole, pieces = fold(records), fold(records[cut:], fold(records[:cut]))
    assert msgpack.encode(whole) == msgpack.encode(pieces)


@given(stories)
def test_folding_leaves_the_mesh_it_began_with_as_it_was(events: list[Event]) -> None:
    before = mesh_of(BOB.discovered())
    bytes_before = msgpack.encode(before)
    fold(told(*events, after=5), before)
    assert msgpack.encode(before) == bytes_before


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


def test_a_layer_works_from_its_record_on_until_another_or_our_own_goodbye() -> None:
    up = mesh_of(e.LayerResumed("exchange"))
    assert up.works("exchange")
    assert not up.works("dht")
    assert not mesh_of(e.LayerSuspended("exchange", "no port")).works("exchange")
    assert not mesh_of(e.LayerResumed("exchange"), e.MeshLeft()).works("exchange")
