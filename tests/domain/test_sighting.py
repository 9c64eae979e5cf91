"""Members tell each other where WireGuard has them, and two of them are believed before any server."""

from tests.cast import ALICE, BOB, CAROL, DAVE, Member
from tests.playbook import Playbook, given
from wgmesh.domain.device import Device, DevicePeer, DeviceSample, Traffic
from wgmesh.domain.effects import SendGossip
from wgmesh.domain.events import (
    LayerResumed,
    NatDetected,
    PeerConnected,
    PeerDisconnected,
    PeerRoamed,
)
from wgmesh.domain.gossip_messages import Seen
from wgmesh.domain.inputs import Mapped, Networked, Sampled, Told, Whispered
from wgmesh.domain.packing import pack_endpoint
from wgmesh.domain.peer_record import ClaimedEndpoint, SignedRecord
from wgmesh.domain.values import Endpoint

FAR = {who.key: Endpoint(f"9.1.1.{number}", 7) for number, who in enumerate((BOB, CAROL, DAVE), start=1)}
HERE, THERE = Endpoint("9.9.9.9", 40000), Endpoint("9.9.9.9", 40001)
SERVERS = (Endpoint("8.8.4.1", 3478), Endpoint("8.8.4.2", 3478))
ALICE_IS_UP = given(*ALICE.joined()).when(Networked((ALICE.interface,))).given(LayerResumed("gossip"))


def met(story: Playbook, *others: Member) -> Playbook:
    for who in others:
        story = story.given(who.discovered(), PeerConnected(who.key, FAR[who.key]))
    return story


def says(story: Playbook, who: Member, endpoint: Endpoint) -> Playbook:
    return story.when(Whispered(who.key, Seen(pack_endpoint(endpoint)), 0))


def nats(story: Playbook) -> list[NatDetected]:
    return [record.event for record in story.records if isinstance(record.event, NatDetected)]


def test_two_members_who_agree_are_preferred_to_all_servers() -> None:
    story = met(ALICE_IS_UP, BOB, CAROL)
    for server in SERVERS:
        story = story.when(Mapped(server, THERE))
    story = says(says(story, BOB, HERE), CAROL, HERE)
    assert nats(story) == [
        NatDetected("unknown", THERE, (), SERVERS[:1]),
        NatDetected("easy", THERE, (), SERVERS),
        NatDetected("easy", HERE, (BOB.key, CAROL.key), ()),
    ]


def test_a_member_and_a_server_who_agree_are_two() -> None:
    story = says(met(ALICE_IS_UP, BOB), BOB, HERE).when(Mapped(SERVERS[0], HERE))
    assert nats(story)[-1] == NatDetected("easy", HERE, (BOB.key,), SERVERS[:1])


def test_two_members_who_see_another_port_each_tell_of_a_hard_nat() -> None:
    story = says(says(met(ALICE_IS_UP, BOB, CAROL), BOB, HERE), CAROL, THERE)
    assert nats(story)[-1] == NatDetected("hard", HERE, (BOB.key,), ())


def test_what_nobody_can_see_and_what_neighbours_and_strangers_see_is_passed_over() -> None:
    far = met(ALICE_IS_UP, BOB)
    near = ALICE_IS_UP.given(BOB.discovered(), PeerConnected(BOB.key, BOB.wireguard))
    unmet = ALICE_IS_UP.given(BOB.discovered())
    assert nats(says(unmet, BOB, HERE)) == [], "its record names an address on a link of ours"
    silent = far.given(PeerDisconnected(BOB.key, 200_000))
    for story, endpoint in ((far, Endpoint("127.0.0.1", 1)), (near, HERE), (silent, HERE), (ALICE_IS_UP, HERE)):
        assert nats(says(story, BOB, endpoint)) == []
    on_a_link = ALICE_IS_UP.given(BOB.discovered(), PeerConnected(BOB.key, Endpoint("fe80::9", 7, "eth0")))
    assert nats(says(on_a_link, BOB, HERE)) == []


def test_a_member_is_believed_before_we_saw_its_tunnel_up_if_it_is_on_no_link_of_ours() -> None:
    far = (ClaimedEndpoint("lan", "wg", FAR[BOB.key]),)
    story = ALICE_IS_UP.given(BOB.discovered(BOB.record(endpoints=far)))
    assert nats(says(story, BOB, HERE)) == [NatDetected("unknown", HERE, (BOB.key,), ())]


def test_two_members_who_change_their_minds_all_the_time_write_eight_records_an_epoch() -> None:
    story = met(ALICE_IS_UP, BOB, CAROL)
    for number in range(50):
        for who in (BOB, CAROL):
            story = says(story, who, Endpoint("9.9.9.9", 1000 + number))
    assert len(nats(story)) == 8


def told(story: Playbook) -> list[SendGossip]:
    return [effect for effect in story.effects if isinstance(effect, SendGossip) and isinstance(effect.message, Seen)]


def seen(who: Member) -> SendGossip:
    return SendGossip(who.key, Seen(pack_endpoint(FAR[who.key])))


def sampled(who: Member, endpoint: Endpoint) -> Sampled:
    peer = DevicePeer(who.public_key, 1, endpoint)
    return Sampled(DeviceSample(Device(peers=(peer,)), (Traffic(who.public_key, True, 0, None, 148, 92),)))


def test_who_connects_roams_or_starts_again_hears_where_we_see_it() -> None:
    far, farther = FAR[BOB.key], Endpoint("9.1.1.9", 7)
    story = ALICE_IS_UP.given(BOB.discovered()).when(sampled(BOB, far), at="1 s")
    assert (story.events[0], told(story)) == (PeerConnected(BOB.key, far), [seen(BOB)])
    assert told(story.when(sampled(BOB, far), at="2 s")) == []
    roamed = story.when(sampled(BOB, farther), at="3 s")
    assert roamed.events == (PeerRoamed(BOB.key, farther, far),)
    assert [effect.message for effect in told(roamed)] == [Seen(pack_endpoint(farther))]
    again = BOB.record(boot=2)
    restarted = story.when(Told("gossip", CAROL.lan, (SignedRecord(again, BOB.signed(again)),)), at="4 s")
    assert told(restarted) == [seen(BOB)]
    renamed = BOB.record(change=9, hostname="bobby")
    assert told(story.when(Told("gossip", CAROL.lan, (SignedRecord(renamed, BOB.signed(renamed)),)), at="4 s")) == []


def test_a_neighbour_on_our_own_link_and_a_node_that_is_out_of_gossip_hear_nothing() -> None:
    near = ALICE_IS_UP.given(BOB.discovered()).when(sampled(BOB, BOB.wireguard), at="1 s")
    assert (len(near.events), told(near)) == (1, [])
    mute = given(*ALICE.joined()).when(Networked((ALICE.interface,))).given(BOB.discovered())
    assert told(mute.when(sampled(BOB, FAR[BOB.key]), at="1 s")) == []
