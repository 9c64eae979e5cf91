"""The diff: what it leaves alone, in which order it acts, and that it always arrives."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from wgmesh.adapters.wireguard.recorded import Recorded, after
from wgmesh.domain.device import (
    FOREIGN_KEY,
    AddAddress,
    AddPeer,
    AddRoute,
    Change,
    CreateInterface,
    Device,
    DevicePeer,
    RemoveAddress,
    RemovePeer,
    RemoveRoute,
    SetDevice,
    UpdatePeer,
)
from wgmesh.domain.values import Endpoint
from wgmesh.projections.device_changes import device_changes, differences

ANN, BEN, CAT = (bytes([number]) * 32 for number in (1, 2, 3))
HERE, THERE = Endpoint("192.0.2.1", 1), Endpoint("192.0.2.2", 2)
BASE = Device(1, 20000, 1420, True, ("10.1.0.1/32",), ("10.1.0.0/16",))


def of(*peers: DevicePeer) -> Device:
    return Device(BASE.private, BASE.listen_port, BASE.mtu, BASE.up, BASE.addresses, BASE.routes, peers)


def changes(
    actual: Device | None,
    desired: Device,
    known: Sequence[bytes] = (ANN, BEN, CAT),
    fresh: Sequence[bytes] = (),
    handshaken: Sequence[bytes] = (),
) -> tuple[Change, ...]:
    return device_changes(actual, desired, known=known, fresh=fresh, handshaken=handshaken)


def test_a_device_that_is_as_wished_is_left_alone() -> None:
    assert changes(of(DevicePeer(ANN, 1, HERE)), of(DevicePeer(ANN, 1, HERE))) == ()


def test_from_nothing_the_link_is_up_before_its_routes_and_has_its_key_before_its_peers() -> None:
    assert changes(None, of(DevicePeer(ANN, 1, HERE))) == (
        CreateInterface(),
        SetDevice(private=1, listen_port=20000, mtu=1420),
        AddAddress("10.1.0.1/32"),
        SetDevice(up=True),
        AddRoute("10.1.0.0/16"),
        AddPeer(DevicePeer(ANN, 1, HERE)),
    )


def test_drift_is_repaired_new_addresses_first_since_the_last_one_takes_its_routes_along() -> None:
    drifted = Device(1, 20000, 1000, False, ("10.1.0.9/32",), ("10.9.0.0/16",))
    assert changes(drifted, BASE) == (
        SetDevice(mtu=1420),
        AddAddress("10.1.0.1/32"),
        RemoveAddress("10.1.0.9/32"),
        SetDevice(up=True),
        RemoveRoute("10.9.0.0/16"),
        AddRoute("10.1.0.0/16"),
    )


def test_only_what_differs_of_a_peer_is_set() -> None:
    before = DevicePeer(ANN, 1, HERE, ("10.1.0.2/32",), 25)
    assert changes(of(before), of(DevicePeer(ANN, 2, HERE, ("10.1.0.2/32",), 0))) == (
        UpdatePeer(ANN, preshared=2, keepalive=0),
    )
    assert changes(of(before), of(DevicePeer(ANN, 1, THERE, ("10.1.0.2/32",), 25)), handshaken=[ANN]) == (
        UpdatePeer(ANN, endpoint=THERE),
    )


def test_who_never_shook_hands_is_put_on_anew_elsewhere_so_that_wireguard_calls_it_at_once() -> None:
    elsewhere = DevicePeer(ANN, 1, THERE)
    assert changes(of(DevicePeer(ANN, 1, HERE)), of(elsewhere)) == (RemovePeer(ANN), AddPeer(elsewhere))
    assert changes(of(DevicePeer(ANN, 1)), of(elsewhere)) == (RemovePeer(ANN), AddPeer(elsewhere))


def test_a_known_peer_that_is_not_wished_goes_and_a_stranger_stays() -> None:
    assert changes(of(DevicePeer(ANN), DevicePeer(BEN, FOREIGN_KEY)), of(), known=[ANN]) == (RemovePeer(ANN),)


def test_the_endpoint_of_a_live_session_is_never_overwritten() -> None:
    actual, desired = of(DevicePeer(ANN, 1, HERE)), of(DevicePeer(ANN, 1, THERE))
    assert changes(actual, desired, fresh=[ANN]) == ()
    assert changes(actual, desired, handshaken=[ANN]) == (UpdatePeer(ANN, endpoint=THERE),)
    assert changes(actual, of(DevicePeer(ANN, 2, THERE)), fresh=[ANN]) == (UpdatePeer(ANN, preshared=2),)


def test_an_endpoint_that_is_no_longer_wished_goes_with_its_peer_unless_it_ever_shook_hands() -> None:
    actual, waiting = of(DevicePeer(ANN, 1, HERE)), DevicePeer(ANN, 1)
    assert changes(actual, of(waiting)) == (RemovePeer(ANN), AddPeer(waiting))
    assert changes(actual, of(waiting), known=()) == (RemovePeer(ANN), AddPeer(waiting))
    assert changes(actual, of(waiting), handshaken=[ANN]) == ()
    assert changes(actual, of(waiting), fresh=[ANN]) == ()


def test_a_link_local_endpoint_without_its_scope_is_the_same_place() -> None:
    wished = of(DevicePeer(ANN, 1, Endpoint("fe80::1", 7, "eth0")))
    assert changes(of(DevicePeer(ANN, 1, Endpoint("fe80::1", 7))), wished) == ()
    for elsewhere in (Endpoint("fe80::1", 7, "eth1"), Endpoint("fe80::2", 7), Endpoint("fe80::1", 8)):
        assert changes(of(DevicePeer(ANN, 1, elsewhere)), wished, handshaken=[ANN]) == (
            UpdatePeer(ANN, endpoint=Endpoint("fe80::1", 7, "eth0")),
        )


def test_an_allowed_ip_that_moves_is_withdrawn_everywhere_before_it_is_given_anywhere() -> None:
    one, two, both = ("10.1.0.1/32",), ("10.1.0.2/32",), ("10.1.0.1/32", "10.1.0.2/32")
    swap = changes(of(DevicePeer(ANN, 1, None, one), DevicePeer(BEN, 1, None, two)),
                   of(DevicePeer(ANN, 1, None, two), DevicePeer(BEN, 1, None, one)))  # fmt: skip
    assert swap == (
        UpdatePeer(ANN, allowed_ips=()),
        UpdatePeer(BEN, allowed_ips=()),
        UpdatePeer(ANN, allowed_ips=two),
        UpdatePeer(BEN, allowed_ips=one),
    )
    heir = changes(of(DevicePeer(ANN, 1, None, both)), of(DevicePeer(ANN, 1, None, one), DevicePeer(BEN, 1, None, two)))
    assert heir == (UpdatePeer(ANN, allowed_ips=one), AddPeer(DevicePeer(BEN, 1, None, two)))


# Worlds of five keys and eight prefixes, so that what is wished and what is there meet in every way.
KEYS = tuple(bytes([number]) * 32 for number in range(1, 6))
PREFIXES = tuple(f"10.1.0.{number}/32" for number in range(1, 9))
UNSCOPED = Endpoint("fe80::1", 7)
SCOPED = (Endpoint("fe80::1", 7, "eth0"), Endpoint("fe80::1", 7, "eth1"))
ENDPOINTS = (None, HERE, THERE, *SCOPED)
READ_ENDPOINTS = (*ENDPOINTS, UNSCOPED)


def some(values: Sequence[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), unique=True).map(lambda chosen: tuple(sorted(chosen)))


@st.composite
def peer_lists(draw: st.DrawFn, endpoints: Sequence[Endpoint | None], psks: Sequence[int]) -> tuple[DevicePeer, ...]:
    """Some of the keys; each prefix is at most one's."""
    owners = draw(st.lists(st.sampled_from((None, *KEYS)), min_size=len(PREFIXES), max_size=len(PREFIXES)))
    return tuple(
        DevicePeer(
            key,
            draw(st.sampled_from(psks)),
            draw(st.sampled_from(endpoints)),
            tuple(prefix for prefix, owner in zip(PREFIXES, owners, strict=True) if owner == key),
            draw(st.sampled_from((0, 25))),
        )
        for key in KEYS
        if draw(st.booleans())
    )


def devices(
    ups: Sequence[bool], endpoints: Sequence[Endpoint | None], psks: Sequence[int]
) -> st.SearchStrategy[Device]:
    return st.builds(
        Device,
        private=st.sampled_from([psk for psk in psks if psk]),
        listen_port=st.sampled_from([20000, 20001]),
        mtu=st.sampled_from([1280, 1420]),
        up=st.sampled_from(ups),
        addresses=some(["10.1.0.1/32", "10.1.0.2/32", "fd00::1/128"]),
        routes=some(["10.1.0.0/16", "fd00::/64"]),
        peers=peer_lists(endpoints, psks),
    )


actuals = st.none() | devices([True], READ_ENDPOINTS, [FOREIGN_KEY, 0, 1, 2])
downs = devices([False], READ_ENDPOINTS, [1]).map(
    lambda device: Device(device.private, device.listen_port, device.mtu, False, (), (), device.peers)
)
desireds = devices([True], ENDPOINTS, [1, 2])
keys = st.lists(st.sampled_from(KEYS), unique=True)


@given(actuals | downs, desireds, keys, keys, keys)
def test_one_pass_arrives_and_a_second_finds_nothing(
    actual: Device | None, desired: Device, known: list[bytes], fresh: list[bytes], handshaken: list[bytes]
) -> None:
    device = Recorded(actual)
    outcome = device.apply(changes(actual, desired, known, fresh, handshaken))
    assert outcome.failed == ()
    assert changes(device.sample().device, desired, known, fresh, handshaken) == ()


@given(actuals | downs, desireds, keys)
def test_without_sessions_and_strangers_the_device_becomes_what_is_wished(
    actual: Device | None, desired: Device, known: list[bytes]
) -> None:
    device = Recorded(actual)
    device.apply(changes(actual, desired, KEYS))
    found = device.sample().device
    assert found is not None
    wished = {peer.public_key: peer.endpoint for peer in desired.peers}
    # The one difference that cannot be seen: wireguard-go does not tell the scope.
    peers = tuple(
        replace(peer, endpoint=wished[peer.public_key]) if peer.endpoint == UNSCOPED else peer for peer in found.peers
    )
    assert replace(found, peers=peers) == desired
    assert all(wished[peer.public_key] in SCOPED for peer in found.peers if peer.endpoint == UNSCOPED)


@given(actuals, desireds, keys, keys, keys)
def test_strangers_and_live_sessions_are_not_touched(
    actual: Device | None, desired: Device, known: list[bytes], fresh: list[bytes], handshaken: list[bytes]
) -> None:
    there = {peer.public_key for peer in actual.peers} if actual else set()
    strangers = there - {peer.public_key for peer in desired.peers} - set(known)
    for change in changes(actual, desired, known, fresh, handshaken):
        match change:
            case UpdatePeer(public_key=key) | RemovePeer(public_key=key) | AddPeer(DevicePeer(public_key=key)):
                assert key not in strangers
        if isinstance(change, UpdatePeer) and change.public_key in fresh:
            assert change.endpoint is None
        if isinstance(change, RemovePeer) and change.public_key in (*fresh, *handshaken):
            assert change.public_key not in [peer.public_key for peer in desired.peers]


@given(actuals | downs, desireds)
def test_no_allowed_ip_is_given_while_another_peer_has_it(actual: Device | None, desired: Device) -> None:
    device = actual
    for change in changes(actual, desired, KEYS):
        owners = {prefix: peer.public_key for peer in (device.peers if device else ()) for prefix in peer.allowed_ips}
        match change:
            case (
                AddPeer(DevicePeer(public_key=key, allowed_ips=given_ips))
                | UpdatePeer(public_key=key, allowed_ips=tuple() as given_ips)
            ):
                assert all(owners.get(prefix, key) == key for prefix in given_ips)
        device = after(device, change)


def test_two_wishes_differ_in_a_peers_place_and_no_peer_is_put_on_anew_for_it() -> None:
    for before in (DevicePeer(ANN, 1), DevicePeer(ANN, 1, HERE)):
        assert differences(of(before), of(DevicePeer(ANN, 1, THERE))) == (UpdatePeer(ANN, endpoint=THERE),)
    waiting = DevicePeer(ANN, 1)
    assert differences(of(DevicePeer(ANN, 1, HERE)), of(waiting)) == (RemovePeer(ANN), AddPeer(waiting))
