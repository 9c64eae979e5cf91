"""Every back end has what the daemon asks of it, and the links give what the back ends ask of them."""

import inspect
from typing import Any

import pytest

from tests.adapters.wireguard.keyring import Keyring
from wgmesh.adapters.netlink.links import Links as KernelLinks
from wgmesh.adapters.netlink.requests import Link
from wgmesh.adapters.wireguard import BACKENDS, open_wireguard, port
from wgmesh.adapters.wireguard.recorded import Recorded
from wgmesh.adapters.wireguard.userspace import Userspace
from wgmesh.domain.errors import UsageError


def asked(protocol: type) -> dict[str, Any]:
    return {name: member for name, member in vars(protocol).items() if not name.startswith("_")}


@pytest.mark.parametrize(
    ("protocol", "kind"),
    [
        (port.WireGuard, Recorded),
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


@pytest.mark.parametrize(("backend", "kind"), [("none", Recorded), ("userspace", Userspace), ("auto", Userspace)])
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
    with pytest.raises(UsageError, match="called warp: choose auto, userspace, none"):
        open_wireguard("warp", "wgmesh0", Keyring(), links, lambda: 0)
    links.close()
