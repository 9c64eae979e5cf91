"""The model of WireGuard against what was measured of the real one: who calls, what crosses, what roams, what dies."""

from msgspec.structs import replace

from tests.simulation.kernel import Kernel
from tests.simulation.network import CALM, Frame, Nic, Segment
from tests.simulation.packets import Inner
from tests.simulation.wireguard import DATA_BYTES, MOST_STAGED, WireGuard
from tests.simulation.world import MILLISECOND, SECOND, World
from wgmesh.domain.device import (
    AddAddress,
    AddPeer,
    CreateInterface,
    DevicePeer,
    RemovePeer,
    SetDevice,
    Traffic,
)
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
        self.kernel = Kernel(self.wireguard)
        self.address = f"fd00::{number}"
        self.wireguard.apply([CreateInterface(), AddAddress(f"{self.address}/128")])
        self.wireguard.apply([SetDevice(private=1, listen_port=PORT, up=True)])

    def transmit(self, port: int, to: Endpoint, size: int, content: object) -> None:
        assert self.nic.segment
        self.nic.segment.send(self.nic, Frame(Endpoint(self.nic.address(to.ip), port), to, size, content))

    def deliver(self, public_key: bytes, inner: Inner) -> None:
        self.kernel.deliver(public_key, inner)

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
        self.wireguard.apply([AddPeer(DevicePeer(other.key, preshared, where, (f"{other.address}/128",), keepalive))])

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
    heard = a.traffic(b).rx_bytes
    a.kernel.nudge(b.address)
    world.run(2 * SECOND)
    assert b.endpoint(a) == Endpoint("192.168.1.100", PORT)
    assert a.traffic(b).rx_bytes > heard


def heard_by(machine: Machine) -> list[tuple[str, int, bytes]]:
    """What reaches a program on the machine through its tunnels, from now on."""
    heard: list[tuple[str, int, bytes]] = []

    def listen(source: str, port: int, data: bytes) -> bool:
        heard.append((source, port, data))
        return True

    machine.kernel.listener = listen
    return heard


def test_a_datagram_waits_for_the_handshake_that_it_begins_and_arrives() -> None:
    world, _, a, b = pair()
    b.knows(a)
    a.knows(b, endpoint=True)
    heard = heard_by(b)
    for number in range(3):
        a.kernel.send(b.address, 7, bytes([number]))
    assert not connected(a, b)
    world.run(SECOND)
    assert connected(a, b)
    assert sorted(heard) == [(a.address, 7, bytes([number])) for number in range(3)]


def test_nothing_is_taken_from_an_address_that_is_not_the_senders_and_nothing_goes_where_nobody_is() -> None:
    world, _, a, b = pair()
    b.knows(a)
    a.knows(b, keepalive=25)
    world.run(SECOND)
    heard = heard_by(b)
    a.wireguard.route(Inner("fd00::3", b.address, 7, 48, b"spoofed"))
    a.wireguard.route(Inner(a.address, "fd00::3", 7, 48, b"astray"))
    b.wireguard.route(Inner(b.address, "fd00::9", 7, 48, b"not its own"))
    world.run(2 * SECOND)
    assert heard == []


def test_an_echo_is_answered_by_the_system_and_a_closed_port_by_a_complaint() -> None:
    world, _, a, b = pair()
    b.knows(a)
    a.knows(b, keepalive=25)
    world.run(SECOND)
    echoes: list[str] = []
    a.kernel.on_echo = echoes.append
    a.kernel.echo(b.address)
    a.kernel.echo("fd00::3")
    world.run(2 * SECOND)
    assert echoes == [b.address]


def test_what_was_heard_is_acknowledged_after_ten_seconds_and_what_stays_unheard_calls_after_fifteen() -> None:
    world, segment, a, b = pair()
    b.knows(a)
    a.knows(b, endpoint=True)
    heard_by(b)
    a.kernel.send(b.address, 7, b"hello")
    world.run(SECOND)
    before = a.traffic(b).rx_bytes
    world.run(9 * SECOND)
    assert a.traffic(b).rx_bytes == before
    world.run(11 * SECOND)
    assert a.traffic(b).rx_bytes == before + DATA_BYTES
    segment.cuts[b.name, a.name] = 1
    a.kernel.send(b.address, 7, b"are you there")
    tunnel = a.wireguard.tunnels[b.key]
    world.run(25 * SECOND)
    assert tunnel.pending is None
    world.run(27 * SECOND)
    assert tunnel.pending is not None


def test_what_waits_for_a_handshake_that_never_comes_is_thrown_away() -> None:
    world, _, a, b = pair()
    a.knows(b, endpoint=True)
    for number in range(MOST_STAGED + 5):
        a.kernel.send(b.address, number, b"")
    staged = a.wireguard.tunnels[b.key].staged
    assert [inner.port for inner in staged] == list(range(5, MOST_STAGED + 5))
    world.run(200 * SECOND)
    assert a.wireguard.tunnels[b.key].staged == []


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
