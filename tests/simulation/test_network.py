"""Segments: who hears whom, and what weather does to datagrams."""

from msgspec.structs import replace

from tests.simulation.network import ALL_NODES, CALM, GROUP, LAN_PORT, Frame, Nic, Segment, Weather
from tests.simulation.world import MILLISECOND, SECOND, World
from wgmesh.domain.values import Endpoint


class Listener:
    """A station that remembers what it heard, and when."""

    def __init__(self, world: World, name: str, segment: Segment) -> None:
        self.name = name
        self.world = world
        self.heard: list[tuple[int, object]] = []
        self.nic = Nic(self, "eth0", 2, f"fe80::{name}")
        self.nic.plug(segment, f"192.168.1.{int(name, 16)}/24")

    def hear(self, nic: Nic, frame: Frame) -> None:
        assert nic is self.nic
        self.heard.append((self.world.now, frame.content))

    def says(self, target: str, content: object = b"x" * 256, size: int = 256) -> None:
        source = Endpoint(self.nic.address(target), 4000)
        assert self.nic.segment
        self.nic.segment.send(self.nic, Frame(source, Endpoint(target, LAN_PORT), size, content))


def three() -> tuple[World, Segment, Listener, Listener, Listener]:
    world = World(1)
    segment = Segment(world, "lan", "192.168.1")
    a, b, c = (Listener(world, name, segment) for name in "abc")
    return world, segment, a, b, c


def test_a_group_reaches_all_but_the_sender_and_an_address_reaches_its_owner() -> None:
    world, segment, a, b, c = three()
    for target in (GROUP, ALL_NODES, "192.168.1.11", "fe80::b", "192.168.1.99"):
        a.says(target)
    world.run(SECOND)
    assert [len(each.heard) for each in (a, b, c)] == [0, 4, 2]
    assert (segment.sent, segment.bytes) == (5, 1280)


def test_on_a_quiet_segment_a_datagram_takes_less_than_a_few_milliseconds_and_some_overtake_others() -> None:
    world, _, a, b, _ = three()
    for number in range(1000):
        a.says("fe80::b", number)
    world.run(SECOND)
    assert max(at for at, _ in b.heard) < 3 * MILLISECOND
    numbers = [content for _, content in b.heard if isinstance(content, int)]
    assert sorted(numbers) == list(range(1000)) != numbers


def test_a_cut_is_in_one_direction_until_it_is_mended() -> None:
    world, segment, a, b, c = three()
    segment.cuts["a", "b"] = 1
    for each in (a, b, c):
        each.says(GROUP)
    world.run(SECOND)
    assert [len(each.heard) for each in (a, b, c)] == [2, 1, 2]
    segment.cuts.clear()
    a.says("fe80::b")
    world.run(2 * SECOND)
    assert len(b.heard) == 2


def test_who_left_the_segment_hears_nothing_of_what_was_on_its_way() -> None:
    world, segment, a, b, _ = three()
    a.says("fe80::b")
    b.nic.unplug()
    world.run(SECOND)
    assert b.heard == []
    b.nic.plug(segment, "192.168.1.77/24")
    a.says("192.168.1.77")
    a.says("192.168.1.11")
    world.run(2 * SECOND)
    assert len(b.heard) == 1


def in_weather(weather: Weather, times: int = 1000, size: int = 256) -> list[object]:
    world, segment, a, b, _ = three()
    segment.weather = weather
    for _ in range(times):
        a.says("fe80::b", bytes(size), size)
    world.run(60 * SECOND)
    return [content for _, content in b.heard]


def test_loss_and_duplication_are_as_often_as_was_said() -> None:
    assert 650 < len(in_weather(replace(CALM, loss=0.3))) < 750
    assert 1250 < len(in_weather(replace(CALM, duplication=0.3))) < 1350
    assert in_weather(replace(CALM, loss=1.0)) == []


def test_a_corrupted_datagram_has_one_wrong_bit_and_a_truncated_one_is_short() -> None:
    bits = [
        int.from_bytes(content) for content in in_weather(replace(CALM, corruption=1.0)) if isinstance(content, bytes)
    ]
    assert [bit.bit_count() for bit in bits] == [1] * 1000
    sizes = [len(content) for content in in_weather(replace(CALM, truncation=1.0)) if isinstance(content, bytes)]
    assert set(sizes) == {0, 1, 255, 256}


def test_what_is_no_bytes_is_spoilt_whole_because_wireguard_checks_everything() -> None:
    world, segment, a, b, _ = three()
    segment.weather = replace(CALM, corruption=1.0)
    a.says("fe80::b", "a packet", 148)
    world.run(SECOND)
    assert [content for _, content in b.heard] == [None]


def test_what_is_too_large_vanishes_and_what_fits_passes() -> None:
    assert in_weather(replace(CALM, largest=600), size=1200) == []
    assert len(in_weather(replace(CALM, largest=600), size=512)) == 1000


def test_who_is_held_up_may_take_seconds() -> None:
    world, segment, a, b, _ = three()
    segment.weather = replace(CALM, held_up=1.0)
    for _ in range(1000):
        a.says("fe80::b")
    world.run(60 * SECOND)
    late = sum(at > SECOND for at, _ in b.heard)
    assert 10 < late < 200
    assert len(b.heard) == 1000


def test_an_interface_knows_its_own_network() -> None:
    _, _, a, _, _ = three()
    on_link = [a.nic.is_on_link(ip) for ip in ("192.168.1.200", "192.168.2.1", "fe80::5", "fd00::1")]
    assert on_link == [True, False, True, False]
    assert a.nic.scoped(Endpoint("fe80::b", 1)).scope == "eth0"
    assert a.nic.scoped(Endpoint("192.168.1.11", 1)).scope == ""
    assert a.nic.interface.prefixes == ("192.168.1.10/24", "fe80::a/64")
