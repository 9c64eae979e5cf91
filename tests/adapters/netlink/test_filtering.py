"""The reverse path filter: how its two values make one, by the kernel's own word, and that both can be read and set."""

import socket
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from tests.adapters.wires import Network, wire
from wgmesh.adapters.netlink.filtering import is_strict, set_strict

BOTH = list(product((0, 1, 2), repeat=2))
PORT = 9


def conf(place: Path, **values: int) -> Path:
    for name, value in values.items():
        (place / name).mkdir(exist_ok=True)
        (place / name / "rp_filter").write_text(f"{value}\n")
    return place


@pytest.mark.parametrize(("everywhere", "here"), BOTH)
def test_the_greater_of_the_two_values_counts(tmp_path: Path, everywhere: int, here: int) -> None:
    found = is_strict("wgmesh0", conf(tmp_path, all=everywhere, wgmesh0=here))
    assert found is (max(everywhere, here) == 1)


def test_a_machine_that_does_not_tell_does_not_filter(tmp_path: Path) -> None:
    assert not is_strict("wgmesh0", tmp_path)


def test_it_is_made_loose_and_strict(tmp_path: Path) -> None:
    conf(tmp_path, all=1, wgmesh0=0)
    set_strict("wgmesh0", False, tmp_path)
    assert not is_strict("wgmesh0", tmp_path)
    set_strict("wgmesh0", True, tmp_path)
    assert is_strict("wgmesh0", tmp_path)
    with pytest.raises(FileNotFoundError):
        set_strict("wgmesh1", True, tmp_path)


@pytest.fixture
def two_ways() -> Iterator[tuple[Network, Network]]:
    """Two machines on two cables. What the first sends by eth1 from its address on eth0 is answered by eth0."""
    a, b = Network(), Network()
    for name, network in (("eth0", "10.9.0"), ("eth1", "10.8.0")):
        wire(a, b, name)
        a.up(name, f"{network}.1/24")
        b.up(name, f"{network}.2/24")
    a.ip("route add 10.7.0.2/32 via 10.8.0.2 dev eth1")
    b.ip("addr add 10.7.0.2/32 dev lo")
    yield a, b
    a.close()
    b.close()


def filtered(network: Network) -> int:
    """How many packets the kernel has dropped for the way by which they came."""
    with network.entered():
        names, values = (line.split() for line in Path("/proc/thread-self/net/netstat").read_text().splitlines()[:2])
    return int(values[names.index("IPReversePathFilter")])


@pytest.mark.namespaces
def test_the_kernel_drops_what_came_by_another_way_where_it_is_strict_and_lets_it_through_where_it_is_not(
    two_ways: tuple[Network, Network],
) -> None:
    a, b = two_ways
    with a.udp(socket.AF_INET, "10.9.0.1") as sender, b.udp(socket.AF_INET, "10.7.0.2", PORT) as receiver:
        receiver.settimeout(0.05)
        for everywhere, here in BOTH:
            with b.entered():
                for place, value in (("all", everywhere), ("eth1", here)):
                    Path(f"/proc/sys/net/ipv4/conf/{place}/rp_filter").write_text(str(value))
                strict = is_strict("eth1")
            before, heard = filtered(b), b""
            sender.sendto(b"%d %d" % (everywhere, here), ("10.7.0.2", PORT))
            for _ in range(100):
                try:
                    heard = receiver.recv(9)
                except TimeoutError:
                    pass
                if heard or filtered(b) > before:
                    break
            assert (heard, filtered(b) - before) == ((b"", 1) if strict else (b"%d %d" % (everywhere, here), 0))


@pytest.mark.namespaces
def test_a_kernel_that_is_strict_everywhere_is_made_loose_for_one_interface(two_ways: tuple[Network, Network]) -> None:
    _, b = two_ways
    with b.entered():
        Path("/proc/sys/net/ipv4/conf/all/rp_filter").write_text("1")
        assert is_strict("eth0")
        assert is_strict("eth1")
        set_strict("eth1", False)
        assert not is_strict("eth1")
        assert is_strict("eth0")
