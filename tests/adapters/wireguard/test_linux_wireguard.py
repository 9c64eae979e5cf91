"""The kernel's numbers, held to those of another implementation, and the layouts to those of the C structures."""

import pytest
from pyroute2.netlink.generic import wireguard as theirs  # type: ignore[import-untyped]

from wgmesh.adapters.wireguard import linux_wireguard as ours


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WG_GENL_NAME", ours.FAMILY),
        ("WG_CMD_GET_DEVICE", ours.GET_DEVICE),
        ("WG_CMD_SET_DEVICE", ours.SET_DEVICE),
        ("WGDEVICE_A_IFNAME", ours.NAME),
        ("WGDEVICE_A_PRIVATE_KEY", ours.PRIVATE_KEY),
        ("WGDEVICE_A_LISTEN_PORT", ours.LISTEN_PORT),
        ("WGDEVICE_A_PEERS", ours.PEERS),
        ("WGPEER_F_REMOVE_ME", ours.REMOVE_ME),
        ("WGPEER_F_REPLACE_ALLOWEDIPS", ours.REPLACE_ALLOWED_IPS),
        ("WGPEER_F_UPDATE_ONLY", ours.UPDATE_ONLY),
        ("WGALLOWEDIP_A_FAMILY", ours.IP_FAMILY),
        ("WGALLOWEDIP_A_IPADDR", ours.IP_ADDRESS),
        ("WGALLOWEDIP_A_CIDR_MASK", ours.IP_PREFIX_LENGTH),
    ],
)
def test_a_number_is_the_one_that_another_implementation_uses(name: str, value: object) -> None:
    assert getattr(theirs, name) == value


def test_what_is_said_of_a_peer_stands_in_the_order_of_another_implementation() -> None:
    names = [name for name, _ in theirs.wgmsg.wgdevice_peer.nla_map]
    said = ("PUBLIC_KEY", "PRESHARED_KEY", "FLAGS", "ENDPOINT", "PERSISTENT_KEEPALIVE_INTERVAL")
    assert [names[number] for number in (ours.PUBLIC_KEY, ours.PRESHARED_KEY, ours.FLAGS, ours.ENDPOINT, ours.KEEPALIVE)
            ] == [f"WGPEER_A_{name}" for name in said]  # fmt: skip
    told = ("LAST_HANDSHAKE_TIME", "RX_BYTES", "TX_BYTES", "ALLOWEDIPS")
    numbers = (ours.HANDSHAKE, ours.RX_BYTES, ours.TX_BYTES, ours.ALLOWED_IPS)
    assert [names[number] for number in numbers] == [f"WGPEER_A_{name}" for name in told]


def test_addresses_of_sockets_have_the_sizes_that_the_kernel_demands() -> None:
    assert (ours.ENDPOINT_IPV4.size, ours.ENDPOINT_IPV6.size, ours.TIME.size) == (16, 28, 16)
