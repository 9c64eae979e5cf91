"""The text of the configuration protocol: what is written for each change, and what any answer is read as."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.wireguard.keyring import Keyring
from wgmesh.adapters.wireguard import uapi
from wgmesh.adapters.wireguard.reading import Reading
from wgmesh.adapters.wireguard.traffic import Counters
from wgmesh.domain.device import FOREIGN_KEY, NO_KEY, AddPeer, DevicePeer, RemovePeer, SetDevice, UpdatePeer
from wgmesh.domain.values import Endpoint

KEYS = Keyring()
BEN, CAT = bytes([1]) * 32, bytes([2]) * 32
PEER = DevicePeer(BEN, 2, Endpoint("fe80::1", 7, "eth0"), ("10.0.0.1/32", "fd00::1/128"), 25)


def test_a_device_is_given_its_key_and_port() -> None:
    expected = f"set=1\nprivate_key={KEYS.private_key().hex()}\nlisten_port=7\n\n"
    assert uapi.transaction([SetDevice(private=1, listen_port=7)], KEYS) == expected.encode()


def test_what_is_not_wished_is_not_written() -> None:
    assert uapi.transaction([SetDevice(mtu=1400, up=True)], KEYS) == b"set=1\n\n"
    assert uapi.transaction([SetDevice(listen_port=0)], KEYS) == b"set=1\nlisten_port=0\n\n"
    assert uapi.transaction([UpdatePeer(BEN)], KEYS) == f"set=1\npublic_key={BEN.hex()}\nupdate_only=true\n\n".encode()


def test_no_key_is_written_as_zeros() -> None:
    assert uapi.transaction([SetDevice(private=NO_KEY)], KEYS) == f"set=1\nprivate_key={'00' * 32}\n\n".encode()
    assert f"preshared_key={'00' * 32}" in uapi.transaction([UpdatePeer(BEN, preshared=NO_KEY)], KEYS).decode()


def test_a_new_peer_is_written_whole_with_its_keepalive_last() -> None:
    lines = uapi.transaction([AddPeer(PEER)], KEYS).decode().split("\n")
    assert lines == [
        "set=1", f"public_key={BEN.hex()}", f"preshared_key={KEYS.psk(2).hex()}", "endpoint=[fe80::1%eth0]:7",
        "replace_allowed_ips=true", "allowed_ip=10.0.0.1/32", "allowed_ip=fd00::1/128",
        "persistent_keepalive_interval=25", "", "",
    ]  # fmt: skip


def test_an_update_never_makes_a_peer_and_withdraws_what_it_does_not_name() -> None:
    lines = uapi.transaction([UpdatePeer(BEN, allowed_ips=())], KEYS).decode().split("\n")
    assert lines == ["set=1", f"public_key={BEN.hex()}", "update_only=true", "replace_allowed_ips=true", "", ""]


def test_changes_stand_in_their_order_in_one_transaction() -> None:
    text = uapi.transaction([RemovePeer(CAT), AddPeer(DevicePeer(BEN)), SetDevice(listen_port=1)], KEYS).decode()
    assert text.index(f"public_key={CAT.hex()}\nremove=true") < text.index(BEN.hex()) < text.index("listen_port=1")
    assert text.count("set=1") == 1
    assert text.index("\n\n") == len(text) - 2


ANSWER = f"""\
private_key={KEYS.private_key().hex()}
listen_port=51820
fwmark=0
public_key={CAT.hex()}
preshared_key={"00" * 32}
protocol_version=1
last_handshake_time_sec=0
last_handshake_time_nsec=0
tx_bytes=0
rx_bytes=0
persistent_keepalive_interval=0
public_key={BEN.hex()}
preshared_key={KEYS.psk(2).hex()}
protocol_version=1
endpoint=[fe80::1]:7
last_handshake_time_sec=1700000000
last_handshake_time_nsec=5
tx_bytes=148
rx_bytes=92
persistent_keepalive_interval=25
allowed_ip=fd00::1/128
allowed_ip=10.0.0.1/32
errno=0

"""


def test_an_answer_is_read_with_keys_as_generations_and_peers_in_order() -> None:
    found = uapi.reading(ANSWER.encode(), KEYS)
    assert (found.private, found.listen_port) == (1, 51820)
    assert found.peers == (
        DevicePeer(BEN, 2, Endpoint("fe80::1", 7), ("10.0.0.1/32", "fd00::1/128"), 25),
        DevicePeer(CAT),
    )
    assert found.counters == (
        Counters(BEN, handshake=1_700_000_000_000_000_005, rx_bytes=92, tx_bytes=148),
        Counters(CAT, handshake=0, rx_bytes=0, tx_bytes=0),
    )


def test_keys_of_others_are_foreign_and_a_device_without_one_has_none() -> None:
    foreign = ANSWER.replace(KEYS.private_key().hex(), "11" * 32).replace(KEYS.psk(2).hex(), "22" * 32)
    found = uapi.reading(foreign.encode(), KEYS)
    assert (found.private, found.peers[0].preshared) == (FOREIGN_KEY, FOREIGN_KEY)
    assert uapi.reading(b"errno=0\n\n", KEYS) == Reading(NO_KEY, 0, (), ())


@pytest.mark.parametrize(
    ("answer", "number"), [(b"errno=0\n\n", 0), (b"x=1\nerrno=-98\n\n", 98), (b"errno=22\n\n", 22)]
)
def test_the_error_number_ends_an_answer(answer: bytes, number: int) -> None:
    assert uapi.error_number(answer) == number


def test_an_answer_without_an_error_number_is_none() -> None:
    with pytest.raises(ValueError, match="errno"):
        uapi.error_number(b"private_key=00\n\n")


@pytest.mark.parametrize("secret", ["0123456789abcdef" * 3, "zz" * 32, "é" * 32])
def test_an_error_does_not_repeat_a_key_that_it_could_not_read(secret: str) -> None:
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - the text is what is looked at
        uapi.reading(f"private_key={secret}\nerrno=0\n\n".encode(), KEYS)
    assert secret[:8] not in repr(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None


LINES = st.lists(
    st.tuples(
        st.sampled_from(
            ["public_key", "private_key", "preshared_key", "endpoint", "allowed_ip", "listen_port", "errno", "rx_bytes"]
        ),
        st.text(max_size=70) | st.binary(min_size=32, max_size=32).map(bytes.hex),
    ).map("=".join)
)


@given(st.binary() | LINES.map(lambda lines: "\n".join(lines).encode("utf-8", "surrogatepass")))
def test_any_answer_is_read_or_refused(answer: bytes) -> None:
    try:
        uapi.error_number(answer)
        uapi.reading(answer, KEYS)
    except ValueError:
        return


endpoints = st.builds(Endpoint, st.ip_addresses().map(str).filter(lambda ip: "%" not in ip), st.integers(0, 65535))
prefixes = st.ip_addresses().map(lambda ip: f"{ip}/{ip.max_prefixlen}")
peers = st.builds(
    DevicePeer,
    st.binary(min_size=32, max_size=32),
    st.sampled_from([0, 1, 2]),
    st.none() | endpoints,
    st.lists(prefixes, unique=True).map(lambda found: tuple(sorted(found))),
    st.integers(0, 65535),
)


@given(st.lists(peers, unique_by=lambda peer: peer.public_key))
def test_what_is_written_can_be_read(wished: list[DevicePeer]) -> None:
    text = uapi.transaction([AddPeer(peer) for peer in wished], KEYS)
    found = uapi.reading(text, KEYS)
    assert found.peers == tuple(sorted(wished, key=lambda peer: peer.public_key))
