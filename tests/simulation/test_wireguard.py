"""The model of WireGuard against what was measured of the real one: who calls, what crosses, what roams, what dies."""

from msgspec.structs import replace

from tests.simulation.network import CALM, Frame, Nic, Segment
from tests.simulation.wireguard import WireGuard
from tests.simulation.world import MILLISECOND, SECOND, World
from wgmesh.domain.device import AddPeer, CreateInterface, DevicePeer, RemovePeer, SetDevice, Traffic, UpdatePeer
from wgmesh.domain.values import Endpoint

PORT = 20_000


class Machine:
    """As much of one as WireGuard needs."""

    def __init__(self, world: World, segment: Segment, number: int) -> None:
        self.world = world
        self.name = f"m{number}"
        self.key = bytes([number]) * 32
        self.offset = 1_000_000
        self.running = True
        self.nic = Nic(self, "eth0", 2, f"fe80::{number}")
        self.nic.plug(segment, f"192.168.1.{number}/24")
        self.wireguard = WireGuard(world, self, self.key, world.chance(self.name))
        self.wireguard.apply([CreateInterface(), SetDevice(private=1, listen_port=PORT, up=True)])

    def transmit(self, port: int, to: Endpoint, size: int, content: object) -> None:
        assert self.nic.segment
        self.nic.segment.send(self.nic, Frame(Endpoint(self.nic.address(to.ip), port), to, size, content))

    def wall(self) -> int:
        return self.offset + self.steady()

    def steady(self) -> int:
        return self.world.now // MILLISECOND

    def is_running(self) -> bool:
        return self.running

    def hear(self, nic: Nic, frame: Frame) -> None:
        if self.running:
            self.wireguard.hear(frame)

    def knows(self, other: "Machine", keepalive: int = 0, preshared: int = 1, endpoint: bool = False) -> None:
        where = Endpoint(other.nic.address(""), PORT) if endpoint or keepalive else None
        self.wireguard.apply([AddPeer(DevicePeer(other.key, preshared, where, (), keepalive))])

    def traffic(self, other: "Machine") -> Traffic:
        sample = self.wireguard.sample()
        return next(each for each in sample.traffic if each.public_key == other.key)

    def endpoint(self, other: "Machine") -> Endpoint | None:
        assert self.wireguard.device
        return next(peer.endpoint for peer in self.wireguard.device.peers if peer.public_key == other.key)


def pair() -> tuple[World, Segment, Machine, Machine]:
    world = World(1)
    segment = Segment(world, "lan", "192.168.1")
    return world, segment, Machine(world, segment, 1), Machine(world, segment, 2)


def connected(one: Machine, other: Machine) -> bool:
    return one.traffic(other).handshaken and other.traffic(one).handshaken


def test_one_initiator_connects_both_in_a_round_trip_and_a_half_and_the_other_learns_the_endpoint() -> None:
    world, _, a, b = pair()
    b.knows(a)
    a.knows(b, keepalive=25)
    world.run(2 * MILLISECOND)
    assert connected(a, b)
    assert b.endpoint(a) == Endpoint("192.168.1.1", PORT)


def test_a_peer_without_keepalive_calls_nobody() -> None:
    world, segment, a, b = pair()
    a.knows(b, endpoint=True)
    b.knows(a, endpoint=True)
    world.run(60 * SECOND)
    assert segment.sent == 0


def test_two_initiations_that_cross_cost_five_seconds_or_more() -> None:
    world, segment, a, b = pair()
    segment.weather = replace(CALM, latency=0)
    a.knows(b, keepalive=25)
    b.knows(a, keepalive=25)
    world.run(4900 * MILLISECOND)
    assert not connected(a, b)
    world.run(16 * SECOND)
    assert connected(a, b)


def test_a_lost_initiation_is_repeated_after_five_seconds_and_a_bit() -> None:
    world, segment, a, b = pair()
    b.knows(a)
    segment.cuts["m1", "m2"] = 1
    a.knows(b, keepalive=25)
    world.run(SECOND)
    segment.cuts.clear()
    world.run(4900 * MILLISECOND)
    assert not connected(a, b)
    world.run(5400 * MILLISECOND)
    assert connected(a, b)


def test_an_initiation_to_who_does_not_know_us_is_silence() -> None:
    world, segment, a, _ = pair()
    b = Machine(world, segment, 3)
    a.knows(b, keepalive=25)
    world.run(4 * SECOND)
    assert segment.sent == 1


def test_another_preshared_key_never_connects() -> None:
    world, _, a, b = pair()
    b.knows(a, preshared=2)
    a.knows(b, keepalive=25)
    world.run(100 * SECOND)
    assert not a.traffic(b).handshaken
    assert not b.traffic(a).handshaken


def test_keepalives_keep_a_session_renewed_for_ever_and_each_side_hears_the_other_while_it_lives() -> None:
    world, _, a, b = pair()
    b.knows(a, keepalive=25)
    world.run(SECOND)
    a.knows(b, keepalive=25)
    for _ in range(200):
        world.run(world.now + 5 * SECOND)
        ages = [one.traffic(other).received_age for one, other in ((a, b), (b, a))]
        assert all(age is None or age <= 150_000 for age in ages), ages
    rekeyed = a.traffic(b).handshake_age
    assert rekeyed is not None
    assert rekeyed < 150_000


def test_a_peer_that_moved_is_followed_as_soon_as_it_says_something() -> None:
    world, segment, a, b = pair()
    b.knows(a, keepalive=25)
    a.knows(b, keepalive=25)
    world.run(20 * SECOND)
    a.nic.plug(segment, "192.168.1.100/24")
    world.run(50 * SECOND)
    assert b.endpoint(a) == Endpoint("192.168.1.100", PORT)
    assert connected(a, b)


def test_something_said_through_the_tunnel_is_answered_and_so_both_know_where_the_other_is() -> None:
    world, segment, a, b = pair()
    b.knows(a)
    a.knows(b, keepalive=25)
    world.run(SECOND)
    a.nic.plug(segment, "192.168.1.100/24")
    a.wireguard.apply([UpdatePeer(b.key, allowed_ips=("fd00::2/128",))])
    heard = a.traffic(b).rx_bytes
    a.wireguard.nudge("fd00::2")
    world.run(2 * SECOND)
    assert b.endpoint(a) == Endpoint("192.168.1.100", PORT)
    assert a.traffic(b).rx_bytes > heard


def test_a_session_whose_other_end_is_gone_dies_and_a_handshake_begins_again() -> None:
    world, _, a, b = pair()
    b.knows(a)
    a.knows(b, keepalive=25)
    world.run(SECOND)
    b.wireguard.apply([RemovePeer(a.key)])
    world.run(100 * SECOND)
    b.knows(a)
    assert not b.traffic(a).handshaken
    world.run(210 * SECOND)
    assert connected(a, b)


def test_an_initiation_that_is_dated_before_the_last_is_refused_until_the_peer_is_put_there_anew() -> None:
    world, _, a, b = pair()
    b.knows(a)
    a.knows(b, keepalive=25)
    world.run(SECOND)
    a.offset -= 3_600_000
    world.run(600 * SECOND)
    age = b.traffic(a).handshake_age
    assert age is None or age > 180_000
    b.wireguard.apply([RemovePeer(a.key)])
    b.knows(a)
    world.run(620 * SECOND)
    assert b.traffic(a).handshaken


def test_a_sleeping_machine_says_nothing_and_goes_on_when_it_wakes() -> None:
    world, segment, a, b = pair()
    b.knows(a)
    a.knows(b, keepalive=25)
    world.run(SECOND)
    b.wireguard.sample()
    a.running = False
    before = segment.sent
    world.run(1000 * SECOND)
    assert segment.sent == before
    a.running = True
    a.wireguard.resumed()
    world.run(1030 * SECOND)
    age = b.traffic(a).handshake_age
    assert age is not None
    assert age < 30_000


def test_ages_count_from_the_look_that_saw_the_change_and_the_first_look_only_learns() -> None:
    world, _, a, b = pair()
    b.knows(a)
    a.wireguard.sample()
    a.knows(b, keepalive=25)
    world.run(SECOND)
    assert a.traffic(b).handshake_age == 0
    world.run(3 * SECOND)
    assert (a.traffic(b).handshake_age, a.traffic(b).received_age) == (2000, 2000)
    a.wireguard.watched_anew()
    assert a.traffic(b).handshake_age is None
    assert a.traffic(b).handshaken
