"""As which address the Internet sees us: what is believed of servers' answers."""

import pytest

from tests.cast import ALICE
from tests.playbook import given
from wgmesh.domain.inputs import Mapped, Networked
from wgmesh.domain.mapping import SERVER_CAP, disbelief
from wgmesh.domain.values import Endpoint

SERVER, PRIVATE_SERVER = Endpoint("8.8.4.4", 3478), Endpoint("10.9.9.9", 3478)
OURS = Endpoint("9.9.9.9", 40000)
ALICE_IS_UP = given(*ALICE.joined()).when(Networked((ALICE.interface,)))


@pytest.mark.parametrize(
    ("ip", "why"),
    [
        ("127.0.0.1", "loopback"),
        ("224.0.0.1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("0.0.0.0", "unspecified"),
        ("169.254.1.1", "link-local"),
        ("192.168.7.7", "not of the Internet"),
        ("100.64.0.1", "not of the Internet"),
        ("2001:db8::1", "of another family"),
        (ALICE.ipv4, "within the mesh"),
    ],
)
def test_row_50_an_address_that_no_server_on_the_internet_can_see_is_not_believed(ip: str, why: str) -> None:
    assert disbelief(ALICE_IS_UP.mesh, SERVER, Endpoint(ip, 40000)) == why


def test_port_0_is_not_believed() -> None:
    assert disbelief(ALICE_IS_UP.mesh, SERVER, Endpoint("9.9.9.9", 0)) == "port 0"


def test_a_server_in_a_private_network_sees_private_addresses() -> None:
    assert disbelief(ALICE_IS_UP.mesh, SERVER, OURS) == ""
    assert disbelief(ALICE_IS_UP.mesh, PRIVATE_SERVER, Endpoint("10.9.1.1", 40000)) == ""


def test_answers_are_kept_of_so_many_servers() -> None:
    story = ALICE_IS_UP
    for number in range(SERVER_CAP + 1):
        story = story.when(Mapped(Endpoint("8.8.4.4", 1000 + number), OURS)).then()
    assert list(story.state.session.mapped.values()) == [OURS] * SERVER_CAP
    assert Endpoint("8.8.4.4", 1000) not in story.state.session.mapped
