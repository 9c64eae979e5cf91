import resource
import socket

import pytest

from tests.adapters.machine import LOOPBACKS
from wgmesh.adapters.ports import WIREGUARD_PORTS, free_port, port_is_free
from wgmesh.domain.errors import WgmeshError


@pytest.fixture
def ports() -> range:
    """Three neighbouring ports that are free."""
    start = next(port for port in WIREGUARD_PORTS if all(port_is_free(port + more) for more in range(3)))
    return range(start, start + 3)


def taken(port: int, family: socket.AddressFamily = socket.AF_INET, ip: str = "127.0.0.1") -> socket.socket:
    holder = socket.socket(family, socket.SOCK_DGRAM)
    holder.bind((ip, port))
    return holder


def test_the_preferred_port_is_taken_when_it_is_free(ports: range) -> None:
    assert free_port(ports[1], ports) == ports[1]


def test_a_free_port_outside_the_range_is_granted_when_asked_for(ports: range) -> None:
    assert free_port(ports[0], range(1, 2)) == ports[0]


@pytest.mark.parametrize(("family", "ip"), LOOPBACKS.items())
def test_a_port_held_on_one_address_of_either_family_is_passed_over(
    ports: range, family: socket.AddressFamily, ip: str
) -> None:
    with taken(ports[1], family, ip):
        assert not port_is_free(ports[1])
        assert free_port(ports[1], ports) == ports[2]


def test_after_the_last_port_comes_the_first(ports: range) -> None:
    with taken(ports[2]):
        assert free_port(ports[2], ports) == ports[0]


def test_a_taken_port_outside_the_range_is_replaced_by_the_first_of_the_range(ports: range) -> None:
    with taken(ports[2]):
        assert free_port(ports[2], ports[:2]) == ports[0]


def test_no_free_port_is_a_sentence(ports: range) -> None:
    with taken(ports[0]), taken(ports[1]), pytest.raises(WgmeshError, match=f"{ports[0]} to {ports[1]} is in use"):
        free_port(ports[0], ports[:2])


def test_asking_leaves_the_port_free(ports: range) -> None:
    assert free_port(ports[0], ports) == free_port(ports[0], ports)
    taken(ports[0]).close()


def test_no_descriptor_left_is_a_sentence_and_no_free_port() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(WgmeshError, match="Too many open files"):
            port_is_free(WIREGUARD_PORTS[0])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
