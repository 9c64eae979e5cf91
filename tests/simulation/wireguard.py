"""WireGuard as far as nodes can tell: who initiates when, what crosses, what roams, what lives how long.

Figures and order of events are those of the Linux implementation (drivers/net/wireguard: timers.c, send.c, receive.c,
noise.c) and of the protocol's paper. Cryptography is left out: a packet is readable to whom it is addressed.
"""

from collections.abc import Sequence
from random import Random
from typing import Protocol

from msgspec.structs import replace

from tests.simulation import device as twin
from tests.simulation.ages import Ages
from tests.simulation.marks import sometimes
from tests.simulation.network import Frame
from tests.simulation.packets import Data, Initiation, Inner, Response, Session, Tunnel
from tests.simulation.world import SECOND, World
from wgmesh.domain.device import (
    AddPeer,
    Change,
    CreateInterface,
    Device,
    DevicePeer,
    DeviceSample,
    RemovePeer,
    SetDevice,
    UpdatePeer,
)
from wgmesh.domain.values import Endpoint

REKEY_AFTER = 120 * SECOND
REJECT_AFTER = 180 * SECOND
REKEY_TIMEOUT = 5 * SECOND
JITTER = SECOND // 3
MOST_ATTEMPTS = 18
# A receiver that initiated renews before the session dies: REJECT_AFTER - KEEPALIVE - REKEY_TIMEOUT.
REKEY_AFTER_RECEIVING = 165 * SECOND
# Two initiations of one peer that come faster than this are a flood.
INITIATION_PAUSE = SECOND // 50
INITIATION_BYTES, RESPONSE_BYTES, DATA_BYTES = 148, 92, 32
# Who received something and said nothing for so long sends a keepalive, so that the other knows that it arrived.
PASSIVE_AFTER = 10 * SECOND
# Who sent something and received nothing for so long begins a handshake.
EXPECTED_AFTER = PASSIVE_AFTER + REKEY_TIMEOUT
# Packets that wait for a session.
MOST_STAGED = 128


class Carrier(Protocol):
    """The machine under a device."""

    def transmit(self, port: int, to: Endpoint, size: int, content: object) -> None:
        """Send from this port, if there is a way."""

    def deliver(self, public_key: bytes, inner: Inner) -> None:
        """A packet came out of this peer's tunnel."""

    def wall(self) -> int:
        """Ms since 1970."""

    def steady(self) -> int:
        """Ms on the machine's steady clock."""

    def is_running(self) -> bool:
        """Has power and is awake."""


class WireGuard:
    """The device of one machine. `device` is None while there is none."""

    def __init__(self, world: World, carrier: Carrier, public_key: bytes, chance: Random) -> None:
        self._world = world
        self._carrier = carrier
        self._key = public_key
        self._chance = chance
        self._ages = Ages()
        self.device: Device | None = None
        self.tunnels: dict[bytes, Tunnel] = {}
        self.refuses: tuple[type, ...] = ()

    def vanish(self) -> None:
        """The interface is gone, by power, by hand, or with the process that carried it."""
        self.device, self.tunnels = None, {}

    def resumed(self) -> None:
        """The machine woke up: timers that stood still go on."""
        for public_key, tunnel in self.tunnels.items():
            self._plan(tunnel, public_key)

    def watched_anew(self) -> None:
        """Another run of the daemon begins to look."""
        self._ages = Ages()

    def sample(self) -> DeviceSample:
        """What is there, with the ages of what was seen to change."""
        peers = self.device.peers if self.device else ()
        tunnels = ((peer.public_key, self.tunnels[peer.public_key]) for peer in peers)
        return DeviceSample(self.device, self._ages.traffic(tunnels, self._carrier.steady()))

    def apply(self, changes: Sequence[Change]) -> tuple[list[Change], list[tuple[Change, str]]]:
        """Make the changes, each on its own: those made, and those refused with the error."""
        done, failed = list[Change](), list[tuple[Change, str]]()
        for change in changes:
            try:
                self._apply(change)
            except twin.Refused as refusal:
                failed.append((change, str(refusal)))
            else:
                done.append(change)
        return done, failed

    def _apply(self, change: Change) -> None:
        if isinstance(change, self.refuses):
            sometimes("change_refused")
            raise twin.Refused("device or resource busy")
        before = self.device
        self.device = twin.after(before, change)
        match change:
            case RemovePeer(public_key):
                self.tunnels.pop(public_key, None)
            case AddPeer(peer):
                self.tunnels.setdefault(peer.public_key, Tunnel())
                self._configured(before, peer.public_key)
            case UpdatePeer(public_key):
                self._configured(before, public_key)
            case SetDevice(up=True):
                for peer in self.device.peers:
                    if peer.keepalive:
                        self._send(peer.public_key)
            case CreateInterface() | _:
                pass

    def _configured(self, before: Device | None, public_key: bytes) -> None:
        """A keepalive that is new is sent at once, which is what begins a handshake."""
        assert before
        assert self.device
        held, peer = twin.find(before, public_key), twin.find(self.device, public_key)
        if peer and peer.keepalive and self.device.up and not (held and held.keepalive):
            self._send(public_key)

    def route(self, inner: Inner) -> None:
        """Send a packet to the peer that has its target among its allowed IPs; nobody's goes nowhere."""
        prefix = f"{inner.target}/{128 if ':' in inner.target else 32}"
        for peer in self.device.peers if self.device and self.device.up else ():
            if prefix in peer.allowed_ips and peer.endpoint is not None:
                self._send(peer.public_key, inner)

    def hear(self, frame: Frame) -> None:
        """A packet reached our port."""
        packet = frame.content
        if self.device is None or not self.device.up or not isinstance(packet, Initiation | Response | Data):
            return
        tunnel, peer = self.tunnels.get(packet.sender), twin.find(self.device, packet.sender)
        if packet.to != self._key or tunnel is None or peer is None:
            return
        match packet:
            case Initiation():
                self._answer(tunnel, peer, packet, frame.source)
            case Response():
                self._conclude(tunnel, peer, packet, frame.source)
            case Data():
                self._receive(tunnel, peer, packet, frame.source)

    def _answer(self, tunnel: Tunnel, peer: DevicePeer, packet: Initiation, source: Endpoint) -> None:
        now = self._world.now
        if packet.timestamp <= tunnel.greatest:
            sometimes("handshake_refused_by_time")
            return
        if tunnel.consumed is not None and now - tunnel.consumed < INITIATION_PAUSE:
            return
        if tunnel.pending is not None:
            sometimes("crossed_handshakes")
        tunnel.greatest, tunnel.consumed, tunnel.pending = packet.timestamp, now, None
        tunnel.rx_bytes += INITIATION_BYTES
        self._received(tunnel, peer, source)
        session = self._new_number()
        tunnel.unconfirmed, tunnel.previous = Session(session, now, False), None
        response = Response(self._key, peer.public_key, packet.handshake, session, peer.preshared)
        self._transmit(tunnel, peer.public_key, RESPONSE_BYTES, response)

    def _conclude(self, tunnel: Tunnel, peer: DevicePeer, packet: Response, source: Endpoint) -> None:
        if packet.handshake != tunnel.pending or packet.preshared != peer.preshared:
            return
        tunnel.rx_bytes += RESPONSE_BYTES
        self._received(tunnel, peer, source)
        if tunnel.present and self._age(tunnel.present) < REJECT_AFTER:
            sometimes("rekeyed")
        tunnel.previous, tunnel.unconfirmed = tunnel.unconfirmed or tunnel.present, None
        tunnel.present = Session(packet.session, self._world.now, True)
        self._shook_hands(tunnel)
        if tunnel.staged:
            self._send_staged(tunnel, peer.public_key)
        else:
            self._send(peer.public_key)

    def _receive(self, tunnel: Tunnel, peer: DevicePeer, packet: Data, source: Endpoint) -> None:
        held = (tunnel.present, tunnel.previous, tunnel.unconfirmed)
        session = next((each for each in held if each and each.number == packet.session), None)
        if session is None or self._age(session) >= REJECT_AFTER:
            return
        tunnel.rx_bytes += _size(packet.inner)
        peer = self._received(tunnel, peer, source)
        if session is tunnel.unconfirmed:
            tunnel.previous, tunnel.present, tunnel.unconfirmed = tunnel.present, session, None
            self._shook_hands(tunnel)
            self._send_staged(tunnel, peer.public_key)
        if session.initiator and self._age(session) >= REKEY_AFTER_RECEIVING:
            self._initiate(tunnel, peer)
        if packet.inner is not None:
            self._note_received(tunnel)
            self._plan(tunnel, peer.public_key)
            self._carrier.deliver(peer.public_key, packet.inner)

    def _received(self, tunnel: Tunnel, peer: DevicePeer, source: Endpoint) -> DevicePeer:
        """Something authentic came from there."""
        tunnel.expected_at = None
        moved = self._roamed(peer, source)
        self._traversed(tunnel, moved)
        return moved

    def _note_received(self, tunnel: Tunnel) -> None:
        if tunnel.passive_at is None:
            tunnel.passive_at = self._world.now + PASSIVE_AFTER
        else:
            tunnel.passive_again = True

    def _send_staged(self, tunnel: Tunnel, public_key: bytes) -> None:
        staged, tunnel.staged = tunnel.staged, []
        for inner in staged:
            self._send(public_key, inner)

    def _shook_hands(self, tunnel: Tunnel) -> None:
        tunnel.handshake = max(1, self._carrier.wall())
        tunnel.pending, tunnel.retry_at, tunnel.attempts = None, None, 0

    def _send(self, public_key: bytes, inner: Inner | None = None) -> None:
        """A packet in the present session, a keepalive if it is nothing else; without a good session, a handshake."""
        peer = self._peer(public_key)
        tunnel = self.tunnels[public_key]
        session = tunnel.present
        if session is None or self._age(session) >= REJECT_AFTER:
            if session is not None:
                sometimes("session_died")
                tunnel.present = None
            if inner is not None:
                tunnel.staged = [*tunnel.staged, inner][-MOST_STAGED:]
            self._initiate(tunnel, peer)
            return
        self._transmit(tunnel, public_key, _size(inner), Data(self._key, public_key, session.number, inner))
        if inner is not None and tunnel.expected_at is None:
            tunnel.expected_at = self._world.now + EXPECTED_AFTER + self._chance.randrange(JITTER)
        self._traversed(tunnel, peer)
        if session.initiator and self._age(session) >= REKEY_AFTER:
            self._initiate(tunnel, peer)

    def _initiate(self, tunnel: Tunnel, peer: DevicePeer, *, again: bool = False) -> None:
        now = self._world.now
        if not again:
            tunnel.attempts = 0
        if tunnel.initiated is not None and now - tunnel.initiated < REKEY_TIMEOUT:
            return
        tunnel.initiated, tunnel.pending = now, self._new_number()
        public_key, stamp = peer.public_key, self._carrier.wall()
        initiation = Initiation(self._key, public_key, tunnel.pending, stamp, peer.preshared)
        self._transmit(tunnel, public_key, INITIATION_BYTES, initiation)
        tunnel.retry_at = now + REKEY_TIMEOUT + self._chance.randrange(JITTER)
        self._traversed(tunnel, peer)

    def _traversed(self, tunnel: Tunnel, peer: DevicePeer) -> None:
        """Something authentic was sent or received: the keepalive waits its whole time again."""
        tunnel.keepalive_at = self._world.now + peer.keepalive * SECOND if peer.keepalive else None
        self._plan(tunnel, peer.public_key)

    def _plan(self, tunnel: Tunnel, public_key: bytes) -> None:
        """One timer a tunnel, for whatever comes first; one that fires too early is set again."""
        timers = (tunnel.keepalive_at, tunnel.retry_at, tunnel.passive_at, tunnel.expected_at)
        wanted = min(filter(None, timers), default=None)  # no timer ends at the instant at which the world begins
        if wanted is not None and (tunnel.timer_at is None or wanted < tunnel.timer_at):
            tunnel.timer_at = wanted
            self._world.at(wanted, self._timer, tunnel, public_key, wanted)

    def _timer(self, tunnel: Tunnel, public_key: bytes, planned: int) -> None:
        if self.tunnels.get(public_key) is not tunnel or tunnel.timer_at != planned:
            return
        tunnel.timer_at = None
        if not self._carrier.is_running():
            return
        now = self._world.now
        if tunnel.retry_at is not None and tunnel.retry_at <= now:
            self._retry(tunnel, public_key)
        if tunnel.expected_at is not None and tunnel.expected_at <= now:
            tunnel.expected_at = None
            self._initiate(tunnel, self._peer(public_key))
        if tunnel.passive_at is not None and tunnel.passive_at <= now:
            self._answer_passively(tunnel, public_key)
        if tunnel.keepalive_at is not None and tunnel.keepalive_at <= now:
            tunnel.keepalive_at = None
            if self._peer(public_key).keepalive:
                self._send(public_key)
        self._plan(tunnel, public_key)

    def _answer_passively(self, tunnel: Tunnel, public_key: bytes) -> None:
        again, tunnel.passive_again = tunnel.passive_again, False
        tunnel.passive_at = None
        self._send(public_key)
        if again:
            tunnel.passive_at = self._world.now + PASSIVE_AFTER

    def _retry(self, tunnel: Tunnel, public_key: bytes) -> None:
        tunnel.retry_at = None
        if tunnel.attempts >= MOST_ATTEMPTS:
            tunnel.pending, tunnel.staged = None, []
            return
        tunnel.attempts += 1
        sometimes("handshake_retried")
        self._initiate(tunnel, self._peer(public_key), again=True)

    def _transmit(self, tunnel: Tunnel, public_key: bytes, size: int, packet: object) -> None:
        peer = self._peer(public_key)
        assert self.device
        if peer.endpoint is not None and self.device.up:
            tunnel.tx_bytes += size
            tunnel.passive_at = None
            self._carrier.transmit(self.device.listen_port, peer.endpoint, size, packet)

    def _roamed(self, peer: DevicePeer, source: Endpoint) -> DevicePeer:
        """Whoever sends what is authentic is answered where it came from."""
        if peer.endpoint == source:
            return peer
        assert self.device
        if peer.endpoint is not None:
            sometimes("tunnel_roamed")
        moved = replace(peer, endpoint=source)
        self.device = twin.roam(self.device, peer, moved)
        return moved

    def _peer(self, public_key: bytes) -> DevicePeer:
        assert self.device
        peer = twin.find(self.device, public_key)
        assert peer
        return peer

    def _age(self, session: Session) -> int:
        return self._world.now - session.born

    def _new_number(self) -> int:
        return self._chance.getrandbits(63)


def _size(inner: Inner | None) -> int:
    """Bytes of UDP payload; what is in a tunnel is padded to sixteen."""
    return DATA_BYTES + (-(-inner.size // 16) * 16 if inner else 0)
