"""What every WireGuard back end does, whatever is behind it: each is held to these tests."""

import time
from itertools import product
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.adapters.wireguard.keyring import Keyring
from tests.pace import SLOWER
from wgmesh.adapters.wireguard import Applied, WireGuard
from wgmesh.domain.device import (
    NO_KEY,
    AddAddress,
    AddPeer,
    AddRoute,
    Change,
    CreateInterface,
    Device,
    DevicePeer,
    DeviceSample,
    RemoveAddress,
    RemovePeer,
    RemoveRoute,
    SetDevice,
    UpdatePeer,
)
from wgmesh.domain.values import Endpoint
from wgmesh.projections.device_changes import device_changes

BEN, CAT = sorted((Keyring("ben").public_key, Keyring("cat").public_key))
BEN_IPS, CAT_IPS = ("10.1.0.2/32", "fd00:1::2/128"), ("10.1.0.3/32", "fd00:1::3/128")

DESIRED = Device(
    private=1,
    listen_port=21820,
    mtu=1400,
    up=True,
    addresses=("10.1.0.1/32", "fd00:1::1/128"),
    routes=("10.1.0.0/16", "fd00:1::/64"),
    peers=(
        DevicePeer(BEN, 1, Endpoint("192.0.2.1", 20001), BEN_IPS, 25),
        DevicePeer(CAT, 1, Endpoint("2001:db8::3", 20003), CAT_IPS),
    ),
)


def diff(sample: DeviceSample, desired: Device) -> tuple[Change, ...]:
    """What is to be done, by the mesh that knows both peers."""
    return device_changes(sample.device, desired, known=(BEN, CAT), fresh=(), handshaken=())


class WireGuardContract:
    """To be inherited by a class that has a fixture `wireguard`, without an interface."""

    @pytest.fixture
    def device(self, wireguard: WireGuard) -> WireGuard:
        """With DESIRED made."""
        wireguard.claim()
        assert wireguard.apply(diff(wireguard.sample(), DESIRED)).failed == ()
        return wireguard

    def peer(self, wireguard: WireGuard, key: bytes) -> DevicePeer:
        device = wireguard.sample().device
        assert device is not None
        return next(peer for peer in device.peers if peer.public_key == key)

    def test_there_is_no_device_before_one_is_made(self, wireguard: WireGuard) -> None:
        wireguard.claim()
        assert wireguard.sample() == DeviceSample(None)

    def test_what_was_made_is_read_back_as_it_was_wished(self, device: WireGuard) -> None:
        sample = device.sample()
        assert sample.device == DESIRED
        assert [(it.public_key, it.handshaken, it.rx_bytes) for it in sample.traffic] == [
            (BEN, False, 0),
            (CAT, False, 0),
        ]

    def test_a_second_look_finds_nothing_to_do(self, device: WireGuard) -> None:
        assert diff(device.sample(), DESIRED) == ()

    def test_changes_made_twice_change_nothing(self, device: WireGuard) -> None:
        again = (CreateInterface(), *diff(DeviceSample(None), DESIRED)[1:])
        assert device.apply(again) == Applied(again)
        assert device.sample().device == DESIRED

    def test_a_change_that_fails_is_told_and_does_not_stop_the_rest(self, wireguard: WireGuard) -> None:
        wireguard.claim()
        early, late = AddRoute("10.1.0.0/16"), AddAddress("10.1.0.1/32")
        outcome = wireguard.apply((CreateInterface(), early, late))
        assert outcome.done == (CreateInterface(), late)
        [(failed, error)] = outcome.failed
        assert failed == early
        assert "down" in error

    def test_nothing_can_be_changed_without_an_interface(self, wireguard: WireGuard) -> None:
        wireguard.claim()
        changes = (SetDevice(private=1, up=True), AddAddress("10.1.0.1/32"), RemovePeer(BEN))
        outcome = wireguard.apply(changes)
        assert outcome.done == ()
        assert [change for change, error in outcome.failed if error] == list(changes)

    def test_an_update_sets_what_it_names_and_nothing_else(self, device: WireGuard) -> None:
        before = self.peer(device, BEN)
        device.apply((UpdatePeer(BEN, keepalive=0),))
        assert self.peer(device, BEN) == DevicePeer(BEN, 1, before.endpoint, before.allowed_ips, 0)
        device.apply((UpdatePeer(BEN, preshared=2, endpoint=Endpoint("192.0.2.9", 9)),))
        assert self.peer(device, BEN) == DevicePeer(BEN, 2, Endpoint("192.0.2.9", 9), before.allowed_ips, 0)
        device.apply((UpdatePeer(BEN, allowed_ips=("10.9.0.0/16",), preshared=NO_KEY),))
        assert self.peer(device, BEN) == DevicePeer(BEN, NO_KEY, Endpoint("192.0.2.9", 9), ("10.9.0.0/16",), 0)
        device.apply((UpdatePeer(BEN, allowed_ips=()),))
        assert self.peer(device, BEN).allowed_ips == ()

    def test_an_update_makes_no_peer(self, device: WireGuard) -> None:
        device.apply((RemovePeer(BEN), UpdatePeer(BEN, keepalive=5)))
        assert device.sample().device == Device(
            1, 21820, 1400, True, DESIRED.addresses, DESIRED.routes, DESIRED.peers[1:]
        )

    def test_what_is_not_there_can_be_removed(self, device: WireGuard) -> None:
        absent = (RemovePeer(bytes(31) + b"\1"), RemoveAddress("10.1.9.9/32"), RemoveRoute("10.9.0.0/16"))
        assert device.apply((*absent, RemoveAddress("fd00:9::1/128"), RemoveRoute("fd00:9::/64"))).failed == ()
        assert device.sample().device == DESIRED

    def test_each_kind_of_thing_can_be_removed(self, device: WireGuard) -> None:
        device.apply((RemoveRoute("10.1.0.0/16"), RemoveAddress("fd00:1::1/128"), RemovePeer(CAT)))
        found = device.sample().device
        assert found is not None
        assert found.routes == ("fd00:1::/64",)
        assert found.addresses == ("10.1.0.1/32",)
        assert [peer.public_key for peer in found.peers] == [BEN]

    def test_a_route_behind_a_peer_comes_and_goes_in_one_pass_and_a_second_one_writes_nothing(
        self, device: WireGuard
    ) -> None:
        ben, cat = DESIRED.peers
        behind = ("10.7.0.0/24", "fd00:7::/48")
        ben = DevicePeer(BEN, 1, ben.endpoint, tuple(sorted((*BEN_IPS, *behind))), 25)
        routed = Device(1, 21820, 1400, True, DESIRED.addresses, tuple(sorted((*DESIRED.routes, *behind))), (ben, cat))
        assert device.apply(diff(device.sample(), routed)).failed == ()
        assert device.sample().device == routed
        assert diff(device.sample(), routed) == ()
        assert device.apply(diff(device.sample(), DESIRED)).failed == ()
        assert device.sample().device == DESIRED

    def test_allowed_ips_change_hands_in_one_pass(self, device: WireGuard) -> None:
        ben, cat = DESIRED.peers
        swapped = Device(
            1, 21820, 1400, True, DESIRED.addresses, DESIRED.routes,
            (DevicePeer(BEN, 1, ben.endpoint, CAT_IPS, 25), DevicePeer(CAT, 1, cat.endpoint, BEN_IPS)),
        )  # fmt: skip
        assert device.apply(diff(device.sample(), swapped)).failed == ()
        assert device.sample().device == swapped

    def test_an_endpoint_is_forgotten_by_a_peer_that_never_shook_hands(self, device: WireGuard) -> None:
        waiting = DevicePeer(BEN, 1, None, BEN_IPS)
        desired = Device(1, 21820, 1400, True, DESIRED.addresses, DESIRED.routes, (waiting, DESIRED.peers[1]))
        device.apply(diff(device.sample(), desired))
        assert self.peer(device, BEN) == waiting

    def test_a_peer_that_is_added_twice_keeps_the_endpoint_it_has(self, device: WireGuard) -> None:
        device.apply((AddPeer(DevicePeer(BEN, 2, None, BEN_IPS)),))
        assert self.peer(device, BEN) == DevicePeer(BEN, 2, DESIRED.peers[0].endpoint, BEN_IPS)

    def test_going_down_takes_routes_and_ipv6_along_and_one_pass_brings_all_back(self, device: WireGuard) -> None:
        device.apply((SetDevice(up=False),))
        found = device.sample().device
        assert found is not None
        assert (found.up, found.routes, found.addresses) == (False, (), ("10.1.0.1/32",))
        assert device.apply(diff(device.sample(), DESIRED)).failed == ()
        assert device.sample().device == DESIRED

    def filter(self, wireguard: WireGuard, everywhere: int, here: int) -> None:
        """Set the kernel's reverse path filter: that of all interfaces, and this one's."""
        for place, value in (("all", everywhere), ("wgmesh0", here)):
            Path(f"/proc/sys/net/ipv4/conf/{place}/rp_filter").write_text(str(value))

    def test_a_strict_reverse_path_filter_is_seen_at_the_next_look_and_one_pass_makes_it_loose(
        self, device: WireGuard
    ) -> None:
        for everywhere, here in product((0, 1, 2), repeat=2):
            self.filter(device, everywhere, here)
            strict = max(everywhere, here) == 1
            assert device.sample().device == replace(DESIRED, strict=strict), (everywhere, here)
            changes = diff(device.sample(), DESIRED)
            assert changes == ((SetDevice(strict=False),) if strict else ())
            assert device.apply(changes) == Applied(changes)
            assert device.sample().device == DESIRED, (everywhere, here)

    def test_a_host_is_routed_and_found_as_it_was_wished(self, device: WireGuard) -> None:
        hosts = replace(DESIRED, routes=("10.1.0.0/16", "10.7.7.7/32", "fd00:1::/64", "fd00:7::7/128"))
        assert device.apply(diff(device.sample(), hosts)).failed == ()
        assert device.sample().device == hosts
        assert diff(device.sample(), hosts) == ()

    def test_one_peer_may_have_more_allowed_ips_than_fit_in_a_message(self, device: WireGuard) -> None:
        ipv4 = (f"10.{n // 250 + 10}.{n % 250}.0/24" for n in range(600))
        prefixes = sorted([*ipv4, *(f"fd00:2:{n:x}::/48" for n in range(1, 601))])
        many = replace(DESIRED, peers=(DevicePeer(BEN, 1, None, tuple(prefixes), 25), DESIRED.peers[1]))
        assert device.apply(diff(device.sample(), many)).failed == ()
        assert self.peer(device, BEN).allowed_ips == tuple(prefixes)
        assert diff(device.sample(), many) == ()
        assert device.apply(diff(device.sample(), DESIRED)).failed == ()
        assert self.peer(device, BEN).allowed_ips == BEN_IPS

    def test_a_hundred_peers_take_less_than_a_second_of_processor_time_and_nothing_more_is_written(
        self, device: WireGuard
    ) -> None:
        peers = tuple(
            DevicePeer(bytes([n, 1]) + bytes(30), 1, Endpoint(f"192.0.2.{n}", 1000 + n), (f"10.1.2.{n}/32",), 25)
            for n in range(1, 101)
        )
        crowd, known = replace(DESIRED, peers=peers), [peer.public_key for peer in peers]
        begun = time.process_time()
        changes = device_changes(device.sample().device, crowd, known=[*known, BEN, CAT], fresh=(), handshaken=())
        assert device.apply(changes).failed == ()
        seconds = time.process_time() - begun
        print(f"{len(changes)} changes in {seconds:.3f} s")
        assert seconds <= SLOWER
        assert device_changes(device.sample().device, crowd, known=known, fresh=(), handshaken=()) == ()

    def test_a_device_that_was_removed_is_gone_and_can_be_removed_again(self, device: WireGuard) -> None:
        device.remove()
        assert device.sample() == DeviceSample(None)
        device.remove()

    def test_a_device_can_be_made_again_after_it_was_removed(self, device: WireGuard) -> None:
        device.remove()
        assert device.apply(diff(device.sample(), DESIRED)).failed == ()
        assert device.sample().device == DESIRED
