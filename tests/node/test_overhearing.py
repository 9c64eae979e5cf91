import msgspec
import pytest

from tests.cast import ALICE, BOB, CAROL, DIGEST, SECRET, Member
from tests.node.test_reception import ALICE_KNOWS_BOB, Alice
from tests.playbook import NOON
from tests.sealed import announce, sealed
from wgmesh.domain import envelope
from wgmesh.domain.draft import State
from wgmesh.domain.gossip_messages import Digest, GossipMessage, Probe, encode_gossip
from wgmesh.domain.inputs import Outpaced, Told, Whispered
from wgmesh.domain.keys import derive
from wgmesh.domain.messages import Page
from wgmesh.domain.peer_record import SignedRecord
from wgmesh.domain.values import Endpoint
from wgmesh.node.reception import Arrival
from wgmesh.node.tellers import WORDS_AT_ONCE


def whispered(message: Page | GossipMessage, layer: envelope.Layer = "gossip") -> bytes:
    return sealed(encode_gossip(message), layer)


def at(member: Member, ip: str = "") -> Endpoint:
    """Where its words inside the tunnel come from."""
    return Endpoint(ip or member.ipv6, derive(SECRET).gossip_port)


def test_inside_a_tunnel_the_source_address_is_the_sender() -> None:
    said = Digest(DIGEST, 2, False)
    for source in (at(BOB), at(BOB, BOB.ipv4)):
        heard = Alice().hears(whispered(said), sender=source, layer="gossip")
        assert isinstance(heard, Whispered)
        assert (heard.sender, heard.message) == (BOB.key, said)


def test_sums_are_compared_with_our_own_record_as_it_stood() -> None:
    mesh = ALICE_KNOWS_BOB
    digest = (mesh.digest + 5).to_bytes(8)
    arrival = Arrival("gossip", "wgmesh0", at(BOB), whispered(Digest(digest, 2, False)))
    heard = Alice().receiver.receive(State(mesh), digest, arrival, NOON, 0)
    assert heard == Whispered(BOB.key, Digest(digest, 2, False), 5)


def test_records_passed_on_inside_a_tunnel_name_their_teller() -> None:
    news = CAROL.signed(CAROL.record())
    told = Alice().hears(whispered(Page((news,))), sender=at(BOB), layer="gossip")
    assert told == Told("gossip", at(BOB), (SignedRecord(CAROL.record(), news),), BOB.key)


@pytest.mark.parametrize("source", [BOB.lan, at(CAROL), at(ALICE), at(BOB, "fe80::1")])
def test_whoever_does_not_speak_from_a_peers_mesh_address_is_nobody(source: Endpoint) -> None:
    alice = Alice()
    assert alice.hears(whispered(Probe(1)), sender=source, layer="gossip") is None
    assert alice.rejections.report().counts == {"nobody": 1}


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (bytes(256), "size"),
        (bytes(128), "seal"),
        (sealed(announce(BOB)), "size"),
        (sealed(encode_gossip(Probe(1)), "lan"), "size"),
        (whispered(Probe(1))[:-1] + b"x", "seal"),
    ],
)
def test_row_1_and_8_words_of_another_size_or_layer_are_not_for_a_tunnel(datagram: bytes, reason: str) -> None:
    alice = Alice()
    assert alice.hears(datagram, sender=at(BOB), layer="gossip") is None
    assert alice.rejections.report().counts == {reason: 1}


def test_row_6_a_word_of_a_newer_version_is_told_by_its_source() -> None:
    newer = sealed(msgspec.msgpack.encode([99]), "gossip")
    assert Alice().hears(newer, sender=at(BOB), layer="gossip") == Outpaced(BOB.ipv6)


def test_row_32_a_member_that_floods_is_heard_twenty_times_a_second() -> None:
    alice = Alice()
    said = [alice.hears(whispered(Probe(n)), sender=at(BOB), layer="gossip") for n in range(100)]
    assert sum(each is not None for each in said) == WORDS_AT_ONCE
    assert alice.rejections.report().counts == {"flood": 100 - WORDS_AT_ONCE}
