"""What to do to WireGuard now: the desired device against the sampled one, with what the log knows of the peers.

An endpoint is WireGuard's own business while the peer is connected, by the log or by a handshake that was just seen.
A peer that just sent something is in the middle of a handshake: its endpoint, learnt from that, must not be taken away.
A peer that fell silent is put on the device anew, and again after a try of its that came to nothing: WireGuard takes no
handshake that is dated before the last one, so a peer whose clock was set back would be shut out until it caught up.
Whoever has not shaken hands on this device has a keepalive, whatever is wished: it is what makes WireGuard begin.
While this machine moves from one network to another, a keepalive that was off stays off: each connected peer is spoken
to then anyway, and where it will be found is not known yet.
A peer is ours to take away if the log knows it, or if it has our preshared key: then a log that was lost knew it.
"""

from collections.abc import Container

from msgspec.structs import replace

from wgmesh.domain.device import NO_KEY, Change, Device, DeviceSample, Traffic
from wgmesh.domain.endpoints import detour
from wgmesh.domain.keepalive import KEEPALIVE_SECONDS
from wgmesh.domain.liveness import SILENT_AFTER, heard_age
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import SECOND, PublicKey
from wgmesh.projections.desired_device import desired_device
from wgmesh.projections.device_changes import device_changes

# WireGuard's REKEY_TIMEOUT: a handshake that was not finished after so long is begun again.
HANDSHAKE_TIMEOUT = 5 * SECOND
# A link that comes up, an address that is given, a peer that is heard there: by then a machine has moved.
MOVES_FOR = 6 * SECOND


def wanted_changes(mesh: Mesh, sample: DeviceSample, now: int, desired: Device | None = None) -> tuple[Change, ...]:
    """The changes to make at `now` (ms on `awake`); empty when the device is as it should be.

    `desired`: what a running node wishes for now; None: `desired_device`, as if each peer were tried in its own time.
    """
    peers = mesh.peers.values()
    silent = {peer.public_key: True for peer in peers if peer.disconnected}
    handshaken = {traffic.public_key: True for traffic in sample.traffic if traffic.handshaken}
    connected = {peer.public_key: True for peer in peers if peer.connected}
    # Of one that was never met as well: a lost log may have known it.
    fallen = {
        traffic.public_key: True
        for traffic in sample.traffic
        if (traffic.handshaken or traffic.rx_bytes)
        and traffic.public_key not in connected
        and _is_over(mesh, traffic, now)
    }
    fresh = connected | {key: True for key in handshaken if key not in silent}
    moved = {peer.public_key: True for peer in peers if detour(mesh, peer, now)}
    known = {peer.public_key: True for peer in peers}
    if sample.device:
        known |= {peer.public_key: True for peer in sample.device.peers if peer.preshared > NO_KEY}
    return device_changes(
        sample.device,
        _begun(_settling(mesh, desired or desired_device(mesh, now), sample.device, now), handshaken),
        known=known,
        fresh={key: True for key in fresh if key not in moved},
        handshaken=handshaken | {each.public_key: True for each in sample.traffic if _is_calling(mesh, each, now)},
        fallen=fallen,
    )


def _settling(mesh: Mesh, desired: Device, actual: Device | None, now: int) -> Device:
    """The device with no keepalive for the connected who had none, for a moment after our networks changed."""
    if actual is None or now - mesh.networked.awake >= MOVES_FOR:
        return desired
    connected = {peer.public_key: True for peer in mesh.present_peers if peer.connected}
    idle = {it.public_key: True for it in actual.peers if it.public_key in connected and not it.keepalive}
    peers = (replace(peer, keepalive=0) if peer.public_key in idle else peer for peer in desired.peers)
    return replace(desired, peers=tuple(peers))


def _begun(desired: Device, handshaken: Container[PublicKey]) -> Device:
    """The device with a keepalive for whoever never shook hands on it: that is what makes WireGuard begin."""
    peers = (
        replace(peer, keepalive=KEEPALIVE_SECONDS) if peer.endpoint and peer.public_key not in handshaken else peer
        for peer in desired.peers
    )
    return replace(desired, peers=tuple(peers))


def _is_calling(mesh: Mesh, traffic: Traffic, now: int) -> bool:
    """Did something authentic come of it within one handshake? Its first message already tells where it is.

    What came before this run began has no age: it may have come just then.
    """
    assert mesh.started
    age = traffic.received_age
    if age is None and traffic.rx_bytes:
        age = now - mesh.started.awake
    return age is not None and age < HANDSHAKE_TIMEOUT


def _is_over(mesh: Mesh, traffic: Traffic, now: int) -> bool:
    """Was nothing heard for longer than a session lives? A fresh run has to wait before it can tell."""
    assert mesh.started
    age = heard_age(traffic)
    return (age if age is not None else now - mesh.started.awake) > SILENT_AFTER
