"""WireGuard: one port, and the one place where the back end behind it is chosen."""

from collections.abc import Callable

from wgmesh.adapters.wireguard.port import Applied as Applied
from wgmesh.adapters.wireguard.port import Keys as Keys
from wgmesh.adapters.wireguard.port import Links as Links
from wgmesh.adapters.wireguard.port import WireGuard as WireGuard
from wgmesh.adapters.wireguard.recorded import Recorded
from wgmesh.adapters.wireguard.userspace import Userspace
from wgmesh.domain.errors import UsageError

BACKENDS = ("auto", "userspace", "none")


def open_wireguard(backend: str, interface: str, keys: Keys, links: Links, awake: Callable[[], int]) -> WireGuard:
    """The device called `interface`, by one of BACKENDS; `awake` is a steady clock in ms. Nothing is touched yet."""
    match backend:
        case "none":
            return Recorded()
        case "userspace" | "auto":
            return Userspace(interface, keys, links, awake)
        case _:
            raise UsageError(f"there is no WireGuard back end called {backend}: choose {', '.join(BACKENDS)}")
