"""Two machines on a cable, in one process: what one announces the other hears, and what it hears it can answer."""

import os
import resource
import socket
from collections import Counter

import anyio
import pytest

from tests.adapters.lan.stations import GROUP, SETTLED_SECONDS, A, B, Station, station
from tests.adapters.wires import Network, wire
from wgmesh.adapters.lan.layer import ALL_NODES, PORT, Trouble
from wgmesh.domain.values import Endpoint, Interface

pytestmark = [pytest.mark.anyio, pytest.mark.namespaces]

OTHER_GROUP = "239.192.3.200"


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def test_an_announcement_is_heard_once_and_its_source_can_be_answered(a: Network, b: Network) -> None:
    async with station(a, a.up("eth0", *A)) as near, station(b, b.up("eth0", *B)) as far:
        announcement, answer, last = os.urandom(1200), os.urandom(512), os.urandom(256)
        assert near.lan.announce(announcement) == ()
        [heard] = await far.hears()
        assert (heard.layer, heard.interface, heard.data) == ("lan", "eth0", announcement)
        assert heard.sender.port != PORT
        assert far.lan.send("eth0", heard.sender, answer) is None
        [answered] = await near.hears()
        assert answered.data == answer
        assert answered.sender.port not in (PORT, heard.sender.port)
        assert near.lan.send("eth0", answered.sender, last) is None
        assert [datagram.data for datagram in await far.hears()] == [last]
        assert near.refused + far.refused == Counter()


@pytest.mark.parametrize(
    ("ours", "theirs", "sender"),
    [
        (A[:1], B[:1], Endpoint("10.9.0.1", 0)),
        (A[1:], B[1:], Endpoint("fe80::a", 0, "eth0")),
        (A[1:], B, Endpoint("fe80::a", 0, "eth0")),
        (("2001:db8::a/64",), ("2001:db8::b/64",), Endpoint("2001:db8::a", 0)),
    ],
)
async def test_one_family_is_enough_and_no_route_is_needed(
    a: Network, b: Network, ours: tuple[str, ...], theirs: tuple[str, ...], sender: Endpoint
) -> None:
    async with station(a, a.up("eth0", *ours)) as near, station(b, b.up("eth0", *theirs)) as far:
        assert "default" not in a.ip("route show table all") + a.ip("-6 route show table all")
        assert near.lan.announce(os.urandom(1200)) == ()
        [heard] = await far.hears()
        assert (heard.sender.ip, heard.sender.scope) == (sender.ip, sender.scope)
        assert far.lan.send("eth0", heard.sender, os.urandom(512)) is None
        [answered] = await near.hears()
        assert len(answered.data) == 512


async def test_who_shares_one_of_several_networks_hears_a_source_that_it_can_answer(a: Network, b: Network) -> None:
    addresses = ("10.1.0.1/24", "10.2.0.1/24", "10.2.0.3/24", "10.3.0.1/24")
    async with station(a, a.up("eth0", *addresses)) as near, station(b, b.up("eth0", "10.2.0.2/24")) as far:
        assert near.lan.announce(os.urandom(1200)) == ()
        [heard] = await far.hears()
        assert heard.sender.ip == "10.2.0.1"
        assert set(far.refused) == {("off-link", "10.1.0.1"), ("off-link", "10.3.0.1")}


async def test_our_own_announcement_does_not_come_back_to_us(a: Network, b: Network) -> None:
    async with station(a, a.up("eth0", *A)) as near, station(b, b.up("eth0", *B)) as far:
        near.lan.announce(os.urandom(1200))
        await far.hears()
        assert near.heard == []


async def test_the_same_bytes_from_elsewhere_are_dropped_for_a_second(a: Network, b: Network) -> None:
    async with station(a, a.up("eth0", *A)) as near, station(b, b.up("eth0", *B)) as far:
        announcement = os.urandom(1200)
        near.lan.announce(announcement)
        [heard] = await far.hears()
        near.lan.send("eth0", Endpoint("10.9.0.2", PORT), announcement)
        with a.udp(socket.AF_INET, "10.9.0.1") as parrot:
            for far.now_ms in (0, 999):
                parrot.sendto(announcement, (GROUP, PORT))
                await anyio.sleep(SETTLED_SECONDS)
                assert far.heard == []
            far.now_ms = 5000
            parrot.sendto(announcement, (GROUP, PORT))
            assert [again.data for again in await far.hears()] == [heard.data]


async def test_what_is_not_worth_opening_is_refused_with_its_source(a: Network, b: Network) -> None:
    a.ip("link set eth0 up")
    a.ip("addr add 203.0.113.5/32 dev eth0")
    eth0 = a.up("eth0", *A)
    async with station(b, b.up("eth0", *B)) as far:
        with a.udp(socket.AF_INET, "203.0.113.5") as stranger, a.udp(socket.AF_INET6, "fe80::a") as routed:
            stranger.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.9.0.1"))
            stranger.sendto(os.urandom(512), (GROUP, PORT))
            for size in (0, 255, 1201, 9000):
                stranger.sendto(bytes(size), (GROUP, PORT))
            routed.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 64)
            routed.sendto(os.urandom(512), (ALL_NODES, PORT, 0, eth0.index))
            await far.until(lambda: far.refused.total() == 6)
        assert far.refused == {("off-link", "203.0.113.5"): 1, ("size", "203.0.113.5"): 4, ("hops", "fe80::a"): 1}
        assert far.heard == []


async def test_interfaces_come_and_go_while_the_others_keep_their_sockets(a: Network, b: Network) -> None:
    wire(a, b, "eth1")
    ours = (a.up("eth0", *A), a.up("eth1", "10.8.0.1/24", "fe80::a/64"))
    theirs = (b.up("eth0", *B), b.up("eth1", "10.8.0.2/24", "fe80::b/64"))
    async with station(a, ours[0]) as near, station(b, theirs[0]) as far0, station(b, theirs[1]) as far1:
        before = descriptors()
        near.lan.announce(os.urandom(1200))
        [first] = await far0.hears()
        assert near.follow(*ours) == ()
        assert near.lan.serving() == ("eth0", "eth1")
        near.lan.announce(os.urandom(1200))
        assert [heard.sender for heard in await far0.hears()] == [first.sender]
        [second] = await far1.hears()
        assert second.sender.ip == "10.8.0.1"
        assert far1.lan.send("eth1", second.sender, os.urandom(256)) is None
        assert [heard.interface for heard in await near.hears()] == ["eth1"]

        a.ip("link del eth1")
        assert {trouble.interface for trouble in near.lan.announce(os.urandom(1200))} == {"eth1"}
        assert near.follow(ours[0]) == ()
        assert descriptors() == before
        assert near.lan.announce(os.urandom(1200)) == ()
        assert [heard.sender for heard in await far0.hears(2)] == [first.sender] * 2


async def test_an_address_that_comes_later_leaves_the_other_family_its_socket(a: Network, b: Network) -> None:
    ipv6_only = a.up("eth0", A[1])
    async with station(a, ipv6_only) as near, station(b, b.up("eth0", B[1])) as far:
        near.lan.announce(os.urandom(1200))
        [early] = await far.hears()
        assert near.lan.send("eth0", Endpoint("10.9.0.2", PORT), bytes(256)) == "eth0 has no socket for IPv4"
        a.up("eth0", A[0])
        assert near.follow(Interface("eth0", ipv6_only.index, 1500, A)) == ()
        near.lan.announce(os.urandom(1200))
        assert [heard.sender for heard in await far.hears()] == [early.sender]
        assert near.lan.send("eth0", Endpoint("10.9.0.2", PORT), bytes(256)) is None


async def test_an_address_that_has_gone_is_told_and_harms_nothing(a: Network, b: Network) -> None:
    async with station(a, a.up("eth0", *A)) as near, station(b, b.up("eth0", *B)) as far:
        a.ip("addr del 10.9.0.1/24 dev eth0")
        [trouble] = near.lan.announce(os.urandom(1200))
        assert trouble.interface == "eth0"
        assert trouble.reason.startswith("cannot announce: ")
        assert [heard.sender.ip for heard in await far.hears()] == ["fe80::a"]


async def test_several_meshes_on_a_host_hear_their_own_group_and_get_their_own_answers(a: Network, b: Network) -> None:
    eth0 = b.up("eth0", B[0])
    async with (
        station(a, a.up("eth0", A[0])) as near,
        station(b, eth0) as one,
        station(b, eth0, group=OTHER_GROUP) as other,
        station(b, eth0) as third,
    ):
        near.lan.announce(os.urandom(1200))
        assert len(await one.hears()) == len(await third.hears()) == 1
        one.lan.announce(os.urandom(1200))
        [announced] = await near.hears()
        near.lan.send("eth0", announced.sender, os.urandom(256))
        assert [len(heard.data) for heard in await one.hears()] == [256]
        assert len(third.heard) == 1  # a mesh may have two nodes on a host: they hear each other
        assert other.heard == []


async def test_over_ipv6_every_mesh_of_a_host_hears_all(a: Network, b: Network) -> None:
    eth0 = b.up("eth0", B[1])
    async with (
        station(a, a.up("eth0", A[1])) as near,
        station(b, eth0) as one,
        station(b, eth0, group=OTHER_GROUP) as other,
    ):
        near.lan.announce(os.urandom(1200))
        assert len(await one.hears()) == len(await other.hears()) == 1


async def test_a_port_that_another_program_keeps_to_itself_is_told_and_found_free_later(a: Network, b: Network) -> None:
    eth0 = b.up("eth0", *B)
    near, far = Station(a), Station(b)
    with b.udp(socket.AF_INET, "0.0.0.0", PORT):
        assert far.follow(eth0) == (
            Trouble("eth0", "cannot listen to UDP port 51830 over IPv4: Address already in use"),
        )
        assert far.lan.serving() == ("eth0",)
    assert far.follow(eth0) == ()
    assert near.follow(a.up("eth0", *A)) == far.follow() == ()
    assert far.lan.serving() == ()
    assert near.follow() == ()


async def test_an_interface_that_does_not_exist_is_told(a: Network) -> None:
    near = Station(a)
    before = descriptors()
    troubles = near.follow(Interface("eth7", 7, 1500, A))
    assert [trouble.interface for trouble in troubles] == ["eth7"] * 4
    assert {trouble.reason for trouble in troubles} >= {"cannot speak over IPv6: No such device"}
    assert (near.lan.serving(), near.lan.announce(bytes(256)), descriptors()) == ((), (), before)
    assert near.lan.send("eth7", Endpoint("fe80::b", PORT, "eth7"), bytes(256)) == "eth7 has no socket for IPv6"


async def test_an_interface_that_is_down_is_told_and_works_again_when_it_is_up(a: Network, b: Network) -> None:
    async with station(a, a.up("eth0", A[0])) as near, station(b, b.up("eth0", B[0])) as far:
        a.ip("link set eth0 down")
        assert [trouble.interface for trouble in near.lan.announce(os.urandom(1200))] == ["eth0"]
        a.up("eth0")
        assert near.lan.announce(os.urandom(1200)) == ()
        await far.hears()
        far.lan.announce(os.urandom(1200))
        await near.hears()


async def test_an_interface_may_go_and_come_back_right_after_it_was_read(a: Network, b: Network) -> None:
    eth0 = b.up("eth0", *B)
    async with station(a, a.up("eth0", *A)) as near, station(b, eth0) as far:
        for _ in range(2):
            near.lan.announce(os.urandom(1200))
            await far.until(lambda: len(far.heard) > 0)
            assert far.follow() == far.follow(eth0) == ()
            far.heard.clear()
            await anyio.sleep(SETTLED_SECONDS)


async def test_without_free_descriptors_what_can_be_opened_works_and_the_rest_comes_later(
    a: Network, b: Network
) -> None:
    interfaces = []
    for number in range(1, 9):
        wire(a, b, f"eth{number}")
        interfaces.append(a.up(f"eth{number}", f"10.{number}.0.1/24", "fe80::a/64"))
    near = Station(a)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(32, descriptors() + 8), hard))
    try:
        troubles = near.follow(*interfaces)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert troubles
    assert all(trouble.reason.endswith("Too many open files") for trouble in troubles)
    assert near.lan.serving()
    assert near.lan.announce(os.urandom(1200)) == ()
    assert near.follow(*interfaces) == ()
    assert len(near.lan.serving()) == 8
    near.follow()


async def test_nothing_wakes_while_nothing_arrives(a: Network, b: Network) -> None:
    b.up("eth0", *B)
    async with station(a, a.up("eth0", *A)):
        await anyio.sleep(0.1)
        before = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
        await anyio.sleep(1)
        assert resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw - before <= 2  # our own sleep


async def test_when_it_ends_all_sockets_are_closed(a: Network, b: Network) -> None:
    eth0 = b.up("eth0", *B)
    before = descriptors()
    async with station(b, eth0) as far:
        assert descriptors() == before + 4
    assert descriptors() == before
    assert far.lan.serving() == ()
