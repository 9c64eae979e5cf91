"""What is said from WireGuard's port and heard there: an answer counts once, in time, and from whom we asked."""

import itertools

import pytest

from tests.cast import ALICE, BOB, SECRET
from tests.playbook import given
from wgmesh.domain import stun
from wgmesh.domain.effects import AnswerProbe, AskMapping, Sample, SendProbe
from wgmesh.domain.inputs import Mapped, Probed, Reached
from wgmesh.domain.keys import derive
from wgmesh.domain.secret import mint
from wgmesh.domain.values import SECOND, Endpoint, Incarnation
from wgmesh.node import Keyring
from wgmesh.node.rejections import Rejections
from wgmesh.node.tunnel_port import Noted, Packet, TunnelPort

KEYRING = Keyring(ALICE.identity, derive(SECRET), ALICE.mesh, 1)
MESH = given(*ALICE.joined()).mesh
SERVER = Endpoint("8.8.4.4", 3478)
OURS = Endpoint("9.9.9.9", 40000)


def answer(transaction: bytes, seen: Endpoint = OURS) -> bytes:
    """As an old server gives it: without a mask."""
    attribute = b"\x00\x01\x00\x08\x00\x01" + seen.port.to_bytes(2) + bytes(map(int, seen.ip.split(".")))
    return b"\x01\x01\x00\x0c" + stun.MAGIC.to_bytes(4) + transaction + attribute


class Port:
    """A port that has asked one server; its transactions are twelve equal bytes, 0 for the first."""

    def __init__(self) -> None:
        self.rejections = Rejections()
        numbers = itertools.count()
        self.port = TunnelPort(KEYRING, self.rejections, lambda length: bytes([next(numbers)]) * length)
        (self.packet,) = self.port.say(MESH, [Sample(), AskMapping(SERVER)], 0)

    def hears(self, data: bytes, sender: Endpoint = SERVER, now: int = 0) -> Noted | None:
        return self.port.hear(MESH, sender, data, now)

    def counts(self) -> dict[str, int]:
        return self.rejections.so_far().counts


def test_a_question_leaves_with_chance_in_it() -> None:
    port = Port()
    assert port.packet == Packet(SERVER, stun.request(bytes(12)))
    assert list(port.port.say(MESH, [AskMapping(SERVER)], 0)) == [Packet(SERVER, stun.request(b"\x01" * 12))]


def test_the_answer_says_as_which_address_we_are_seen_once() -> None:
    port = Port()
    assert port.hears(answer(bytes(12))) == Mapped(SERVER, OURS)
    assert port.hears(answer(bytes(12))) is None
    assert port.counts() == {"unasked": 1}


@pytest.mark.parametrize(
    ("data", "sender", "now", "reason"),
    [
        (answer(b"\x01" * 12), SERVER, 0, "unasked"),
        (answer(bytes(12)), Endpoint(SERVER.ip, 3479), 0, "unasked"),
        (answer(bytes(12)), Endpoint("8.8.8.8", SERVER.port), 0, "unasked"),
        (answer(bytes(12)), SERVER, 10 * SECOND + 1, "unasked"),
        (answer(bytes(12), Endpoint("192.168.1.1", 1)), SERVER, 0, "mapping"),
        (answer(bytes(12), Endpoint("224.0.0.9", 1)), SERVER, 0, "mapping"),
        (answer(bytes(12))[:2] + b"\x00\x00" + answer(bytes(12))[4:20], SERVER, 0, "mapping"),
        (stun.request(bytes(12)), SERVER, 0, "stun"),
        (b"", SERVER, 0, "stun"),
    ],
)
def test_row_50_what_is_not_an_answer_to_us_is_counted(data: bytes, sender: Endpoint, now: int, reason: str) -> None:
    port = Port()
    assert port.hears(data, sender, now) is None
    assert port.counts() == {reason: 1}


BOB_IS_KNOWN = given(*ALICE.joined(boot=3), BOB.discovered()).mesh
ALICE_IS_KNOWN = given(*BOB.joined(), ALICE.discovered()).mesh
BOBS_KEYRING = Keyring(BOB.identity, derive(SECRET), BOB.mesh, 1)
NAT = Endpoint("203.0.113.1", 40_001)


class Two:
    """Alice's port, which has probed Bob, and Bob's."""

    def __init__(self) -> None:
        self.rejections = Rejections()
        numbers = itertools.count()
        self.alice = TunnelPort(KEYRING, self.rejections, lambda length: bytes([next(numbers)]) * length)
        self.bob = TunnelPort(BOBS_KEYRING, Rejections(), bytes)
        (self.probe,) = self.alice.say(BOB_IS_KNOWN, [SendProbe(BOB.key, BOB.wireguard)], 0)

    def answer(self) -> Packet:
        probed = self.bob.hear(ALICE_IS_KNOWN, NAT, self.probe.data, 0)
        assert probed == Probed(ALICE.key, NAT, bytes(12), Incarnation(3, 1))
        (packet,) = self.bob.say(ALICE_IS_KNOWN, [AnswerProbe(ALICE.key, NAT, bytes(12))], 0)
        assert packet.address == NAT
        return packet


def test_a_probe_is_known_by_the_peer_and_its_answer_by_who_asked() -> None:
    two = Two()
    assert two.probe.address == BOB.wireguard
    answered = two.alice.hear(BOB_IS_KNOWN, BOB.wireguard, two.answer().data, 100)
    assert answered == Reached(BOB.key, BOB.wireguard, NAT)
    assert two.alice.hear(BOB_IS_KNOWN, BOB.wireguard, two.answer().data, 100) is None


def test_an_answer_from_elsewhere_or_that_another_made_is_counted() -> None:
    two = Two()
    assert two.alice.hear(BOB_IS_KNOWN, NAT, two.answer().data, 0) is None
    forged = two.answer().data[:-1] + b"y"
    assert two.alice.hear(BOB_IS_KNOWN, BOB.wireguard, forged, 0) is None
    assert two.rejections.so_far().counts == {"probe": 1, "unasked": 1}


def test_a_probe_that_comes_back_to_its_sender_or_that_a_stranger_made_is_counted() -> None:
    two = Two()
    stranger = TunnelPort(Keyring.of(b"s" * 32, mint(b"s" * 32)), Rejections(), bytes)
    (probe,) = stranger.say(ALICE_IS_KNOWN, [SendProbe(ALICE.key, NAT)], 0)
    for data in (two.probe.data, probe.data):
        assert two.alice.hear(BOB_IS_KNOWN, NAT, data, 0) is None
    assert two.rejections.so_far().counts == {"stun": 2}
    assert two.bob.hear(ALICE_IS_KNOWN, NAT, two.probe.data[:-1] + b"y", 0) is None
