"""What crosses from one segment to another, and as whose it arrives."""

from msgspec.structs import replace

from tests.simulation.nat import Nat
from tests.simulation.network import CALM, GROUP, Frame, Nic, Segment
from tests.simulation.routers import DISTANCE, Middle
from tests.simulation.world import SECOND, World
from wgmesh.domain.values import Endpoint


class Station:
    """Writes down what it hears."""

    def __init__(self, name: str, segment: Segment, ipv4: str) -> None:
        self.name = name
        self.heard: list[Frame] = []
        self.nic = Nic(self, "eth0", 2, f"fe80::{name}")
        self.nic.plug(segment, ipv4)

    def hear(self, nic: Nic, frame: Frame) -> None:
        self.heard.append(frame)

    def say(self, to: str, port: int = 9) -> None:
        assert self.nic.segment
        source = Endpoint(self.nic.address(to), 7)
        self.nic.segment.send(self.nic, Frame(source, Endpoint(to, port), 100, b"x" * 100))


def places(nat: bool = False) -> tuple[World, Middle, Station, Station]:
    """Two segments with a station each; the first may be behind a NAT."""
    world = World(1)
    middle = Middle(world)
    one, other = (Segment(world, name, net) for name, net in (("lan0", "192.168.1"), ("lan1", "192.168.2")))
    middle.join(one, Nat("endpoint-independent", "address-and-port-dependent", lambda: world.now) if nat else None)
    middle.join(other)
    return world, middle, Station("a", one, "192.168.1.1/24"), Station("b", other, "192.168.2.1/24")


def test_a_datagram_crosses_with_its_source_and_takes_its_time() -> None:
    world, _, a, b = places()
    a.say("192.168.2.1")
    world.run(DISTANCE)
    assert b.heard == []
    world.run(SECOND)
    assert [frame.source for frame in b.heard] == [Endpoint("192.168.1.1", 7)]


def test_groups_and_link_local_addresses_stay_and_nobody_is_where_nobody_is() -> None:
    world, _, a, b = places()
    for target in (GROUP, b.nic.link_local, "192.168.2.9", "203.0.113.1"):
        a.say(target)
    world.run(SECOND)
    assert b.heard == []


def test_behind_a_nat_one_is_the_router_and_is_reached_by_whom_one_spoke_to() -> None:
    world, _, a, b = places(nat=True)
    b.say("192.168.1.1")
    a.say("192.168.2.1", port=7)
    world.run(SECOND)
    assert a.heard == []
    [frame] = b.heard
    assert frame.source.ip == "198.51.100.1"
    b.say(frame.source.ip, frame.source.port)
    b.say(frame.source.ip, frame.source.port + 1)
    world.run(2 * SECOND)
    assert [frame.target for frame in a.heard] == [Endpoint("192.168.1.1", 7)]


def test_a_cut_is_between_two_stations_in_one_direction() -> None:
    world, middle, a, b = places()
    middle.cuts["a", "b"] = 1
    a.say("192.168.2.1")
    b.say("192.168.1.1")
    world.run(SECOND)
    assert (len(a.heard), len(b.heard)) == (1, 0)


def test_the_weather_in_the_middle_is_its_own() -> None:
    world, middle, a, b = places()
    middle.weather = replace(CALM, loss=0.5, duplication=0.5)
    for _ in range(1000):
        a.say("192.168.2.1")
    world.run(10 * SECOND)
    middle.weather = replace(CALM, largest=50)
    a.say("192.168.2.1")
    world.run(20 * SECOND)
    assert 650 < len(b.heard) < 850
