"""WireGuard as a model: devices that do what they are told, and handshakes that succeed where both ends allow them."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from wgmesh.adapters.wireguard.recorded import after
from wgmesh.domain.device import Change, Device, DevicePeer, DeviceSample, Traffic
from wgmesh.domain.values import SECOND, Endpoint

# WireGuard's own: a handshake is tried again after 5 s, and renewed after 120 s (REKEY_TIMEOUT, REKEY_AFTER_TIME).
RETRY = 5 * SECOND
REKEY = 120 * SECOND
KEEPALIVE = 25 * SECOND

Later = Callable[[int, Callable[[], None]], None]


class Tunnel:
    """One device. `watched_since` is when somebody began to look at it, for ages are of what was seen to change."""

    def __init__(self, public_key: bytes, where: Endpoint) -> None:
        self.public_key = public_key
        self.where = where
        self.device: Device | None = None
        self.sessions: dict[bytes, int] = {}
        self.watched_since = 0
        self.writes = 0

    def peer(self, key: bytes) -> DevicePeer | None:
        peers = self.device.peers if self.device else ()
        return next((peer for peer in peers if peer.public_key == key), None)

    def apply(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self.device = after(self.device, change)
        self.writes += len(changes)
        self.sessions = {key: begun for key, begun in self.sessions.items() if self.peer(key)}

    def remove(self) -> None:
        self.device, self.sessions = None, {}

    def carries(self, other: "Tunnel") -> bool:
        """Do both ends have a session with each other?"""
        return other.public_key in self.sessions and self.public_key in other.sessions

    def sample(self, now: int) -> DeviceSample:
        peers = self.device.peers if self.device else ()
        return DeviceSample(self.device, tuple(self._traffic(peer.public_key, now) for peer in peers))

    def _traffic(self, key: bytes, now: int) -> Traffic:
        begun = self.sessions.get(key)
        if begun is None:
            return Traffic(key)
        rx_bytes = 148 + 32 * ((now - begun) // KEEPALIVE)
        return Traffic(key, True, self._age(begun, REKEY, now), self._age(begun, KEEPALIVE, now), rx_bytes, rx_bytes)

    def _age(self, begun: int, period: int, now: int) -> int | None:
        """Ms since the last of a series that began then, if anybody watched."""
        age = (now - begun) % period
        return age if now - age >= self.watched_since else None


class Tunnels:
    """All devices of a LAN, and the handshakes between them. `latency` is one way, in ms."""

    def __init__(self, later: Later, latency: int) -> None:
        self._later = later
        self._latency = latency
        self._tunnels: list[Tunnel] = []

    def add(self, tunnel: Tunnel) -> None:
        self._tunnels.append(tunnel)

    def call(self, caller: Tunnel, now: int) -> None:
        """Begin a handshake with everybody whom the device was just told to call."""
        for peer in caller.device.peers if caller.device else ():
            if peer.keepalive and peer.endpoint and peer.public_key not in caller.sessions:
                self._try(caller, peer, now)

    def _try(self, caller: Tunnel, wished: DevicePeer, now: int) -> None:
        if caller.peer(wished.public_key) != wished or wished.public_key in caller.sessions:
            return
        answers = [each for each in self._tunnels if each.where == wished.endpoint and each.peer(caller.public_key)]
        if not answers:
            self._later(now + RETRY, lambda: self._try(caller, wished, now + RETRY))
            return
        done = now + 2 * self._latency
        self._later(done, lambda: self._shake(caller, answers[0], done))

    def _shake(self, caller: Tunnel, answerer: Tunnel, now: int) -> None:
        for one, other in ((caller, answerer), (answerer, caller)):
            if one.device and one.peer(other.public_key):
                one.sessions[other.public_key] = now
                peers = (
                    replace(peer, endpoint=other.where) if peer.public_key == other.public_key else peer
                    for peer in one.device.peers
                )
                one.device = replace(one.device, peers=tuple(peers))
