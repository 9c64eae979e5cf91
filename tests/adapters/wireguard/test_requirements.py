"""What is missing is named, with its remedy."""

from pathlib import Path

import pytest

from tests.adapters.netns.ranks import USER, run_as
from wgmesh.adapters.wireguard import requirements
from wgmesh.domain.errors import WgmeshError

ATTEMPT = """
import pathlib, sys
from wgmesh.adapters.wireguard import requirements
from wgmesh.domain.errors import WgmeshError
try:
    getattr(requirements, sys.argv[1])(*map(pathlib.Path, sys.argv[2:]))
except WgmeshError as error:
    print(error)
"""


def test_a_missing_wireguard_go_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WgmeshError, match="wireguard-go is not installed: run `sudo apt install wireguard-go`"):
        requirements.program()


def test_the_program_is_found_where_path_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "wireguard-go"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert requirements.program() == str(program)


def test_a_kernel_without_wireguard_is_named_with_three_ways_out() -> None:
    if requirements.kernel_has_wireguard():
        requirements.require_kernel_wireguard()
        return
    with pytest.raises(WgmeshError, match=r"no WireGuard: `sudo modprobe.*linux-image-amd64.*--wireguard userspace"):
        requirements.require_kernel_wireguard()


@pytest.mark.parametrize("held", ["0000000000000000", "0000000000002000", "00000000a80425fb"])
def test_a_lack_of_the_capability_is_named(tmp_path: Path, held: str) -> None:
    status = tmp_path / "status"
    status.write_text(f"Name:\tpython3\nCapPrm:\tffffffffffffffff\nCapEff:\t{held}\n")
    with pytest.raises(WgmeshError, match=r"CAP_NET_ADMIN.*sudo"):
        requirements.require_net_admin(status)


@pytest.mark.parametrize("held", ["0000000000001000", "000001ffffffffff"])
def test_the_capability_alone_is_enough(tmp_path: Path, held: str) -> None:
    status = tmp_path / "status"
    status.write_text(f"CapEff:\t{held}\n")
    requirements.require_net_admin(status)


@pytest.mark.namespaces
def test_a_user_without_the_capability_is_told_by_his_own_status() -> None:
    said = run_as(USER, ATTEMPT, "require_net_admin")
    assert said == "changing network interfaces needs the capability CAP_NET_ADMIN: run this as root, with sudo"


def test_a_tun_device_that_is_missing_or_closed_is_named(tmp_path: Path) -> None:
    with pytest.raises(WgmeshError, match=r"tun does not work \(No such file or directory\): run `sudo modprobe tun`"):
        requirements.require_tun(tmp_path / "tun")
    device = tmp_path / "tun"
    device.touch()
    requirements.require_tun(device)


@pytest.mark.namespaces
def test_a_tun_device_that_we_may_not_open_is_named(tmp_path: Path) -> None:
    device = tmp_path / "tun"
    device.touch(mode=0)
    said = run_as(USER, ATTEMPT, "require_tun", device)
    assert said == f"{device} may not be opened: run `sudo chmod 0666 {device}`"
