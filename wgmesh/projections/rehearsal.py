"""What a node would do to WireGuard if it started now, and which of that nobody expects of a mere restart.

Endpoints of peers take turns, so that one is set anew is routine. Anything else means that this version of wgmesh, or
somebody's hand on the device, wants it otherwise than it is.
"""

from wgmesh.domain.device import Change, DeviceSample, Traffic, UpdatePeer
from wgmesh.domain.mesh import Mesh
from wgmesh.projections.desired_device import desired_device
from wgmesh.projections.device_changes import differences
from wgmesh.projections.peers import Live
from wgmesh.projections.wanted_changes import wanted_changes


def on_this_device(mesh: Mesh, live: Live, now: int) -> tuple[Change, ...]:
    """The changes to the device that a running daemon sees; `now` is ms on `awake`."""
    traffic = tuple(
        Traffic(each.public_key, each.handshaken, each.handshake_age, each.received_age, each.rx_bytes, each.tx_bytes)
        for each in live.traffic
    )
    return wanted_changes(mesh, DeviceSample(live.device, traffic), now)


def against_what_was_wished(there: Mesh, here: Mesh) -> tuple[Change, ...]:
    """The changes from the device that another version wished for to the one that this version wishes for."""
    wished = desired_device(there, there.head.awake)
    return differences(wished, desired_device(here, here.head.awake))


def is_routine(change: Change) -> bool:
    """Would any restart do this, at some moment?"""
    return isinstance(change, UpdatePeer) and change.preshared is None and change.allowed_ips is None
