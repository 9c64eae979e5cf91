from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack
from msgspec.structs import replace

from tests.cast import ALICE, BOB, DAVE
from tests.golden.samples import sample
from tests.told import ERIN_KEY, EVERYTHING, ground, mesh_of, stories, told
from wgmesh.domain import events as e
from wgmesh.domain.events import CATALOGUE, Event
from wgmesh.domain.facts import Entry, Failure, Layer, Refusal
from wgmesh.domain.folding import carried, evolve, fold
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.own_record import own_record
from wgmesh.domain.values import Incarnation

# Nothing ends that never began.
OVER = (e.PeerUnrelayed, e.RelayClosed, e.PeerUnbanned, e.DaemonReturned)
# What was said and is done with; and a ban that nobody spoke is no ban that ends, nor returns who was not missed.
WITHOUT_CONSEQUENCE = (e.AddressCollisionResolved, e.NodeSuspended, e.RouteContested, e.IntroducerCurbed, *OVER)


@pytest.mark.parametrize("event", CATALOGUE, ids=lambda event: event.__name__)
def test_every_event_of_the_catalogue_has_a_meaning(event: type) -> None:
    stranger, happening = sample(e.PeerDiscovered), sample(event)
    spoken_of = [getattr(each, "identity", stranger.identity) for each in getattr(happening, "sightings", [happening])]
    spoken_of += getattr(happening, "purged", ())
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
    lambda _: e.InterfacesChanged((ALICE.interface, BOB.interface), (), ()),
    lambda _: e.InterfacesChanged((), (), ()),
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


def test_where_the_mesh_meets_is_known_of_one_registry_and_what_we_made_stays_known() -> None:
    first = mesh_of(e.RegistryEntryFound(7))
    assert first.entry == Entry(7, ground(5), 0, None)
    made = mesh_of(e.RegistryEntryCreated(9), e.RegistryEntryFound(7))
    assert made.entry == Entry(7, ground(6), 9, ground(5))
    elsewhere = replace(ALICE.settings, registry=True, registry_url="https://git.example", registry_repo="a/b")
    still = e.SettingsChanged(replace(elsewhere, lan=False))
    assert mesh_of(e.SettingsChanged(elsewhere), e.RegistryEntryFound(7), still).entry is not None
    assert mesh_of(e.RegistryEntryFound(7), e.SettingsChanged(elsewhere)).entry is None


def test_a_failure_stands_until_nothing_fails_any_more() -> None:
    failed = e.DeviceChangeFailed(("add route",), ("EPERM",))
    standing = Failure(("add route",), ("EPERM",), ground(5))
    assert mesh_of(failed).failure == standing
    assert mesh_of(failed, e.DeviceChanged(("set link up",), 1)).failure == standing
    assert mesh_of(failed, e.DeviceChanged(("add route",), 0)).failure is None
    assert mesh_of(e.DeviceChanged(("add route",), 0)).device == ground(5)


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
