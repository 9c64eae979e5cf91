"""Whether a tunnel is answered: what WireGuard received against what it sent, from one sample to the next.

WireGuard answers whatever it receives within 10 s, and begins a handshake 5 s after that when nothing came. So a tunnel
into which more was sent than keepalives, and out of which nothing came for 20 s, leads nowhere. All times are ms.
"""

from wgmesh.domain.device import Traffic
from wgmesh.domain.relay_state import Flow
from wgmesh.domain.values import SECOND

# What is no more than keepalives: the first message of a handshake has 148 bytes.
ASKED_BYTES = 148
# After so long without an answer to something; and to keepalives alone, of which two were to come.
UNANSWERED = 20 * SECOND
QUIET = 65 * SECOND


def measure(flow: Flow | None, traffic: Traffic, now: int) -> Flow:
    """The flow after one more sample; the first only sets the mark."""
    if flow is not None and flow.rx_bytes == traffic.rx_bytes:
        return flow
    return Flow(traffic.rx_bytes, traffic.tx_bytes, now)


def is_unanswered(flow: Flow, traffic: Traffic, now: int) -> bool:
    """Was more than a keepalive sent for so long, and nothing came back?"""
    return now - flow.heard >= UNANSWERED and traffic.tx_bytes - flow.tx_bytes >= ASKED_BYTES


def is_dead(flow: Flow, traffic: Traffic, now: int) -> bool:
    """Does a tunnel with keepalives from both sides lead nowhere?"""
    return now - flow.heard >= QUIET or is_unanswered(flow, traffic, now)
