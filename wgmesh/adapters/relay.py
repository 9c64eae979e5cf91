"""This node as a relay: opaque datagrams passed on between two mesh addresses, from gate to gate.

Each member has a gate, a UDP port on the mesh's interface. What one of a pair sends to the gate of the other leaves
from its own gate to where the other listens, so each sees the other at one place. Cryptokey routing proves the sources;
what comes from anywhere else, or is more than a member may send, is dropped. Nothing is read of what is inside.
"""

import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import anyio
from anyio.abc import TaskGroup
from msgspec import Struct

from wgmesh.adapters.udp import send, tunnel_socket
from wgmesh.domain.allowance import Allowance, spend
from wgmesh.domain.facts import RelayedPair
from wgmesh.domain.inputs import Unpassed
from wgmesh.domain.values import MINUTE, SECOND

# A pair of whom neither says anything for so long is dropped: WireGuard itself would have given the session up.
IDLE = 3 * MINUTE
LOOK_SECONDS = 30.0
# What a member may send through us: packets a second, and at once. Some 40 Mbit/s of full packets.
PACKETS_A_SECOND, PACKETS_AT_ONCE = 4000, 1000
# The largest datagram of a WireGuard with an MTU of 1420, with room; what is longer is cut, and fails there.
READ_BYTES = 2048
# What one wake-up passes on at most: a busy pair does not hold the loop.
TURN = 256

# An address and a port of the mesh.
Place = tuple[str, int]


class Way(Struct, frozen=True):
    """Out of which gate, to where, and for which pair (two identities)."""

    gate: int
    to: Place
    pair: bytes


class Relay:
    """The gates of one interface. Its methods belong to the event loop's thread; `put` gets what became of pairs.

    `awake` is a steady clock in ms.
    """

    def __init__(self, interface: str, put: Callable[[Unpassed], None], awake: Callable[[], int]) -> None:
        self._interface, self._put, self._awake = interface, put, awake
        self._index = 0
        self._gates: dict[int, socket.socket] = {}
        self._ways: dict[tuple[Place, int], Way] = {}
        self._heard: dict[bytes, int] = {}
        self._pairs: Mapping[bytes, RelayedPair] = {}
        self._left: dict[Place, Allowance] = {}
        self._tasks: TaskGroup | None = None

    def follow(self, pairs: Mapping[bytes, RelayedPair], addresses: Callable[[bytes], str]) -> None:
        """Serve these pairs and no others; `addresses` gives the mesh IPv6 address of a member."""
        index = _index_of(self._interface) if pairs or self._pairs else self._index
        if pairs is self._pairs and index == self._index:
            return
        if index != self._index:
            self._close(tuple(self._gates))
        self._pairs, self._index, now = pairs, index, self._awake()
        wanted = [gate for pair in pairs.values() for gate in (pair.first_gate, pair.second_gate)]
        self._close(gate for gate in tuple(self._gates) if gate not in wanted)
        opened = {gate: gate in self._gates or self._open(gate) for gate in wanted}
        blocked = tuple(key for key, it in pairs.items() if not (opened[it.first_gate] and opened[it.second_gate]))
        self._ways = {way: to for pair in pairs.values() for way, to in _ways(pair, addresses)}
        self._heard = {key: self._heard.get(key, now) for key in pairs}
        self._left = {place: left for place, left in self._left.items() if any(place == way[0] for way in self._ways)}
        if blocked and index:
            self._put(Unpassed(blocked, "blocked"))

    async def run(self) -> None:
        """Pass on until cancelled, and tell of pairs that are idle; then close the gates."""
        try:
            async with anyio.create_task_group() as self._tasks:
                for gate, opened in self._gates.items():
                    self._tasks.start_soon(self._serve, gate, opened)
                while True:
                    await anyio.sleep(LOOK_SECONDS)
                    self.drop_idle()
        finally:
            self._tasks = None
            self.close()

    def close(self) -> None:
        """Pass nothing on any more."""
        self._close(tuple(self._gates))

    def drop_idle(self) -> None:
        """Tell of the pairs that nobody used for so long."""
        idle = tuple(key for key, heard in self._heard.items() if self._awake() - heard >= IDLE)
        if idle:
            self._put(Unpassed(idle, "idle"))

    def _open(self, gate: int) -> bool:
        try:
            opened = tunnel_socket(self._interface, socket.AF_INET6, gate)
        except OSError:  # another program has the port, or the interface is not there: the pair finds another relay
            return False
        self._gates[gate] = opened
        if self._tasks is not None:
            self._tasks.start_soon(self._serve, gate, opened)
        return True

    def _close(self, gates: Iterable[int]) -> None:
        for gate in gates:
            opened = self._gates.pop(gate)
            if self._tasks is not None:
                anyio.notify_closing(opened)
            opened.close()

    async def _serve(self, gate: int, opened: socket.socket) -> None:
        while self._gates.get(gate) is opened:
            try:
                await anyio.wait_readable(opened)
            except anyio.ClosedResourceError:  # `follow` closed it under us
                return
            self._pass_on(gate, opened)

    def _pass_on(self, gate: int, opened: socket.socket) -> None:
        now = self._awake()
        for _ in range(TURN):
            try:
                data, (ip, port, *_) = _received(opened)
            except OSError:  # nothing more, or the interface is gone
                return
            way = self._ways.get(((ip, port), gate))
            if way is not None and self._may_send((ip, port), now):
                self._heard[way.pair] = now
                send(self._gates[way.gate], data, way.to)

    def _may_send(self, member: Place, now: int) -> bool:
        """Spend one packet of what the member may send. Time is counted in packets, of which there are four a ms."""
        left = spend(self._left.get(member), now * PACKETS_A_SECOND // SECOND, PACKETS_AT_ONCE, 1)
        if left is not None:
            self._left[member] = left
        return left is not None


def _ways(pair: RelayedPair, addresses: Callable[[bytes], str]) -> Iterable[tuple[tuple[Place, int], Way]]:
    first, second = (addresses(pair.first), pair.first_port), (addresses(pair.second), pair.second_port)
    key = pair.first + pair.second
    yield (first, pair.second_gate), Way(pair.first_gate, second, key)
    yield (second, pair.first_gate), Way(pair.second_gate, first, key)


def _received(opened: socket.socket) -> tuple[bytes, Any]:
    return opened.recvfrom(READ_BYTES)


def _index_of(interface: str) -> int:
    try:
        return socket.if_nametoindex(interface)
    except OSError:  # it does not exist at the moment
        return 0
