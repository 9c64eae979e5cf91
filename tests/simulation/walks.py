"""The DHT in one run of a daemon, as in the real one: asked to walk, it walks, and answers whoever asks it.

What walks come upon is put before the node. A machine that sleeps, or a daemon without a processor, hears nothing.
"""

import socket
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from tests.simulation.network import Frame
from wgmesh.adapters.dht.bencode import NotBencode
from wgmesh.adapters.dht.mainline import Found, Mainline, Sending
from wgmesh.domain import inputs as i
from wgmesh.domain.values import Endpoint, Interface
from wgmesh.node import Walk

if TYPE_CHECKING:
    from tests.simulation.machine import Machine

# A daemon that got no processor looks so much later (ms) what it missed.
STALLED = 1000


class Walks:
    """`port` is its own, `routers` where walks begin. `awake` is the run's clock in ms, `wake` plans a look at it."""

    def __init__(
        self,
        machine: "Machine",
        port: int,
        routers: Sequence[Endpoint],
        put: Callable[[i.Input], None],
        reject: Callable[[str, str, int], None],
        awake: Callable[[], int],
        wake: Callable[[int, Callable[[int], None]], None],
    ) -> None:
        self._machine, self._port = machine, port
        self._put, self._reject, self._awake, self._wake = put, reject, awake, wake
        self._node = Mainline(socket.AF_INET, machine.entropy_of_dht.randbytes)
        self._node.routers = tuple(routers)
        self._planned: int | None = None
        self._ended = False

    def follow(self, interfaces: tuple[Interface, ...]) -> None:
        """The machine's own addresses."""
        self._node.live_at([prefix.partition("/")[0] for each in interfaces for prefix in each.prefixes])

    def walk(self, walks: Iterable[Walk]) -> None:
        """Set out on each."""
        for walk in walks:
            self._send(self._node.look_up(walk.infohash, walk.announce_port, self._awake()))
        self._conclude()

    def hear(self, frame: Frame) -> bool:
        """Keep a frame that is for this port; False for another's."""
        if frame.target.port != self._port:
            return False
        assert isinstance(frame.content, bytes)
        if not self._machine.paused:
            try:
                self._send(self._node.receive(frame.content, frame.source, self._awake()))
            except NotBencode:
                self._reject("dht", frame.source.ip, self._awake())
            self._conclude()
        return True

    def end(self) -> None:
        """The run is over."""
        self._ended = True

    def _conclude(self) -> None:
        results, sendings = self._node.results(self._awake())
        self._send(sendings)
        for found in results:
            if isinstance(found, Found):
                self._machine.watcher.named(self._machine, found.peers)
                self._put(i.Found("dht", found.peers))
        wakes = self._node.wakes()
        if wakes is not None and (self._planned is None or wakes < self._planned):
            self._planned = wakes
            self._wake(wakes, self._look)

    def _look(self, planned: int) -> None:
        """Time has passed."""
        if self._ended or planned != self._planned:
            return
        if self._machine.paused or not self._machine.is_running():
            self._planned = self._awake() + STALLED
            self._wake(self._planned, self._look)
            return
        self._planned = None
        self._send(self._node.tick(self._awake()))
        self._conclude()

    def _send(self, sendings: Iterable[Sending]) -> None:
        for each in sendings:
            self._machine.transmit(self._port, each.to, len(each.data), each.data)
