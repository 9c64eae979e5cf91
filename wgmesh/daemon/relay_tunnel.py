"""The second interface, brought to what is wished of it: made when a peer is relayed for the first time, removed after.

Where it was never needed it costs nothing: it is looked at once at the start, for what an earlier run may have left,
and then only while there is one.
"""

from collections.abc import Sequence

from msgspec import Struct

from wgmesh.adapters.netlink.links import Links
from wgmesh.adapters.wireguard import Applied as Outcome
from wgmesh.adapters.wireguard import WireGuard, open_wireguard
from wgmesh.daemon.home import Home
from wgmesh.domain.device import Change, DeviceSample, RemoveRoute
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.inputs import Applied
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.settings import relay_interface
from wgmesh.projections.change_sentences import describe
from wgmesh.projections.relay_device import Leases, wanted_relay_changes

# How the log tells its changes from those of the first interface.
MARK = "relayed tunnels"
REMOVAL = f"{MARK}: remove the interface"
NOTHING = DeviceSample(None)


class Wanted(Struct, frozen=True):
    """What is to be done: routes withdrawn first, then all `others`; or it `goes`, as a whole."""

    withdrawn: tuple[Change, ...] = ()
    others: tuple[Change, ...] = ()
    goes: bool = False


class RelayTunnel:
    """`sample`: what was last seen of it; None while there is none. Its methods block, and are called one at a time."""

    def __init__(self, wireguard: WireGuard) -> None:
        self._wireguard = wireguard
        self._may_exist = True
        self.sample: DeviceSample | None = None

    def look(self) -> None:
        """Sample it, if there may be one. OSError when it cannot be told this time."""
        if not self._may_exist:
            return
        sample = self._wireguard.sample()
        self._may_exist = sample.device is not None
        self.sample = sample if self._may_exist else None

    def wanted(self, mesh: Mesh, awake: int, leases: Leases) -> Wanted:
        """What is to be done to it."""
        changes = wanted_relay_changes(mesh, self.sample or NOTHING, awake, leases)
        if changes is None:
            return Wanted(goes=True)
        withdrawn = tuple(change for change in changes if isinstance(change, RemoveRoute))
        return Wanted(withdrawn, tuple(change for change in changes if not isinstance(change, RemoveRoute)))

    def begin(self, wanted: Wanted) -> Applied:
        """Take routes away from it, or all of it."""
        return self._go() if wanted.goes else self._apply(wanted.withdrawn)

    def finish(self, wanted: Wanted) -> Applied:
        """Do all else that is wished."""
        return self._apply(wanted.others)

    def remove(self) -> None:
        """Take it down for good; WgmeshError if it is not ours."""
        self._wireguard.remove()
        self._may_exist, self.sample = False, None

    def _go(self) -> Applied:
        try:
            self.remove()
        except (OSError, WgmeshError) as error:
            return Applied((), (REMOVAL,), (str(error),))
        return Applied((REMOVAL,), (), ())

    def _apply(self, changes: Sequence[Change]) -> Applied:
        if not changes:
            return Applied((), (), ())
        self._may_exist = True
        return told(self._wireguard.apply(changes), f"{MARK}: ")


def told(outcome: Outcome, mark: str = "") -> Applied:
    """What became of changes, in the words of the log."""
    return Applied(
        tuple(mark + describe(change) for change in outcome.done),
        tuple(mark + describe(change) for change, _ in outcome.failed),
        tuple(error for _, error in outcome.failed),
    )


def open_relay_tunnel(backend: str, interface: str, home: Home, links: Links) -> RelayTunnel | None:
    """The second interface beside this one, by the same back end; none where the first is no real one."""
    if backend == "none":
        return None
    name = relay_interface(interface)
    return RelayTunnel(open_wireguard(backend, name, home.keyring, links, home.clock.awake, interface))
