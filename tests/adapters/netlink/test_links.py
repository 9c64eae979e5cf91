"""What is asked of the links, through a real worker, and what is not asked again."""

import errno
import subprocess
from collections.abc import Iterator

import pytest

from tests.adapters.own_namespace import run
from wgmesh.adapters.netlink.links import Links
from wgmesh.adapters.netlink.worker import Worker
from wgmesh.domain.device import AddAddress, AddRoute, SetDevice

pytestmark = pytest.mark.namespaces


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def links(namespace: None, worker: Worker) -> Iterator[Links]:
    links = Links(worker)
    yield links
    links.close()


def test_interfaces_are_those_that_lead_to_a_lan_with_all_their_addresses(links: Links) -> None:
    run("ip link set eth1 name docker0")
    run("ip addr add 192.0.2.1/24 dev eth0")
    [eth0] = links.interfaces()
    assert (eth0.name, eth0.mtu, eth0.prefixes[0]) == ("eth0", 1500, "192.0.2.1/24")
    assert eth0.prefixes[1].startswith("fe80::")
    assert [interface.name for interface in links.interfaces(["docker0"])] == ["docker0"]


def test_a_look_is_remembered_until_something_changes(links: Links, worker: Worker) -> None:
    first = links.look("eth0")
    assert first is not None
    worker.close()
    assert links.look("eth0") == first
    run("ip addr add 192.0.2.1/24 dev eth1")  # is nothing to eth0
    assert links.look("eth0") == first
    assert worker.pid is None
    run("ip addr add 192.0.2.1/24 dev eth0")
    second = links.look("eth0")
    assert second is not None
    assert "192.0.2.1/24" in second.addresses
    assert worker.pid is not None


def test_what_we_change_is_seen_at_once(links: Links) -> None:
    links.look("eth0")
    assert links.edit("eth0", [AddAddress("10.1.0.1/32"), AddRoute("10.1.0.0/16"), SetDevice(mtu=1400)]) == ("", "", "")
    link = links.look("eth0")
    assert link is not None
    assert ("10.1.0.1/32" in link.addresses, link.routes, link.mtu) == (True, ("10.1.0.0/16",), 1400)
    # The kernel says nothing of the alias of a link that is down.
    links.edit("eth0", [SetDevice(up=False)])
    links.look("eth0")
    links.label("eth0", "wgmesh")
    link = links.look("eth0")
    assert link is not None
    assert link.alias == "wgmesh"


def test_a_link_that_comes_and_goes_is_there_and_is_not(links: Links) -> None:
    assert links.look("bridge0") is None
    assert links.named_by_kind("bridge") == ()
    links.create("bridge0", "bridge", "wgmesh")
    assert links.named_by_kind("bridge") == ("bridge0",)
    found = links.look("bridge0")
    assert found is not None
    assert found.alias == "wgmesh"
    links.delete("bridge0")
    assert links.look("bridge0") is None
    run("ip link add bridge0 type bridge")
    assert links.look("bridge0") is not None


def test_a_refusal_has_the_kernels_number_and_words(links: Links) -> None:
    with pytest.raises(OSError, match="No such device") as refusal:
        links.label("nosuch0", "wgmesh")
    assert refusal.value.errno == errno.ENODEV


def test_a_neighbour_is_named_by_its_link(links: Links) -> None:
    eth1 = links.look("eth1")
    assert eth1 is not None
    there = eth1.addresses[0].partition("/")[0]
    subprocess.run(["ping", "-6", "-c1", "-W2", f"{there}%eth0"], check=True, stdout=subprocess.DEVNULL)
    assert links.neighbour(there) == ("eth0",)
