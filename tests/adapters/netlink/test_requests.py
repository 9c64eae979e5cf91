"""What is said to the worker and back survives the way."""

import msgspec
import pytest

from wgmesh.adapters.netlink.requests import (
    IFF_RUNNING,
    IFF_UP,
    Answer,
    Create,
    Delete,
    Edit,
    Label,
    Link,
    Look,
    Neighbour,
    Request,
    Survey,
)
from wgmesh.domain.device import AddAddress, AddRoute, RemoveAddress, RemoveRoute, SetDevice

CHANGES = (
    AddAddress("10.1.0.1/32"),
    RemoveAddress("fd00::1/128"),
    AddRoute("10.1.0.0/16"),
    RemoveRoute("fd00::/64"),
    SetDevice(mtu=1400, up=True),
)


@pytest.mark.parametrize(
    "request_",
    [
        Survey(),
        Look("eth0"),
        Neighbour("fe80::1"),
        Edit("eth0", CHANGES),
        Create("wgmesh0", "wireguard", "wgmesh"),
        Label("eth0", "wgmesh"),
        Delete("eth0"),
    ],
)
def test_a_request_is_one_line_and_reads_back(request_: Request) -> None:
    line = msgspec.json.encode(request_)
    assert b"\n" not in line
    assert msgspec.json.decode(line, type=Request) == request_


def test_an_answer_carries_any_value_or_an_error_number() -> None:
    link = Link("eth0", 2, IFF_UP, 1500, addresses=("10.0.0.1/8",))
    answer = msgspec.json.decode(msgspec.json.encode(Answer(msgspec.Raw(msgspec.json.encode(link)))), type=Answer)
    assert answer.error == 0
    assert msgspec.json.decode(answer.value, type=Link | None) == link
    assert msgspec.json.decode(b'{"error":1}', type=Answer).error == 1


def test_a_link_is_up_by_what_it_was_told_and_has_flags_only_together() -> None:
    assert Link("eth0", 2, IFF_UP, 1500).up
    assert not Link("eth0", 2, IFF_RUNNING, 1500).up
    assert not Link("eth0", 2, IFF_UP, 1500).has(IFF_UP | IFF_RUNNING)
    assert Link("eth0", 2, IFF_UP | IFF_RUNNING, 1500).has(IFF_UP | IFF_RUNNING)
