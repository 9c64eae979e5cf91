from typing import Any, get_args

import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.cast import DAVE, ERIN, EVERYBODY, NARROW, Member
from tests.playbook import Playbook, given, span
from tests.relayed import GATE, PORT, alice, relay, relayed, said, says
from wgmesh.domain import inputs as i
from wgmesh.domain.announcing import SHORTEST
from wgmesh.domain.cadence import EPOCH, TASKS
from wgmesh.domain.decide import cause_of
from wgmesh.domain.device import Device, DevicePeer, DeviceSample, Traffic
from wgmesh.domain.effects import Announce, Sample
from wgmesh.domain.events import (
    AddressCollisionResolved,
    ClockStepped,
    CloneDetected,
    InterfacesChanged,
    MeshAddressChanged,
    PeerConnected,
    PeerDiscovered,
    PeerUpdated,
)
from wgmesh.domain.gossip_messages import Answer, Digest
from wgmesh.domain.identity import Identity
from wgmesh.domain.inputs import Due, Heard, Input, Networked, Sampled
from wgmesh.domain.peer_record import ClaimedEndpoint, SignedRecord
from wgmesh.domain.relay_messages import RelayAsk, RelayDenial, RelayGrant, RelayOffer
from wgmesh.domain.values import HOUR, SECOND, Endpoint, Incarnation

US, *OTHERS = (Member(who.name, who.identity, who.ip, NARROW) for who in EVERYBODY)
BOB, CAROL = OTHERS[:2]
STARTS = given().when(US.start(), at="0 s").when(Networked((US.interface,)))

CAUSES: list[tuple[Input, str]] = [
    (US.start(boot=2), "start"),
    (i.Stop("SIGTERM"), "operator/stop"),
    (i.Leave(), "operator/leave"),
    (i.Ban(BOB.public_key), "operator/ban"),
    (i.Unban(BOB.public_key), "operator/unban"),
    (Networked((BOB.interface,)), "network"),
    (BOB.says_hello(US), "lan"),
    (replace(BOB.says_hello(US), layer="exchange"), "exchange"),
    (i.Told("gossip", BOB.lan, (SignedRecord(CAROL.record(), CAROL.signed(CAROL.record())),)), "gossip"),
    (i.Whispered(BOB.key, Digest(bytes(8), 1, True), 0), "gossip"),
    (i.Introduced(BOB.key, US.key, CAROL.record(), CAROL.signed(CAROL.record()), True, False), "gossip"),
    (i.Introduced(BOB.key, CAROL.key, BOB.record(), BOB.signed(BOB.record()), True, False), "gossip"),
    (i.Probed(BOB.key, BOB.wireguard, bytes(12), Incarnation(1, 1)), "punch"),
    (i.Reached(BOB.key, BOB.wireguard, US.wireguard), "punch"),
    (i.Echoed(BOB.ipv6), "gossip"),
    (i.Found("peer", (CAROL.lan,)), "peer"),
    (i.Listed((Endpoint("198.51.100.1", 3478),)), "stun"),
    (i.Mapped(Endpoint("198.51.100.1", 3478), Endpoint("203.0.113.7", 4)), "stun"),
    (i.Consulted(7, wrote=True, passed=(SignedRecord(CAROL.record(), CAROL.signed(CAROL.record())),)), "registry"),
    (i.Consulted(trouble="the registry answers HTTP 500"), "registry"),
    (i.Located((CAROL.wireguard,)), "network"),
    (i.Skewed("exchange", BOB.key, BOB.ip, 3), "exchange"),
    (Due("sample"), "timer/sample"),
    (Due("forget"), "timer/forget"),
    (Sampled(DeviceSample(None)), "wireguard"),
    (i.Unpassed((bytes(64),), "idle"), "gossip"),
    (i.Applied(("set link up",), (), ()), "wireguard"),
    (i.Rejected({"seal": 1}, ()), "timer/rejections"),
    (i.Outpaced("192.0.2.1"), "lan"),
    (i.Woke(60_000), "clock"),
    (i.Suspended("dht", "no route"), "dht"),
    (i.Resumed("registry"), "registry"),
    (i.Recovered("events.db.damaged-1", 4, 100), "log"),
    (i.Carry(), "log"),
    (i.Compacted(2, bytes(16), "cap"), "log/cap"),
    (i.Compacted(2, bytes(16), "keep"), "log/keep"),
    (i.Thawed(1, 1), "log"),
]


@pytest.mark.parametrize(("happening", "cause"), CAUSES, ids=[f"{type(each).__name__}-{word}" for each, word in CAUSES])
def test_every_input_is_decided_and_its_records_carry_the_word_for_it(happening: Input, cause: str) -> None:
    assert cause_of(happening) == cause
    story = STARTS.when(happening, at="1 s")
    assert [record.cause for record in story.recent] == [cause] * len(story.recent)


def test_every_input_of_the_vocabulary_is_tried_here() -> None:
    assert {type(happening) for happening, _ in CAUSES} == set(get_args(Input))


def test_the_events_of_one_step_have_one_time_and_one_cause() -> None:
    story = STARTS.when(BOB.replies(US), at="20 s")
    assert {(record.at, record.awake, record.cause) for record in story.recent} == {(story.recent[0].at, 20_000, "lan")}
    assert [record.sequence for record in story.recent] == [5, 6]


@pytest.mark.parametrize("task", TASKS)
def test_a_task_that_finds_nothing_to_do_writes_nothing(task: str) -> None:
    story = STARTS.until("2 min").when(Due(task))
    assert story.events == ()
    assert all(effect in (Announce(), Sample()) for effect in story.effects)


def test_a_new_peer_is_looked_for_soon_and_its_turn_is_planned() -> None:
    session = STARTS.until("2 min").when(BOB.says_hello(US)).state.session
    assert session.sample_due == span("2 min 250 ms")
    assert session.turn_due == span("2 min 2 s")


def test_what_is_learnt_makes_the_lan_talk_sooner_and_what_only_connects_does_not() -> None:
    story = STARTS.until("5 min").when(BOB.says_hello(US))
    assert story.state.session.trickle.interval == SHORTEST
    later = story.until("10 min")
    place = DevicePeer(BOB.public_key, 1, BOB.wireguard)
    sample = DeviceSample(Device(peers=(place,)), (Traffic(BOB.public_key, True, 0),))
    connected = later.when(Sampled(sample)).then(PeerConnected(BOB.key, BOB.wireguard))
    assert connected.state.session.trickle == later.state.session.trickle


def test_whatever_comes_the_clock_is_looked_at() -> None:
    story = STARTS.when(Due("sample"), at="1 s", clock_set="1 h")
    assert story.events == (ClockStepped(span("1 h")),)


def test_what_changes_nothing_plans_nothing() -> None:
    story = STARTS.until("2 min")
    after = story.when(Sampled(DeviceSample(Device())))
    assert after.mesh is story.mesh
    assert replace(after.state.session, sampled=None) == replace(story.state.session, sampled=None)


def test_a_collision_that_a_record_brings_is_settled_in_the_same_step() -> None:
    twin = next(who for who in crowd() if who.ipv4 == US.ipv4)
    story = STARTS.when(twin.replies(US), at="1 s")
    kinds = [type(event) for event in story.events]
    assert kinds[:1] == [PeerDiscovered]
    assert kinds[-2:] == [AddressCollisionResolved, MeshAddressChanged]
    assert story.effects[-1] == Announce(), "and it is said at once where we are now"


def crowd() -> list[Member]:
    identities = (Identity.from_seed(number.to_bytes(32)) for number in range(100))
    return [Member("stranger", identity, "192.168.1.9", NARROW) for identity in identities]


def test_the_count_of_refusals_begins_anew_with_each_epoch() -> None:
    one, other = (Member("astray", who.identity, who.ip) for who in crowd()[:2])
    first = STARTS.when(one.announces(), at="1 s")
    assert (first.state.session.epoch, first.state.session.refusals) == (0, 1)
    second = first.when(other.announces(), at=f"{EPOCH} ms")
    assert (second.state.session.epoch, second.state.session.refusals) == (1, 1)


def test_what_we_say_of_ourselves_is_announced_when_it_changes() -> None:
    story = STARTS.when(Networked((US.interface, replace(BOB.interface, name="eth1"))), at="1 min")
    assert [type(event) for event in story.events] == [InterfacesChanged]
    assert story.effects == (Announce(),)
    assert STARTS.when(BOB.says_hello(US), at="1 min").effects.count(Announce()) == 0


# A record cannot name a link-local address; and WireGuard shows only where datagrams came from.
ips = st.one_of(
    st.ip_addresses(v=4).filter(lambda ip: not ip.is_link_local).map(str),
    st.sampled_from(["127.0.0.1", "224.0.0.1", "255.255.255.255", "0.0.0.0", "192.168.1.255", "10.9.0.3", "::1"]),
    st.sampled_from([f"192.168.1.{host}" for host in range(1, 8)]),
)
sources = st.sampled_from(["192.168.1.2", "192.168.1.77", "203.0.113.7", "2001:db8::7"])
claims = st.builds(
    ClaimedEndpoint,
    st.sampled_from(["lan", "reflexive", "static"]),
    st.sampled_from(["wg", "exchange"]),
    st.builds(Endpoint, ips, st.integers(0, 65535)),
)
stated = st.fixed_dictionaries(
    {
        "boot": st.integers(1, 3),
        "change": st.integers(0, 5),
        "nonce": st.sampled_from([0, 1, 2, 255]),
        "endpoints": st.lists(claims, max_size=4).map(tuple),
        "left": st.sampled_from([False] * 9 + [True]),
        "capabilities": st.sampled_from([0, 0, 8]),
    }
)


@st.composite
def messages(draw: Any) -> Heard:
    """Anything that an authentic message may say, from a member or in our own name."""
    who: Member = draw(st.sampled_from([*OTHERS, US]))
    said = who.record(**draw(stated))
    sender = draw(st.sampled_from([who.lan, BOB.lan, Endpoint("fe80::7", 40000, "eth0")]))
    match draw(st.sampled_from(["announces", "hello", "hello to all", "replies", "confirms"])):
        case "announces":
            return who.announces(said, sender=sender, agrees=draw(st.booleans()))
        case "hello":
            return who.says_hello(US, said, number=draw(st.integers(0, 9)), sender=sender)
        case "hello to all":
            return who.says_hello(None, said, number=draw(st.integers(0, 9)), sender=sender)
        case "replies":
            return who.replies(US, said, sender=sender)
        case _:
            return who.confirms(US, sender=sender)


@st.composite
def samples(draw: Any) -> Sampled:
    """Anything that WireGuard may say of some of the members, or of a stranger."""
    keys = draw(st.lists(st.sampled_from([*(who.public_key for who in OTHERS), bytes(32)]), unique=True))
    places = [draw(st.one_of(st.none(), st.builds(Endpoint, sources, st.integers(1, 3)))) for _ in keys]
    ages = st.one_of(st.none(), st.integers(0, 400 * SECOND))
    traffic = tuple(Traffic(key, draw(st.booleans()), draw(ages), draw(ages)) for key in keys)
    peers = tuple(DevicePeer(key, draw(st.integers(-1, 1)), place) for key, place in zip(keys, places, strict=True))
    return Sampled(DeviceSample(Device(peers=peers), traffic))


# What a daemon decides at most once, at the beginning or end of a run.
ONCE = i.Start | i.Recovered | i.Leave
happenings = st.one_of(
    messages(),
    messages(),
    samples(),
    st.sampled_from(sorted(TASKS)).map(Due),
    st.sampled_from([Networked(()), Networked((US.interface,)), Networked((US.interface, CAROL.interface))]),
    st.sampled_from(
        [happening for happening, _ in CAUSES if not isinstance(happening, Heard | i.Leave | i.Start | i.Recovered)]
    ),
)
pauses = st.sampled_from([0, 1, 250, SECOND, 10 * SECOND, 5 * 60 * SECOND, 2 * HOUR, 25 * HOUR])


@settings(max_examples=300)
@examples(st.lists(st.tuples(happenings, pauses), max_size=15))
def test_nothing_that_reaches_a_node_breaks_what_must_never_be_broken(story: list[tuple[Input, int]]) -> None:
    """The playbook checks after each step: own key, addresses, endpoints, incarnations, and the fold of the log."""
    told: Playbook = STARTS
    for happening, pause in story:
        told = told.when(happening, at=f"{told.now + pause} ms")
        for record in told.recent:
            assert all(0 < ground < record.sequence for ground in record.because)
            if isinstance(record.event, PeerConnected | PeerUpdated):
                assert record.because, "an edge says what it rests on"


def test_row_29_a_node_that_gave_way_to_its_clone_says_nothing_more() -> None:
    story = STARTS.given(CloneDetected(Incarnation(9, 9), b"\xff" * 8)).until("2 min")
    assert story.mesh.is_silent(story.now)
    assert story.when(BOB.says_hello(US)).effects == ()


def test_what_a_member_says_of_relaying_is_heard_by_the_side_that_it_is_for() -> None:
    us = relay((DAVE, ERIN))
    offered = us.when(says(DAVE, RelayAsk(ERIN.key, PORT)), at="1 s")
    assert said(offered) == [(ERIN.key, RelayOffer(DAVE.key))], "we are its relay"
    wants = alice(DAVE)
    asks = wants.when(says(DAVE, RelayOffer(BOB.key)), at="1 s")
    assert said(asks) == [(DAVE.key, RelayAsk(BOB.key, PORT))], "it is ours"
    granted = asks.when(says(DAVE, RelayGrant(BOB.key, GATE)), at="2 s").then(Sample())
    assert granted.state.session.relaying.leases[BOB.key].relay == DAVE.key
    denied = granted.when(says(DAVE, RelayDenial(BOB.key)), at="3 s")
    assert denied.state.session.relaying.leases == {}


def test_what_a_relayed_peer_answers_through_its_direct_tunnel_counts_for_that() -> None:
    beside = relayed(alice(DAVE), DAVE, at="0 s").given(PeerConnected(BOB.key, BOB.wireguard))
    asked = beside.when(i.Resumed("lan")).when(Due("trial"), at="1 s")
    number = asked.state.session.relaying.trials[BOB.key].number
    answered = asked.when(says(BOB, Answer(number)), at="1.1 s").then()
    assert answered.state.session.relaying.trials[BOB.key].answered == 1
