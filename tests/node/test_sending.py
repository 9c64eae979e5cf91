from collections.abc import Iterable
from random import Random

import pytest
from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL, DAVE, ERIN, SECRET
from tests.playbook import NOON, Playbook, given
from wgmesh.domain import messages, parameters, peer_record
from wgmesh.domain.effects import (
    Announce,
    Effect,
    Exit,
    RemoveInterface,
    Sample,
    SendConfirm,
    SendDigest,
    SendGossip,
    SendHello,
    SendRecords,
    SendReply,
)
from wgmesh.domain.envelope import Layer, open_datagram
from wgmesh.domain.events import InterfacesChanged, PeerExpired, SettingsChanged
from wgmesh.domain.gossip_messages import Digest, GossipMessage, Probe, decode_gossip
from wgmesh.domain.keys import derive
from wgmesh.domain.mesh import Mesh, fingerprint
from wgmesh.domain.messages import Confirm, Hello, Message, Reply
from wgmesh.domain.peer_record import NO_IPV4
from wgmesh.domain.values import Endpoint, Interface
from wgmesh.node import Keyring, Outgoing
from wgmesh.node.challenges import Challenges
from wgmesh.node.sending import OPENING_BYTES, Sender

KEYS = derive(SECRET)
PARAMETERS = parameters.fingerprint(ALICE.mesh)
ALICE_IS_UP = given(*ALICE.joined(boot=7))
CHALLENGE = bytes(range(16))

HELLO = SendHello("lan", "eth0", BOB.lan, BOB.key, 3)
REPLY = SendReply("lan", "eth0", BOB.lan, BOB.key, 3, CHALLENGE)
CONFIRM = SendConfirm("lan", "eth0", BOB.lan, BOB.key, 3, CHALLENGE)


CHAIN = bytes(range(16))


class Alice:
    """Her sender, and what it sent."""

    def __init__(self) -> None:
        self.challenges = Challenges()
        keyring = Keyring(ALICE.identity, KEYS, ALICE.mesh, 1)
        self.sender = Sender(keyring, self.challenges, Random(1).randbytes)

    def send(self, *effects: Effect, mesh: Mesh = ALICE_IS_UP.mesh, now: int = 0) -> list[Outgoing]:
        return list(self.sender.send(mesh, effects, NOON, now, CHAIN))

    def says(self, effect: Effect, mesh: Mesh = ALICE_IS_UP.mesh) -> Message:
        """What the one datagram says; its signature is hers."""
        (outgoing,) = self.send(effect, mesh=mesh)
        payload = opened(outgoing)
        message = messages.decode(payload)
        assert not isinstance(message, messages.Page)
        if not isinstance(message, messages.Announce):
            assert messages.authentic(
                payload, ALICE.key, peer_record.decode(self.sender.signed_record(mesh)).parameters, message
            )
        return message


def opened(outgoing: Outgoing) -> bytes:
    layer: Layer = "lan"
    result = open_datagram([(1, KEYS.envelope_key)], layer, outgoing.data)
    assert result is not None
    return result[1]


def test_an_announcement_goes_to_everybody_with_our_record_and_what_we_hold() -> None:
    story = ALICE_IS_UP.given(BOB.discovered(), CAROL.discovered())
    alice = Alice()
    (outgoing,) = alice.send(Announce(), mesh=story.mesh)
    assert (outgoing.layer, outgoing.address, len(outgoing.data)) == ("lan", None, OPENING_BYTES)
    said = messages.decode(opened(outgoing))
    assert isinstance(said, messages.Announce)
    assert said.signed == ALICE.signed(ALICE.record(boot=7))
    assert (said.digest, said.count) == (alice.sender.digest(story.mesh), 3)


def test_a_hello_asks_the_named_node_at_the_address_and_counts_up() -> None:
    alice = Alice()
    first, second = alice.says(HELLO), alice.says(HELLO)
    assert isinstance(first, Hello)
    assert isinstance(second, Hello)
    assert (first.to, first.to_boot, first.sent_to) == (BOB.key, 3, BOB.lan)
    assert (first.counter, second.counter) == ((7, 1), (7, 2))
    assert first.signed == alice.sender.signed_record(ALICE_IS_UP.mesh)
    assert (first.hour, first.token) == (0, b""), "a LAN knows no hours"
    assert first.challenge != second.challenge


def test_what_a_hello_or_a_reply_asks_is_waited_for_and_a_confirm_asks_nothing() -> None:
    alice = Alice()
    for effect in (HELLO, REPLY):
        said = alice.says(effect)
        assert isinstance(said, Hello | Reply)
        assert alice.challenges.find(said.challenge, BOB.lan, 0) == BOB.key
    assert isinstance(alice.says(CONFIRM), Confirm)
    assert len(alice.challenges._open) == 2


def test_a_reply_echoes_and_says_where_the_other_is_seen() -> None:
    said = Alice().says(REPLY)
    assert isinstance(said, Reply)
    assert (said.to, said.to_boot, said.echo, said.seen) == (BOB.key, 3, CHALLENGE, BOB.lan)


def test_a_confirm_echoes_and_is_short() -> None:
    said = Alice().says(CONFIRM)
    assert isinstance(said, Confirm)
    assert (said.to, said.to_boot, said.echo) == (BOB.key, 3, CHALLENGE)
    assert len(Alice().send(CONFIRM)[0].data) == 256


def large() -> Playbook:
    """Alice has as many addresses and as long a name as a record can say."""
    interface = Interface("eth0", 2, 1500, tuple(f"2001:db8::{n:x}/64" for n in range(40)))
    settings = replace(ALICE.settings, hostname="a" * 63)
    return ALICE_IS_UP.given(InterfacesChanged((interface,), (), ()), SettingsChanged(settings))


@pytest.mark.parametrize("story", [ALICE_IS_UP, large()], ids=["small", "large"])
def test_no_answer_is_longer_than_its_question(story: Playbook) -> None:
    announce, hello, reply, confirm = (
        len(Alice().send(effect, mesh=story.mesh)[0].data) for effect in (Announce(), HELLO, REPLY, CONFIRM)
    )
    assert announce == hello == 1200
    assert confirm <= reply <= hello


def test_a_reply_says_less_of_others_where_our_record_has_grown_since_it_was_decided() -> None:
    """Seed 1037 of the simulator: an address of ours was reflected in the same turn."""
    others = tuple(each.signed(each.record()) for each in (BOB, CAROL, DAVE, ERIN))
    said = Alice().says(replace(REPLY, more=others))
    assert isinstance(said, Reply)
    assert said.more == others
    grown = Alice().says(replace(REPLY, more=others), mesh=large().mesh)
    assert isinstance(grown, Reply)
    assert grown.more == others[: len(grown.more)]
    assert 0 < len(grown.more) < len(others)


def test_what_is_not_for_the_wire_sends_nothing() -> None:
    assert Alice().send(Sample(), Exit(), RemoveInterface()) == []


def test_datagrams_leave_in_the_order_of_the_effects() -> None:
    sizes = [len(outgoing.data) for outgoing in Alice().send(CONFIRM, Announce(), REPLY)]
    assert sizes == [256, 1200, 512]


def test_our_record_is_signed_anew_only_when_it_says_something_new() -> None:
    sender = Alice().sender
    before = sender.signed_record(ALICE_IS_UP.mesh)
    assert sender.signed_record(ALICE_IS_UP.given(BOB.discovered()).mesh) is before
    renamed = ALICE_IS_UP.given(SettingsChanged(replace(ALICE.settings, hostname="ada")))
    assert peer_record.decode(sender.signed_record(renamed.mesh)).hostname == "ada"


def digest_of(mine: Mesh, *others: bytes) -> bytes:
    held: Iterable[bytes] = (Alice().sender.signed_record(mine), *others)
    return (sum(fingerprint(signed) for signed in held) % 2**64).to_bytes(8)


def test_two_nodes_that_hold_the_same_records_have_the_same_digest() -> None:
    everybody = (BOB, CAROL, DAVE)
    story = ALICE_IS_UP.given(*(who.discovered() for who in everybody))
    assert Alice().sender.digest(story.mesh) == digest_of(story.mesh, *(who.signed(who.record()) for who in everybody))
    bob = given(*BOB.joined()).given(ALICE.discovered(ALICE.record(boot=7)), CAROL.discovered(), DAVE.discovered())
    keyring = Keyring(BOB.identity, KEYS, BOB.mesh, 1)
    assert Sender(keyring, Challenges(), Random(2).randbytes).digest(bob.mesh) == Alice().sender.digest(story.mesh)


def test_no_two_datagrams_are_alike() -> None:
    alice = Alice()
    datagrams = [outgoing.data for _ in range(50) for outgoing in alice.send(Announce(), CONFIRM)]
    assert len(set(datagrams)) == 100


KNOWS_BOB_AND_CAROL = ALICE_IS_UP.given(BOB.discovered(), CAROL.discovered())


def whispers(effect: Effect, story: Playbook = KNOWS_BOB_AND_CAROL) -> list[messages.Page | GossipMessage]:
    """What is said inside the tunnel to Bob."""
    said = []
    for outgoing in Alice().send(effect, mesh=story.mesh):
        assert (outgoing.layer, outgoing.address) == ("gossip", Endpoint(BOB.ipv6, KEYS.gossip_port))
        assert outgoing.fallback == Endpoint(BOB.ipv4, KEYS.gossip_port)
        opened_words = open_datagram([(1, KEYS.envelope_key)], "gossip", outgoing.data)
        assert opened_words is not None
        said.append(decode_gossip(opened_words[1]))
    return said


def test_gossip_goes_to_a_members_mesh_address_on_the_port_that_all_derive() -> None:
    assert whispers(SendGossip(BOB.key, Probe(7))) == [Probe(7)]
    (outgoing,) = Alice().send(SendGossip(BOB.key, Probe(7)), mesh=KNOWS_BOB_AND_CAROL.mesh)
    assert len(outgoing.data) == 128


def test_a_digest_is_of_all_that_we_hold_our_own_record_too() -> None:
    digest = Alice().sender.digest(KNOWS_BOB_AND_CAROL.mesh)
    assert whispers(SendDigest(BOB.key, asks=True)) == [Digest(digest, 3, True)]


def test_once_an_hour_a_digest_says_how_far_our_log_reaches() -> None:
    mesh = KNOWS_BOB_AND_CAROL.mesh
    digest = Alice().sender.digest(mesh)
    said = whispers(SendDigest(BOB.key, asks=False, heads=True))
    assert said == [Digest(digest, 3, False, mesh.head.sequence, CHAIN)]


def test_records_are_passed_on_as_they_were_signed_and_our_own_as_it_is_now() -> None:
    (page,) = whispers(SendRecords(BOB.key, (CAROL.key, ALICE.key, DAVE.key)))
    own = Alice().sender.signed_record(KNOWS_BOB_AND_CAROL.mesh)
    assert page == messages.Page((CAROL.signed(CAROL.record()), own))


def test_no_more_than_four_pages_are_under_way() -> None:
    assert len(whispers(SendRecords(BOB.key, (CAROL.key,) * 100))) == 4


def test_nothing_is_said_to_who_is_gone_or_unknown() -> None:
    gone = KNOWS_BOB_AND_CAROL.given(PeerExpired(BOB.key, 1))
    assert whispers(SendGossip(BOB.key, Probe(7)), gone) == []
    assert Alice().send(SendGossip(DAVE.key, Probe(7)), mesh=gone.mesh) == []


def test_a_peer_without_an_ipv4_address_of_its_own_is_reached_over_ipv6_alone() -> None:
    shy = ALICE_IS_UP.given(BOB.discovered(BOB.record(capabilities=NO_IPV4)))
    (outgoing,) = Alice().send(SendGossip(BOB.key, Probe(7)), mesh=shy.mesh)
    assert outgoing.fallback is None
