"""What is said from WireGuard's port and heard there: an answer counts once, in time, and from whom we asked."""

import itertools

import pytest

from tests.cast import ALICE
from tests.playbook import given
from wgmesh.domain import stun
from wgmesh.domain.effects import AskMapping, Sample
from wgmesh.domain.inputs import Mapped
from wgmesh.domain.values import SECOND, Endpoint
from wgmesh.node.rejections import Rejections
from wgmesh.node.tunnel_port import Packet, TunnelPort

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
        self.port = TunnelPort(self.rejections, lambda length: bytes([next(numbers)]) * length)
        (self.packet,) = self.port.say([Sample(), AskMapping(SERVER)], 0)

    def hears(self, data: bytes, sender: Endpoint = SERVER, now: int = 0) -> Mapped | None:
        return self.port.hear(MESH, sender, data, now)

    def counts(self) -> dict[str, int]:
        return self.rejections.so_far().counts


def test_a_question_leaves_with_chance_in_it() -> None:
    port = Port()
    assert port.packet == Packet(SERVER, stun.request(bytes(12)))
    assert list(port.port.say([AskMapping(SERVER)], 0)) == [Packet(SERVER, stun.request(b"\x01" * 12))]


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
