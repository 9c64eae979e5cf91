"""Who looks at every step of a run: what a daemon tells of itself, so that the rules can be judged from outside."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from wgmesh.domain.device import Change
from wgmesh.domain.envelope import Layer
from wgmesh.domain.inputs import Sampled
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import Endpoint
from wgmesh.node import Turn

if TYPE_CHECKING:
    from tests.simulation.machine import Machine


class Watcher(Protocol):
    """Whoever looks at every step."""

    def plugged(self, address: str) -> None:
        """A holder of the secret has this address from now on."""

    def began(self, machine: "Machine", mesh: Mesh) -> None:
        """A run begins with this."""

    def turns(self, machine: "Machine") -> None:
        """A turn begins."""

    def turned(self, machine: "Machine", before: Mesh, turn: Turn, moment: tuple[int, int]) -> None:
        """A turn was decided at this moment (at, awake), and its records are durable."""

    def refused(self, machine: "Machine", before: Mesh) -> None:
        """A turn could not be written, and the node must be as before."""

    def applies(self, machine: "Machine", changes: Sequence[Change]) -> None:
        """The device, as it is and was just seen, is about to be changed."""

    def applied(self, machine: "Machine", sample: Sampled, all_done: bool) -> None:
        """The device was changed and looked at again; `all_done` unless it was not as last seen, or refused."""

    def received(self, machine: "Machine", source: Endpoint, size: int) -> None:
        """A datagram reached the node."""

    def validated(self, machine: "Machine", source: Endpoint) -> None:
        """Who is at this address answered our challenge."""

    def named(self, machine: "Machine", addresses: Sequence[Endpoint]) -> None:
        """A walk through the DHT came upon these: members', or anybody's."""

    def sent(self, machine: "Machine", layer: Layer, to: Endpoint | None, data: bytes) -> None:
        """A datagram left."""
