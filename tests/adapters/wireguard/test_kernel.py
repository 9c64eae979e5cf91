"""The kernel's own WireGuard: the contract, whose interface it is, and a kernel that refuses now and then.

Where the kernel has no WireGuard, `./run test-kernel` runs these tests in one that has.
"""

import base64
import errno
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.adapters.own_namespace import own_namespace, run
from tests.adapters.wireguard.contract import BEN, BEN_IPS, CAT, DESIRED, WireGuardContract, diff
from tests.adapters.wireguard.keyring import Keyring
from tests.adapters.wireguard.refusals import MANY, Plan, RefusingLinks, refusing_channel, rounds, with_many_peers
from wgmesh.adapters.netlink.links import Links
from wgmesh.adapters.netlink.worker import Worker
from wgmesh.adapters.wireguard.generic_netlink import GenericNetlink
from wgmesh.adapters.wireguard.kernel import Kernel
from wgmesh.adapters.wireguard.requirements import kernel_has_wireguard
from wgmesh.domain.device import (
    FOREIGN_KEY,
    AddPeer,
    AddRoute,
    CreateInterface,
    Device,
    DevicePeer,
    DeviceSample,
    RemovePeer,
    SetDevice,
    Traffic,
    UpdatePeer,
)
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.values import Endpoint
from wgmesh.projections.device_changes import device_changes

pytestmark = pytest.mark.namespaces

if not kernel_has_wireguard():
    pytest.skip("this kernel has no WireGuard: ./run test-kernel", allow_module_level=True)

# A machine that is emulated, on one that does other things meanwhile, may take its time.
ANSWER_SECONDS = 60.0


def awake() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


@pytest.fixture(scope="module")
def links() -> Iterator[Links]:
    """One network and one worker for all: in an emulated machine each costs seconds."""
    with own_namespace():
        links = Links(Worker(ANSWER_SECONDS))
        yield links
        links.close()


def clean(links: Links) -> None:
    for name in links.named_by_kind("wireguard"):
        links.delete(name)


@pytest.fixture
def wireguard(links: Links) -> Iterator[Kernel]:
    yield Kernel("wgmesh0", Keyring(), links, awake)
    clean(links)


class TestKernel(WireGuardContract):
    @pytest.fixture
    def wireguard(self, links: Links) -> Iterator[Kernel]:
        yield Kernel("wgmesh0", Keyring(), links, awake)
        clean(links)


def made(wireguard: Kernel, desired: Device = DESIRED) -> Kernel:
    assert wireguard.apply(diff(wireguard.sample(), desired)).failed == ()
    return wireguard


def test_it_says_what_it_is_and_that_no_process_carries_it(wireguard: Kernel) -> None:
    assert wireguard.backend == "kernel"
    assert wireguard.pidfd is None


class TestWhoseInterface:
    def test_an_interface_of_another_kind_is_refused_and_left_alone(self, links: Links, wireguard: Kernel) -> None:
        links.create("wgmesh0", "dummy", "wgmesh")
        with pytest.raises(WgmeshError, match=r"wgmesh0 is no WireGuard \(dummy\).*--interface"):
            wireguard.claim()
        with pytest.raises(WgmeshError, match="did not make it"):
            wireguard.remove()
        assert "did not make it" in wireguard.apply((CreateInterface(),)).failed[0][1]
        assert links.look("wgmesh0") is not None
        links.delete("wgmesh0")

    def test_a_device_with_another_key_is_refused_and_left_alone(self, links: Links, wireguard: Kernel) -> None:
        stranger = made(Kernel("wgmesh0", Keyring("eve"), links, awake))
        for attempt in (wireguard.claim, wireguard.sample, wireguard.remove):
            with pytest.raises(WgmeshError, match=r"wgmesh0 has another private key.*--interface"):
                attempt()
        assert "another private key" in wireguard.apply((CreateInterface(),)).failed[0][1]
        assert stranger.sample().device == DESIRED

    def test_a_device_without_a_key_is_ours_by_its_alias_until_it_has_peers(
        self, links: Links, wireguard: Kernel
    ) -> None:
        wireguard.apply((CreateInterface(),))
        wireguard.claim()
        links.label("wgmesh0", "somebody")
        with pytest.raises(WgmeshError, match="did not make it"):
            wireguard.claim()
        links.label("wgmesh0", "wgmesh")
        wireguard.apply((AddPeer(DevicePeer(BEN)),))
        with pytest.raises(WgmeshError, match="did not make it"):
            wireguard.claim()

    def test_the_devices_of_others_are_never_touched(self, links: Links, wireguard: Kernel) -> None:
        other = made(Kernel("wg7", Keyring("eve"), links, awake), replace(DESIRED, listen_port=7, routes=()))
        before = wg("show wg7 dump")
        made(wireguard)
        wireguard.remove()
        assert wg("show wg7 dump") == before
        other.remove()

    def test_foreign_peers_are_kept_and_known_by_their_psk(self, wireguard: Kernel, tmp_path: Path) -> None:
        made(wireguard)
        psk = tmp_path / "psk"
        psk.write_text(_base64(bytes(range(32))))
        eve = Keyring("eve").public_key
        wg(f"set wgmesh0 peer {_base64(eve)} preshared-key {psk} allowed-ips 10.7.0.0/16")
        sample = wireguard.sample()
        assert diff(sample, DESIRED) == ()
        assert sample.device is not None
        assert DevicePeer(eve, FOREIGN_KEY, None, ("10.7.0.0/16",)) in sample.device.peers


class TestDrift:
    def test_what_was_changed_by_hand_is_repaired_in_one_pass(self, wireguard: Kernel) -> None:
        made(wireguard)
        run("ip addr del 10.1.0.1/32 dev wgmesh0")
        run("ip addr add 10.1.0.77/24 dev wgmesh0")
        run("ip route del fd00:1::/64 dev wgmesh0")
        run("ip link set wgmesh0 mtu 1000")  # takes IPv6 along
        wg(f"set wgmesh0 listen-port 21999 peer {_base64(BEN)} remove")
        made(wireguard)
        assert wireguard.sample().device == DESIRED

    def test_a_renamed_interface_is_made_anew_and_gives_its_port_back(self, wireguard: Kernel) -> None:
        made(wireguard)
        run("ip link set wgmesh0 down")
        run("ip link set wgmesh0 name other0")
        run("ip link set other0 up")
        assert wireguard.sample().device is None
        made(wireguard)
        assert "other0" not in run("ip link")

    def test_a_renamed_interface_is_removed_as_well(self, wireguard: Kernel) -> None:
        made(wireguard)
        run("ip link set wgmesh0 down")
        run("ip link set wgmesh0 name other0")
        wireguard.remove()
        assert "other0" not in run("ip link")

    def test_routes_of_others_through_the_interface_are_left_alone(self, wireguard: Kernel) -> None:
        made(wireguard)
        run("ip route add 10.50.0.0/16 dev wgmesh0")
        assert wireguard.sample().device == DESIRED
        assert "10.50.0.0/16" in run("ip route")

    def test_who_comes_later_finds_all_as_it_was(self, links: Links, wireguard: Kernel) -> None:
        made(wireguard)
        later = Kernel("wgmesh0", Keyring(), links, awake)
        later.claim()
        assert diff(later.sample(), DESIRED) == ()


class TestErrors:
    def test_of_a_hundred_changes_in_one_message_the_bad_one_is_named(self, wireguard: Kernel) -> None:
        made(wireguard)
        bad = UpdatePeer(CAT, endpoint=Endpoint("fe80::1", 1, "nosuch0"))
        good = [AddPeer(peer) for peer in MANY]
        outcome = wireguard.apply((*good[:50], bad, *good[50:]))
        assert outcome.failed == ((bad, "there is no interface nosuch0"),)
        assert outcome.done == tuple(good)
        device = wireguard.sample().device
        assert device is not None
        assert len(device.peers) == 102

    def test_a_taken_port_is_named_and_got_once_it_is_free(self, wireguard: Kernel) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("0.0.0.0", DESIRED.listen_port))
            outcome = wireguard.apply(diff(wireguard.sample(), DESIRED))
            assert outcome.failed[0] == (SetDevice(up=True), "the UDP port of the interface is in use")
            made(wireguard, replace(DESIRED, listen_port=21999))
            moved = SetDevice(listen_port=DESIRED.listen_port)
            assert wireguard.apply((moved,)).failed == ((moved, "UDP port 21820 is in use"),)
        made(wireguard)
        assert wireguard.sample().device == DESIRED

    def test_a_prefix_that_is_routed_elsewhere_stays_there(self, wireguard: Kernel) -> None:
        run("ip route add 10.60.0.0/16 dev eth0")
        made(wireguard)
        assert wireguard.apply((AddRoute("10.60.0.0/16"),)).failed == ((AddRoute("10.60.0.0/16"), "File exists"),)
        run("ip route del 10.60.0.0/16 dev eth0")

    @pytest.mark.parametrize("number", [errno.EBUSY, errno.ENOBUFS, errno.EEXIST])
    def test_a_kernel_that_refuses_in_the_middle_is_brought_round_in_three_rounds(
        self, links: Links, wireguard: Kernel, number: int
    ) -> None:
        plan = Plan(number, every=7)
        refused = Kernel("wgmesh0", Keyring(), RefusingLinks(links, plan), awake, refusing_channel(plan))
        desired = with_many_peers(DESIRED)
        failures = list(rounds(refused, desired))
        print(f"{os.strerror(number)}: {plan.refused} of {plan.calls} calls refused; failures by round: {failures}")
        assert plan.refused > 10
        assert len(failures) <= 4  # nothing at all can be done before there is an interface
        assert wireguard.sample().device == desired


class TestManyPeers:
    def test_two_hundred_peers_are_set_changed_and_removed(self, wireguard: Kernel) -> None:
        peers = tuple(
            DevicePeer(bytes([number, 1]) + bytes(30), 1, Endpoint(f"192.0.2.{number}", 1000 + number),
                       (f"10.1.2.{number}/32", f"fd00:1::2:{number:x}/128"), 25)
            for number in range(1, 201)
        )  # fmt: skip
        whole = replace(DESIRED, peers=peers)
        known = [peer.public_key for peer in peers]

        def bring(desired: Device) -> tuple[int, float]:
            begun = time.process_time()
            changes = device_changes(wireguard.sample().device, desired, known=known, fresh=(), handshaken=())
            assert wireguard.apply(changes).failed == ()
            assert wireguard.sample().device == desired
            return len(changes), time.process_time() - begun

        figures = {"set": bring(whole), "again": bring(whole)}
        assert figures["again"][0] == 0
        shown = wg("show wgmesh0 dump").splitlines()
        assert len(shown) == 201
        assert sorted(line.split("\t")[3] for line in shown[1:]) == sorted(",".join(it.allowed_ips) for it in peers)
        changed = tuple(
            replace(it, endpoint=Endpoint(f"2001:db8::{n + 1:x}", 7), allowed_ips=it.allowed_ips[:1], keepalive=0)
            for n, it in enumerate(peers)
        )
        figures["changed"] = bring(replace(whole, peers=changed))
        figures["half removed"] = bring(replace(whole, peers=changed[::2]))
        figures["removed"] = bring(replace(whole, peers=()))
        print(figures)


def test_a_handshake_is_seen_and_endpoints_have_their_link(links: Links) -> None:
    ada, ben = Keyring("ada"), Keyring("ben")
    one, two = Kernel("wgmesh0", ada, links, awake), Kernel("wgmesh1", ben, links, awake)
    peers = (DevicePeer(ben.public_key, 1),)
    made(one, Device(1, 21001, 1400, True, ("fd00:1::1/128",), ("fd00:1::/64",), peers))
    made(two, Device(1, 21002, 1400, True, ("fd00:1::2/128",), (), (DevicePeer(ada.public_key, 1, None, BEN_IPS),)))
    assert _traffic(one) == Traffic(ben.public_key)
    assert _traffic(two) == Traffic(ada.public_key)
    called = Endpoint(_link_local("eth1"), 21002, "eth0")
    one.apply((UpdatePeer(ben.public_key, endpoint=called, keepalive=25),))
    _await(lambda: _traffic(one).handshake_age is not None and _traffic(two).received_age is not None)
    assert _traffic(one).rx_bytes > 0
    assert _endpoint(one) == called
    assert _endpoint(two) == Endpoint(_link_local("eth0"), 21001, "eth1")
    anew = _traffic(Kernel("wgmesh0", ada, links, awake))
    assert (anew.handshaken, anew.handshake_age, anew.received_age) == (True, None, None)
    one.apply((RemovePeer(ben.public_key),))
    assert one.sample().traffic == ()
    clean(links)


def test_a_device_that_goes_between_two_looks_is_no_device(links: Links, wireguard: Kernel) -> None:
    made(wireguard)
    gone = Kernel("wgmesh0", Keyring(), links, awake, lambda family: _vanishing(family, links))
    assert gone.sample() == DeviceSample(None)


def _vanishing(family: str, links: Links) -> GenericNetlink:
    links.delete("wgmesh0")
    return GenericNetlink(family)


def wg(words: str) -> str:
    return run(f"wg {words}")


def _traffic(wireguard: Kernel) -> Traffic:
    [traffic] = wireguard.sample().traffic
    return traffic


def _endpoint(wireguard: Kernel) -> Endpoint | None:
    device = wireguard.sample().device
    assert device is not None
    return device.peers[0].endpoint


def _link_local(interface: str) -> str:
    return run(f"ip -6 -o addr show {interface} scope link").split()[3].partition("/")[0]


def _base64(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _await(holds: Callable[[], bool]) -> None:
    for _ in range(1000):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("it did not come to pass")
