"""How long ago a peer gave a sign: the time since a look found WireGuard's figures changed, as in the daemon."""

from collections.abc import Iterable
from typing import NamedTuple

from tests.simulation.packets import Tunnel
from wgmesh.domain.device import Traffic


class Figures(NamedTuple):
    """What was seen of a peer at the last sample, and when (steady ms) it last changed."""

    handshake: int = 0
    rx_bytes: int = 0
    handshake_at: int | None = None
    received_at: int | None = None


class Ages:
    """What one run of a daemon has seen of each peer."""

    def __init__(self) -> None:
        self._seen: dict[bytes, Figures] | None = None

    def traffic(self, tunnels: Iterable[tuple[bytes, Tunnel]], now: int) -> tuple[Traffic, ...]:
        """What is said of each peer at this moment (steady ms). The first look only learns the figures."""
        before, self._seen = self._seen, {}
        told = []
        for public_key, tunnel in tunnels:
            seen = _look(tunnel, None if before is None else before.get(public_key, Figures()), now)
            self._seen[public_key] = seen
            told.append(_traffic(public_key, tunnel, seen, now))
        return tuple(told)


def _look(tunnel: Tunnel, before: Figures | None, now: int) -> Figures:
    """A first look only learns the figures; zero is what they begin with and no sign of anything."""
    if before is None:
        return Figures(tunnel.handshake, tunnel.rx_bytes)
    if (tunnel.handshake, tunnel.rx_bytes) == before[:2]:
        return before
    shook_hands = tunnel.handshake not in (0, before.handshake)
    received = tunnel.rx_bytes not in (0, before.rx_bytes)
    return Figures(
        tunnel.handshake,
        tunnel.rx_bytes,
        now if shook_hands else before.handshake_at,
        now if received else before.received_at,
    )


def _traffic(public_key: bytes, tunnel: Tunnel, seen: Figures, now: int) -> Traffic:
    return Traffic(
        public_key,
        tunnel.handshake > 0,
        None if seen.handshake_at is None else now - seen.handshake_at,
        None if seen.received_at is None else now - seen.received_at,
        tunnel.rx_bytes,
        tunnel.tx_bytes,
    )
