"""The WireGuard device as it should be, worked out anew only when something changed or time made another of it.

While peers come and go WireGuard is looked at four times a second, and each look is held against this wish.
"""

from collections.abc import Mapping

from wgmesh.domain import cadence, sparing
from wgmesh.domain.device import Device
from wgmesh.domain.draft import State
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.session import Try
from wgmesh.projections.desired_device import desired_device


class Wish:
    """The last one, what it was made of, and until when (ms on `awake`) it holds; None: for ever."""

    def __init__(self) -> None:
        self._device: Device | None = None
        self._mesh: Mesh | None = None
        self._trying: Mapping[bytes, Try] | None = None
        self._until: int | None = None

    def at(self, state: State, awake: int) -> Device:
        """The device that is wished for now."""
        mesh, trying = state.mesh, state.session.trying
        is_as_before = mesh is self._mesh and trying is self._trying and (self._until is None or awake < self._until)
        if self._device is None or not is_as_before:
            self._device = desired_device(mesh, awake, sparing.tried(state.session))
            self._mesh, self._trying, self._until = mesh, trying, _until(state, awake)
        return self._device


def _until(state: State, awake: int) -> int | None:
    """When the passing of time makes another wish: a turn begins or ends, or this node gives way to its clone."""
    edges = (cadence.next_turn(state, awake), state.mesh.silent_from)
    return min((edge for edge in edges if edge is not None and edge > awake), default=None)
