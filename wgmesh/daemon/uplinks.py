"""The discovery layers' sockets: they follow the machine's interfaces, carry what is sent, and tell how they are.

A layer that cannot work is an input like any other; the rest of the mesh does not wait for it.
"""

from collections.abc import Iterable

from wgmesh.adapters.lan.layer import Lan
from wgmesh.domain.inputs import Input, Resumed, Suspended
from wgmesh.domain.values import Interface
from wgmesh.node import Outgoing

NO_INTERFACE = "no network interface is up: plug one in, or name it with --lan-interface"


class Uplinks:
    """The LAN layer's sockets, or none where the operator turned it off."""

    def __init__(self, lan: Lan | None) -> None:
        self._lan = lan
        self._followed: tuple[Interface, ...] | None = None

    def follow(self, interfaces: tuple[Interface, ...]) -> list[Input]:
        """Serve these interfaces; how the layer is now, if they are others than before."""
        if self._lan is None or interfaces == self._followed:
            return []
        self._followed = interfaces
        troubles = self._lan.follow(interfaces)
        if self._lan.serving():
            return [Resumed("lan")]
        reasons = "; ".join(f"{trouble.interface} {trouble.reason}" for trouble in troubles)
        return [Suspended("lan", reasons or NO_INTERFACE)]

    def send(self, outgoing: Iterable[Outgoing]) -> None:
        """Hand each datagram to its layer. What does not leave is said again by the protocol's own timers."""
        for datagram in outgoing:
            if self._lan is None:
                continue
            if datagram.address is None:
                self._lan.announce(datagram.data)
            else:
                self._lan.send(datagram.interface, datagram.address, datagram.data)
