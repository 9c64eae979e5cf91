"""Whether a tunnel is answered: what WireGuard received against what it sent, from one sample to the next.

WireGuard answers whatever it receives within 10 s, and begins a handshake 5 s after that when nothing came. So a tunnel
into which more was sent than keepalives, and out of which nothing came for 20 s, leads nowhere. A keepalive is no
question, and puts off that of the other side: an idle tunnel may be heard on one side at its handshakes alone, every
two minutes. Where somebody speaks all the time the other mostly does, too: three seconds of silence are reason enough
to ask for a sign, and no more than that. All times are ms.
"""

from wgmesh.domain.device import Traffic
from wgmesh.domain.relay_state import Flow
from wgmesh.domain.values import SECOND

# What is more than keepalives: the first message of a handshake has 148 bytes; and what they come to, every 25 s.
ASKED_BYTES = 148
KEEPALIVE_BYTES, KEEPALIVE = 32, 25 * SECOND
# After so long without an answer to something; and without the handshake that is due after 120 s, with its retries.
UNANSWERED = 20 * SECOND
QUIET = 175 * SECOND
# Bytes a second that are somebody's traffic: a ping a second has 128, our own gossip with a neighbour on the ring 40.
TRAFFIC_RATE = 100
# What is said all the time is mostly answered within this.
ODD_AFTER = 3 * SECOND


def measure(flow: Flow | None, traffic: Traffic, now: int) -> Flow:
    """The flow after one more sample; the first only sets the mark."""
    if flow is not None and flow.rx_bytes == traffic.rx_bytes:
        return flow
    return Flow(traffic.rx_bytes, traffic.tx_bytes, now)


def is_unanswered(flow: Flow, traffic: Traffic, now: int) -> bool:
    """Was more than a keepalive sent for so long, and nothing came back?"""
    silence = now - flow.heard
    upkeep = KEEPALIVE_BYTES * (silence // KEEPALIVE + 1)
    return silence >= UNANSWERED and traffic.tx_bytes - flow.tx_bytes >= ASKED_BYTES + upkeep


def carries_traffic(flow: Flow, traffic: Traffic, now: int) -> bool:
    """Did somebody use the tunnel since something last came out of it?"""
    sent = traffic.tx_bytes - flow.tx_bytes
    return sent >= ASKED_BYTES and sent * SECOND >= TRAFFIC_RATE * (now - flow.heard)


def is_odd(flow: Flow, traffic: Traffic, now: int) -> bool:
    """Is it to be asked for a sign?"""
    is_cut_short = now - flow.heard >= ODD_AFTER and carries_traffic(flow, traffic, now)
    return is_cut_short or is_unanswered(flow, traffic, now)


def is_dead(flow: Flow, traffic: Traffic, now: int) -> bool:
    """Does a tunnel with keepalives from both sides lead nowhere?"""
    return now - flow.heard >= QUIET or is_unanswered(flow, traffic, now)
