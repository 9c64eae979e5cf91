"""What is asked of the kernel, against a network that is really there."""

import errno
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.adapters.own_namespace import run, set_ipv6
from wgmesh.adapters.netlink.kernel import Kernel
from wgmesh.adapters.netlink.requests import (
    IFF_LOOPBACK,
    IFF_MULTICAST,
    IFF_RUNNING,
    IFF_UP,
    Create,
    Delete,
    Edit,
    Label,
    Link,
    Look,
    Neighbour,
    Survey,
)
from wgmesh.domain.device import AddAddress, AddRoute, SetDevice

pytestmark = pytest.mark.namespaces


@pytest.fixture
def kernel(namespace: None) -> Iterator[Kernel]:
    with Kernel() as kernel:
        yield kernel


def look(kernel: Kernel, interface: str) -> Link:
    link = kernel.answer(Look(interface))
    assert isinstance(link, Link)
    return link


def test_a_survey_tells_every_link_with_its_addresses(kernel: Kernel) -> None:
    run("ip addr add 192.0.2.1/24 dev eth0")
    run("ip link add bridge0 type bridge")
    run("ip link set eth1 master bridge0")
    links = kernel.answer(Survey())
    assert isinstance(links, tuple)
    found = {link.name: link for link in links}
    assert found["lo"].has(IFF_LOOPBACK)
    assert found["eth0"].kind == "veth"
    assert found["eth0"].has(IFF_UP | IFF_RUNNING | IFF_MULTICAST)
    assert found["eth0"].index == socket.if_nametoindex("eth0")
    assert found["eth0"].addresses[0] == "192.0.2.1/24"
    assert found["eth0"].addresses[1].startswith("fe80::")
    assert found["eth0"].addresses[1].endswith("/64")
    assert (found["bridge0"].kind, found["bridge0"].up) == ("bridge", False)
    assert found["eth1"].master == found["bridge0"].index
    assert found["lo"].routes == ()


def test_an_address_that_is_still_searched_for_duplicates_is_not_told(kernel: Kernel) -> None:
    set_ipv6("eth0", "accept_dad", 1)
    run("ip addr add 2001:db8::1/64 dev eth0")
    assert "2001:db8::1/64" not in look(kernel, "eth0").addresses
    for _ in range(500):
        if "2001:db8::1/64" in look(kernel, "eth0").addresses:
            return
        time.sleep(0.02)
    raise AssertionError("the search never ended")


def test_a_look_tells_one_link_with_the_routes_that_we_made(kernel: Kernel) -> None:
    run("ip link set eth0 mtu 1400 alias wgmesh")
    run("ip route add 198.51.100.0/24 dev eth0")
    assert kernel.answer(Edit("eth0", (AddRoute("10.1.0.0/16"), AddRoute("fd00::/64")))) == ("", "")
    link = look(kernel, "eth0")
    assert (link.mtu, link.alias, link.up) == (1400, "wgmesh", True)
    assert link.routes == ("10.1.0.0/16", "fd00::/64")


def test_the_other_end_of_a_point_to_point_address_is_not_ours(kernel: Kernel) -> None:
    run("ip addr add 192.0.2.1 peer 192.0.2.2/32 dev eth0")
    assert "192.0.2.1/32" in look(kernel, "eth0").addresses


def test_a_link_that_is_not_there_is_none_and_can_be_deleted(kernel: Kernel) -> None:
    assert kernel.answer(Look("nosuch0")) is None
    assert kernel.answer(Delete("nosuch0")) is None
    with pytest.raises(OSError, match="No such device") as refusal:
        kernel.answer(Label("nosuch0", "wgmesh"))
    assert refusal.value.errno == errno.ENODEV
    assert kernel.answer(Edit("nosuch0", (SetDevice(up=True),))) == ("No such device",)


def test_a_name_that_cannot_be_is_an_error(kernel: Kernel) -> None:
    with pytest.raises(OSError, match="Numerical result out of range"):
        kernel.answer(Look("a-name-that-is-too-long"))


def test_a_link_is_labelled_and_deleted(kernel: Kernel) -> None:
    kernel.answer(Label("eth0", "wgmesh"))
    assert look(kernel, "eth0").alias == "wgmesh"
    kernel.answer(Delete("eth0"))
    assert kernel.answer(Look("eth0")) is None


def test_a_link_is_made_with_its_alias(kernel: Kernel) -> None:
    kernel.answer(Create("bridge0", "bridge", "wgmesh"))
    link = look(kernel, "bridge0")
    assert (link.kind, link.alias, link.up) == ("bridge", "wgmesh", False)
    with pytest.raises(FileExistsError):
        kernel.answer(Create("bridge0", "bridge", "somebody"))
    assert look(kernel, "bridge0").alias == "wgmesh"


def test_a_kind_that_this_kernel_does_not_have_is_told_by_its_number(kernel: Kernel) -> None:
    with pytest.raises(OSError, match="Operation not supported") as refusal:
        kernel.answer(Create("wgmesh0", "nosuchkind", "wgmesh"))
    assert refusal.value.errno == errno.EOPNOTSUPP
    assert kernel.answer(Look("wgmesh0")) is None


def test_a_link_that_gets_no_alias_is_not_made(kernel: Kernel) -> None:
    with pytest.raises(OSError, match=r"Invalid argument|out of range"):
        kernel.answer(Create("bridge0", "bridge", 300 * "a"))  # IFALIASZ is 256
    assert kernel.answer(Look("bridge0")) is None


def test_of_several_edits_each_has_its_own_error(kernel: Kernel) -> None:
    changes = (AddAddress("10.1.0.1/32"), SetDevice(mtu=10**9), AddRoute("10.1.0.0/16"))
    assert kernel.answer(Edit("eth0", changes)) == ("", "Invalid argument", "")


def test_a_neighbour_is_told_by_the_link_it_was_met_on(kernel: Kernel) -> None:
    there = look(kernel, "eth1").addresses[0].partition("/")[0]
    assert kernel.answer(Neighbour(there)) == ()
    subprocess.run(["ping", "-6", "-c1", "-W2", f"{there}%eth0"], check=True, stdout=subprocess.DEVNULL)
    assert kernel.answer(Neighbour(there)) == ("eth0",)


def test_among_many_routes_of_others_ours_are_found_at_once(kernel: Kernel) -> None:
    batch = "".join(f"route add 198.{i // 65536}.{i // 256 % 256}.{i % 256}/32 dev eth1\n" for i in range(20_000))
    subprocess.run(["ip", "-batch", "-"], input=batch, text=True, check=True)
    kernel.answer(Edit("eth0", (AddRoute("10.1.0.0/16"),)))
    before = time.process_time()
    assert look(kernel, "eth0").routes == ("10.1.0.0/16",)
    # To read them all here takes 0.8 s; the kernel passes over them in a few ms, and is not us.
    assert time.process_time() - before < 0.2
