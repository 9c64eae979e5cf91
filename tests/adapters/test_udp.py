import errno
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from tests.adapters.machine import LOOPBACKS, nobody
from tests.adapters.wires import Network, wire
from wgmesh.adapters.udp import RECEIVE_BUFFER_BYTES, TURN, arrivals, group_socket, hops, own_socket, send

SLOW = "tc qdisc add dev eth0 root tbf rate 8kbit burst 1540 limit 1000000"


@pytest.fixture(params=LOOPBACKS)
def own(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    with own_socket("lo", request.param) as opened:
        yield opened


def address(opened: socket.socket) -> tuple[str, int]:
    return LOOPBACKS[socket.AddressFamily(opened.family)], opened.getsockname()[1]


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_what_is_sent_arrives_with_its_sender(own: socket.socket) -> None:
    assert send(own, b"hello", address(own)) is None
    [(data, ancillary, sender)] = arrivals(own)
    assert (data, sender[:2]) == (b"hello", address(own))
    assert hops(ancillary) == (255 if own.family == socket.AF_INET6 else -1)
    assert list(arrivals(own)) == []


def test_a_turn_reads_no_more_than_its_limit_and_leaves_the_rest(own: socket.socket) -> None:
    for number in range(TURN + 3):
        send(own, number.to_bytes(2, "big"), address(own))
    assert [int.from_bytes(data, "big") for data, _, _ in arrivals(own)] == list(range(TURN))
    assert len(list(arrivals(own, 2))) == 2
    assert len(list(arrivals(own, 2))) == 1


@pytest.mark.parametrize("size", [0, 1, 1200, 1201, 1202, 9000, 65_507])
def test_a_datagram_is_read_to_one_byte_beyond_the_largest(own: socket.socket, size: int) -> None:
    assert send(own, bytes(size), address(own)) is None
    [(data, _, _)] = arrivals(own)
    assert len(data) == min(size, 1201)


def test_what_cannot_be_sent_is_a_reason_and_no_exception(own: socket.socket) -> None:
    loopback, port = address(own)
    assert send(own, bytes(70_000), (loopback, port)) == "Message too long"
    assert send(own, b"", (loopback, 0)) == "Invalid argument"
    own.close()
    assert send(own, b"", (loopback, port)) == "Bad file descriptor"
    assert list(arrivals(own)) == []


def test_a_source_that_is_not_ours_is_a_reason() -> None:
    with own_socket("lo", socket.AF_INET) as opened:
        assert send(opened, b"", address(opened), source="127.0.0.9") is None
        [(_, _, sender)] = arrivals(opened)
        assert sender[0] == "127.0.0.9"
        assert send(opened, b"", address(opened), source="192.0.2.1") is not None


@pytest.mark.parametrize("family", LOOPBACKS)
def test_an_interface_that_does_not_exist_is_an_error_and_leaves_nothing_open(family: socket.AddressFamily) -> None:
    before = descriptors()
    with pytest.raises(OSError, match="No such device"):
        own_socket("no-such-device", family)
    with pytest.raises(OSError, match="No such device"):
        group_socket("no-such-device", 1, family, "239.192.0.1", 51830)
    assert descriptors() == before


def test_a_port_that_is_kept_by_another_is_an_error_and_leaves_nothing_open() -> None:
    with own_socket("lo", socket.AF_INET) as holder:
        before = descriptors()
        with pytest.raises(OSError, match="Address already in use") as caught:
            group_socket("lo", 1, socket.AF_INET, "239.192.0.1", address(holder)[1])
    assert caught.value.errno == errno.EADDRINUSE
    assert descriptors() == before - 1


@pytest.mark.skipif(os.geteuid() != 0, reason="others get what the system allows")
def test_the_buffer_holds_a_burst_whatever_the_system_allows_to_others(own: socket.socket) -> None:
    # Linux counts twice what was asked for
    assert own.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) == 2 * RECEIVE_BUFFER_BYTES


def test_without_privileges_sockets_open_all_the_same(own: socket.socket) -> None:
    with nobody() if os.geteuid() == 0 else nullcontext():
        unprivileged = own_socket("lo", socket.AddressFamily(own.family))
    with unprivileged:
        send(unprivileged, b"hello", address(unprivileged))
        assert [data for data, _, _ in arrivals(unprivileged)] == [b"hello"]
        assert unprivileged.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) >= 65536


@pytest.fixture
def wired() -> Iterator[Network]:
    near, far = Network(), Network()
    wire(near, far)
    near.up("eth0", "10.9.0.1/24")
    yield near
    near.close()
    far.close()


@pytest.mark.namespaces
def test_a_full_queue_is_a_reason(wired: Network) -> None:
    with wired.entered():
        opened = own_socket("eth0", socket.AF_INET)
        subprocess.run(SLOW.split(), check=True)
    with opened:
        reasons = [send(opened, bytes(1200), ("239.192.0.1", 51830)) for _ in range(300)]
    assert (reasons[0], reasons[-1]) == (None, os.strerror(errno.EAGAIN))


@pytest.mark.namespaces
def test_a_firewall_that_forbids_it_is_a_reason(wired: Network) -> None:
    rules = "table inet t { chain o { type filter hook output priority 0; policy drop; }\n}\n"
    with wired.entered():
        opened = own_socket("eth0", socket.AF_INET)
        subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)
    with opened:
        assert send(opened, bytes(1200), ("239.192.0.1", 51830)) == os.strerror(errno.EPERM)
