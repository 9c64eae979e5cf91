"""Every back end has what the daemon asks of it, and the links give what the back ends ask of them."""

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from tests.adapters.wireguard.keyring import Keyring
from wgmesh.adapters.netlink.links import Links as KernelLinks
from wgmesh.adapters.netlink.requests import Link
from wgmesh.adapters.netlink.worker import Worker
from wgmesh.adapters.wireguard import BACKENDS, Links, WireGuard, open_wireguard, port, requirements
from wgmesh.adapters.wireguard.kernel import Kernel
from wgmesh.adapters.wireguard.recorded import Recorded
from wgmesh.adapters.wireguard.userspace import Userspace
from wgmesh.domain.errors import UsageError, WgmeshError


def asked(protocol: type) -> dict[str, Any]:
    return {name: member for name, member in vars(protocol).items() if not name.startswith("_")}


@pytest.mark.parametrize(
    ("protocol", "kind"),
    [
        (port.WireGuard, Recorded),
        (port.WireGuard, Kernel),
        (port.WireGuard, Userspace),
        (port.Keys, Keyring),
        (port.Links, KernelLinks),
        (port.LinkState, Link),
    ],
)
def test_what_is_asked_is_there_with_the_same_parameters(protocol: type, kind: type) -> None:
    assert asked(protocol)
    for name, member in asked(protocol).items():
        found = inspect.getattr_static(kind, name, None) or kind.__annotations__.get(name)
        assert found is not None, name
        if inspect.isfunction(member):
            assert list(inspect.signature(found).parameters) == list(inspect.signature(member).parameters), name


@pytest.mark.parametrize(("backend", "kind"), [("none", Recorded), ("kernel", Kernel), ("userspace", Userspace)])
def test_the_back_end_is_chosen_by_its_name(backend: str, kind: type) -> None:
    assert backend in BACKENDS
    links = KernelLinks()
    wireguard = open_wireguard(backend, "wgmesh0", Keyring(), links, lambda: 0)
    links.close()
    assert type(wireguard) is kind
    assert wireguard.backend == kind.__dict__["backend"]
    assert wireguard.pidfd is None


def test_an_unknown_back_end_is_refused_with_those_there_are() -> None:
    links = KernelLinks()
    with pytest.raises(UsageError, match="called warp: choose auto, kernel, userspace, none"):
        open_wireguard("warp", "wgmesh0", Keyring(), links, lambda: 0)
    links.close()


@dataclass
class Machine:
    """Links that show one interface of this kind, or none."""

    kind: str | None

    def look(self, interface: str) -> Link | None:
        return None if self.kind is None else Link(interface, 7, 0, 1420, self.kind)

    def neighbour(self, ip: str) -> tuple[str, ...]:
        return ()


def chosen(kind: str | None) -> WireGuard:
    return open_wireguard("auto", "wgmesh0", Keyring(), cast(Links, Machine(kind)), lambda: 0)


def test_auto_stays_with_what_carries_the_interface() -> None:
    assert type(chosen("wireguard")) is Kernel
    assert type(chosen("tun")) is Userspace


@pytest.mark.parametrize("kind", [None, "bridge"])
def test_auto_takes_the_kernels_wireguard_where_there_is_one(kind: str | None) -> None:
    assert type(chosen(kind)) is (Kernel if requirements.kernel_has_wireguard() else Userspace)


def test_where_there_is_no_wireguard_at_all_auto_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(requirements, "kernel_has_wireguard", lambda: False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WgmeshError, match=r"no WireGuard, and wireguard-go is not installed: run `sudo apt install"):
        chosen(None)


def test_links_that_do_not_answer_are_a_sentence() -> None:
    worker = Worker(answer_seconds=0.0)
    links = KernelLinks(worker)
    with pytest.raises(WgmeshError, match="the interface wgmesh0 cannot be looked at"):
        open_wireguard("auto", "wgmesh0", Keyring(), links, lambda: 0)
    links.close()
