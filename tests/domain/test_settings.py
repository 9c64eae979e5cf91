import msgspec
import pytest

from tests.golden.samples import sample
from wgmesh.domain.settings import NodeSettings, relay_interface


def test_settings_are_recorded_and_read_back_whole() -> None:
    settings = sample(NodeSettings)
    assert msgspec.json.decode(msgspec.json.encode(settings), type=NodeSettings) == settings


def test_settings_that_differ_in_one_field_are_different_settings() -> None:
    settings = NodeSettings("wgmesh0", "alice", "userspace", True, ())
    others: dict[str, object] = {
        "interface": "m0",
        "hostname": "bob",
        "wireguard": "none",
        "lan": False,
        "lan_interfaces": ("eth0",),
    }
    others |= {"advertise_routes": ("10.9.0.0/16",), "accept_routes": ("all",), "hosts": True, "gossip": False}
    others |= {"peers": ("a.example:1",), "dht": True, "dht_bootstrap": ("b.example:1",), "relay": True}
    others |= {"stun": True, "stun_servers": ("c.example:1",)}
    others |= {"registry": True, "registry_url": "https://a", "registry_repo": "a/b", "registry_writes": True}
    assert list(others) == list(NodeSettings.__struct_fields__)
    for field, other in others.items():
        assert msgspec.structs.replace(settings, **{field: other}) != settings


def test_settings_have_no_place_for_a_secret() -> None:
    assert not [
        field for field in NodeSettings.__struct_fields__ if "secret" in field or "key" in field or "token" in field
    ]


@pytest.mark.parametrize(
    ("interface", "second"),
    [
        ("wgmesh0", "wgmesh0r"),
        ("fourteen-chars", "fourteen-charsr"),
        ("fifteen-letters", "fifteen-letterr"),
        ("a-second-mirror", "a-second-mirroq"),
    ],
)
def test_the_second_interface_has_a_name_that_linux_takes_and_that_is_not_the_first_ones(
    interface: str, second: str
) -> None:
    assert relay_interface(interface) == second
    assert len(second) <= 15
