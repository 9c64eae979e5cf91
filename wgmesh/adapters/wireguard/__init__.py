"""WireGuard: one port, and the one place where the back end behind it is chosen."""

from collections.abc import Callable

from wgmesh.adapters.wireguard import requirements
from wgmesh.adapters.wireguard.kernel import KIND, Kernel
from wgmesh.adapters.wireguard.port import Applied as Applied
from wgmesh.adapters.wireguard.port import Keys as Keys
from wgmesh.adapters.wireguard.port import Links as Links
from wgmesh.adapters.wireguard.port import WireGuard as WireGuard
from wgmesh.adapters.wireguard.recorded import Recorded
from wgmesh.adapters.wireguard.userspace import Userspace
from wgmesh.domain.errors import UsageError, WgmeshError
from wgmesh.domain.settings import relay_interface

BACKENDS = ("auto", "kernel", "userspace", "none")


def open_wireguard(
    backend: str, interface: str, keys: Keys, links: Links, awake: Callable[[], int], beside: str = ""
) -> WireGuard:
    """The device called `interface`, by one of BACKENDS; `awake` is a steady clock in ms. Nothing is touched yet.

    `auto` stays with what carries the interface already, else takes the kernel's WireGuard where there is one.
    WgmeshError if there is none to take. `beside`: the other interface of this node, which has the same key; empty:
    the one for relayed tunnels.
    """
    if backend == "auto":
        backend = _suitable(interface, links)
    match backend:
        case "none":
            return Recorded()
        case "kernel":
            return Kernel(interface, keys, links, awake, beside=beside or relay_interface(interface))
        case "userspace":
            return Userspace(interface, keys, links, awake)
        case _:
            raise UsageError(f"there is no WireGuard back end called {backend}: choose {', '.join(BACKENDS)}")


def _suitable(interface: str, links: Links) -> str:
    try:
        link = links.look(interface)
    except OSError as error:
        raise WgmeshError(f"the interface {interface} cannot be looked at ({error}): try again") from error
    if link is not None and link.kind in ("tun", KIND):
        return "kernel" if link.kind == KIND else "userspace"
    if requirements.kernel_has_wireguard():
        return "kernel"
    try:
        requirements.program()
    except WgmeshError as lack:
        raise WgmeshError(f"this kernel has no WireGuard, and {lack}, or a kernel that has it") from lack
    return "userspace"
