"""The wake-up: what the kernel's messages are about, and that a real change wakes."""

import select
import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.own_namespace import run
from wgmesh.adapters.netlink import watch as watch_module
from wgmesh.adapters.netlink.watch import ADDRESSES, LINKS, ROUTES, SWITCHES, Watch, interfaces_in

NEWLINK, DELLINK, NEWADDR, DELADDR, NEWROUTE, DELROUTE, NEWNEIGH = 16, 17, 20, 21, 24, 25, 28
NEWNETCONF = 80


def message(kind: int, body: bytes) -> bytes:
    padding = bytes(-len(body) % 4)
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body + padding


def of_link(kind: int, index: int) -> bytes:
    return message(kind, struct.pack("=BxHiII", 0, 1, index, 0, 0))


def of_route(kind: int, *attributes: bytes) -> bytes:
    return message(kind, bytes(12) + b"".join(attributes))


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


@pytest.mark.parametrize("kind", [NEWLINK, DELLINK, NEWADDR, DELADDR])
def test_links_and_addresses_name_their_interface(kind: int) -> None:
    assert interfaces_in(of_link(kind, 300)) == [300]


@pytest.mark.parametrize("kind", [NEWROUTE, DELROUTE])
def test_a_route_names_the_interface_that_it_leaves_by_if_it_has_one(kind: int) -> None:
    destination, table = attribute(1, bytes(3)), attribute(15, bytes(4))
    assert interfaces_in(of_route(kind, destination, table, attribute(4, struct.pack("=i", 9)))) == [9]
    assert interfaces_in(of_route(kind, destination)) == []


@pytest.mark.parametrize("index", [9, -1])
def test_a_switch_names_its_interface_or_all(index: int) -> None:
    value = attribute(3, struct.pack("=i", 1))
    assert interfaces_in(message(NEWNETCONF, bytes(4) + attribute(1, struct.pack("=i", index)) + value)) == [index]
    assert interfaces_in(message(NEWNETCONF, bytes(4) + value)) == []


def test_several_messages_in_a_datagram_are_all_read_and_others_passed_over() -> None:
    datagram = of_link(NEWLINK, 1) + of_link(NEWNEIGH, 2) + message(NEWADDR, b"\2") + of_link(DELADDR, 3)
    assert interfaces_in(datagram) == [1, 3]


@given(
    st.binary()
    | st.tuples(st.sampled_from([*range(14, 30), NEWNETCONF]), st.binary()).map(lambda parts: message(*parts))
)
def test_any_datagram_is_read(datagram: bytes) -> None:
    assert all(isinstance(index, int) for index in interfaces_in(datagram))


@pytest.fixture
def watch(namespace: None) -> Iterator[Watch]:
    watch = Watch(LINKS | ADDRESSES | ROUTES | SWITCHES)
    yield watch
    watch.close()


def wakes(watch: Watch) -> bool:
    return bool(select.select([watch], [], [], 0.2)[0])


@pytest.mark.namespaces
@pytest.mark.parametrize(
    "change",
    [
        "ip link set eth0 mtu 1400",
        "ip link set eth0 down",
        "ip addr add 192.0.2.1/24 dev eth0",
        "ip addr add 2001:db8::1/64 dev eth0 nodad",
        "ip route add 198.51.100.0/24 dev eth0",
        "ip route add 2001:db8:1::/64 dev eth0",
    ],
)
def test_a_change_wakes_and_names_its_interface(watch: Watch, change: str) -> None:
    while wakes(watch):
        watch.drain()
    run(change)
    assert wakes(watch)
    changed = watch.drain()
    assert changed is not None
    assert socket.if_nametoindex("eth0") in changed
    assert watch.drain() == ()


@pytest.mark.namespaces
def test_a_filter_wakes_and_names_its_interface_and_that_of_all_may_be_about_any(watch: Watch) -> None:
    while wakes(watch):
        watch.drain()
    for place, told in (("eth0", (socket.if_nametoindex("eth0"),)), ("all", None)):
        Path(f"/proc/sys/net/ipv4/conf/{place}/rp_filter").write_text("1")
        assert wakes(watch)
        assert watch.drain() == told


@pytest.mark.namespaces
def test_by_default_routes_do_not_wake(namespace: None) -> None:
    watch = Watch()
    run("ip route add 198.51.100.0/24 dev eth0")
    while wakes(watch):
        watch.drain()
    run("ip route add 198.51.101.0/24 dev eth0")
    assert not wakes(watch)
    run("ip addr add 192.0.2.1/32 dev eth0")
    assert wakes(watch)
    watch.close()


@pytest.mark.namespaces
def test_a_storm_cannot_keep_us_and_the_rest_of_it_wakes_again(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "DRAIN_LIMIT", 2)
    for number in range(5):
        run(f"ip link set eth0 mtu {1400 + number}")
    assert watch.drain() is None
    assert wakes(watch)
    while watch.drain() != ():
        pass
    assert not wakes(watch)


@pytest.mark.namespaces
def test_more_than_the_socket_holds_may_be_about_any_interface(watch: Watch) -> None:
    batch = "".join(f"route add 198.51.{i // 256}.{i % 256}/32 dev eth0\n" for i in range(3000))
    subprocess.run(["ip", "-batch", "-"], input=batch, text=True, check=True)
    assert watch.drain() is None
    while watch.drain() != ():
        pass
    run("ip link set eth0 mtu 1400")
    assert watch.drain() == (socket.if_nametoindex("eth0"),)
