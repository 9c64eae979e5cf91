"""Flags over file over default, and a secret that no representation shows."""

import os
from pathlib import Path

import msgspec
import pytest

from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.values import DAY, HOUR
from wgmesh.settings import STUN_SERVERS, Options, Settings, encode, over, own_hostname, read_settings, resolve

URI = "wgmesh://v1/" + "A" * 48
NOTHING: dict[str, str] = {}


def test_what_is_not_said_has_its_default() -> None:
    settings = resolve(Options(), NOTHING)
    assert (settings.interface, settings.state_dir) == ("wgmesh0", "/var/lib/wgmesh/wgmesh0")
    assert (settings.listen_port, settings.wireguard, settings.lan, settings.lan_interfaces) == (0, "auto", True, ())
    assert (settings.log_format, settings.log_level, settings.allow_weak_secret) == ("text", "info", False)
    assert settings.hostname


def test_routes_are_canonical_prefixes_each_once() -> None:
    options = Options(advertise_routes=("192.168.5.0/24,10.8.0.0/16", "10.8.0.0/16"), accept_routes=("fd12::/48",))
    settings = resolve(options, NOTHING)
    assert settings.advertise_routes == ("10.8.0.0/16", "192.168.5.0/24")
    assert (settings.accept_routes, settings.hosts) == (("fd12::/48",), False)
    assert resolve(Options(accept_routes=("10.0.0.0/8,all",), hosts=True), NOTHING).accept_routes == ("all",)
    assert resolve(Options(hosts=True), NOTHING).hosts


def test_a_route_that_can_be_none_is_refused_with_what_was_meant() -> None:
    with pytest.raises(WgmeshError, match=r"did you mean 192\.168\.5\.0/24"):
        resolve(Options(advertise_routes=("192.168.5.7/24",)), NOTHING)
    with pytest.raises(WgmeshError, match=r"0\.0\.0\.0/0 cannot be a route: it is the default route"):
        resolve(Options(accept_routes=("0.0.0.0/0",)), NOTHING)
    with pytest.raises(WgmeshError, match="a node can announce 16 routes, not 17: take wider prefixes"):
        resolve(Options(advertise_routes=tuple(f"10.{n}.0.0/16" for n in range(17))), NOTHING)


def test_what_is_said_counts(tmp_path: Path) -> None:
    options = Options(
        interface="wg7",
        listen_port=51820,
        hostname="alpha",
        state_dir="here",
        wireguard="none",
        lan=False,
        lan_interface=("eth0,eth1", "eth2"),
        log_format="json",
        log_level="debug",
        allow_weak_secret=True,
        gossip=False,
    )
    settings = resolve(options, {"WGMESH_STATE_DIR": "/elsewhere"})
    assert settings == Settings(
        "", "wg7", str(Path("here").absolute()), 51820, "alpha", "none", False, ("eth0", "eth1", "eth2"), "json",
        "debug", True, gossip=False,
    )  # fmt: skip


def test_the_state_directory_follows_environment_and_interface() -> None:
    assert resolve(Options(interface="wg7"), NOTHING).state_dir == "/var/lib/wgmesh/wg7"
    assert resolve(Options(interface="wg7"), {"WGMESH_STATE_DIR": "/elsewhere"}).state_dir == "/elsewhere"


def test_an_automatic_port_is_no_port() -> None:
    assert resolve(Options(listen_port="auto"), NOTHING).listen_port == 0


def test_flags_win_over_a_file() -> None:
    file = Options(interface="wg7", listen_port=51820, lan=False)
    assert over(Options(interface="wg8"), file) == Options(interface="wg8", listen_port=51820, lan=False)


def test_how_long_and_how_large_the_log_may_be_is_a_number_and_a_unit() -> None:
    settings = resolve(Options(keep="36h", log_cap="1G", record_inputs="inputs"), NOTHING)
    assert (settings.keep, settings.log_cap_bytes) == (36 * HOUR, 1024**3)
    assert settings.record_inputs == str(Path("inputs").absolute())
    usual = resolve(Options(), NOTHING)
    assert (usual.keep, usual.log_cap_bytes, usual.record_inputs) == (30 * DAY, 64 * 1024**2, "")


@pytest.mark.parametrize("text", ["30", "d", "0d", "-1d", "1.5d", "30m", "1000000000d", "\u0663d", "3 d"])
def test_a_time_to_keep_records_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(WgmeshError, match=r"--keep cannot be .*: write a number and d or h, like 1d"):
        resolve(Options(keep=text), NOTHING)


def test_a_log_that_nothing_fits_into_is_refused() -> None:
    with pytest.raises(WgmeshError, match="--keep 23h is too little to work with: use 1d or more"):
        resolve(Options(keep="23h"), NOTHING)
    with pytest.raises(WgmeshError, match="--log-cap 4095K is too little to work with: use 4M or more"):
        resolve(Options(log_cap="4095K"), NOTHING)


@pytest.mark.parametrize("name", ["wgmesh zero", "a/b", "..", ".", "sixteen-letters-", "wg\n", "ä"])
def test_a_name_that_no_interface_can_have_is_refused(name: str) -> None:
    with pytest.raises(WgmeshError, match="cannot be the name of an interface: use at most 15"):
        resolve(Options(interface=name), NOTHING)


@pytest.mark.parametrize("name", ["", "Alpha", "a.b", "a" * 64, "a\n", "ä"])
def test_a_hostname_that_a_record_cannot_carry_is_refused(name: str) -> None:
    with pytest.raises(WgmeshError, match="cannot be a hostname here"):
        resolve(Options(hostname=name), NOTHING)


@pytest.mark.parametrize(
    ("name", "reduced"),
    [
        ("alpha", "alpha"),
        ("Alpha.example.org", "alpha"),
        ("my_laptop 7", "my-laptop-7"),
        ("-x-", "x"),
        ("ö", "node"),
        ("", "node"),
        ("a" * 70, "a" * 63),
    ],
)
def test_a_machines_name_is_reduced_to_what_a_record_carries(name: str, reduced: str) -> None:
    assert own_hostname(name) == reduced


def test_settings_go_through_a_memory_file_whole() -> None:
    settings = msgspec.structs.replace(resolve(Options(lan_interface=("eth0",)), NOTHING), secret=URI)
    fd = os.memfd_create("test", 0)
    os.write(fd, encode(settings))
    assert read_settings(fd) == settings


def test_no_representation_shows_the_secret() -> None:
    settings = msgspec.structs.replace(resolve(Options(), NOTHING), secret=URI)
    options = Options(secret=URI)
    for shown in (repr(settings), repr(options), str(settings.__rich_repr__()), str(options.__rich_repr__())):
        assert URI not in shown


def test_stun_servers_are_well_known_ones_those_that_are_named_or_nobody() -> None:
    for said in (None, True, ("on",)):
        settings = resolve(Options(stun=said), {})
        assert (settings.stun, settings.stun_servers) == (True, STUN_SERVERS)
    assert resolve(Options(stun=("192.0.2.1:3478,stun.example:1",)), {}).stun_servers == (
        "192.0.2.1:3478",
        "stun.example:1",
    )
    assert not resolve(Options(stun=False), {}).stun
    with pytest.raises(WgmeshError, match="--stun cannot be 'x': write HOST:PORT"):
        resolve(Options(stun=("x",)), {})
