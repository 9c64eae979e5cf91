"""How long ago a peer gave a sign: the time since *we* saw WireGuard's figures change, on a steady clock.

The handshake times that WireGuard tells are on the wall clock, which steps: they say that something happened, not when.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from wgmesh.domain.device import Traffic
from wgmesh.domain.values import PublicKey


class Counters(Struct, frozen=True):
    """WireGuard's figures of one peer: the last handshake in ns of wall-clock time (0: never), bytes in and out."""

    public_key: PublicKey
    handshake: int
    rx_bytes: int
    tx_bytes: int


class _Seen(Struct, frozen=True):
    handshake: int = 0
    rx_bytes: int = 0
    handshake_at: int | None = None
    received_at: int | None = None


class Ages:
    """Remembers what each peer's figures were and when they changed; `awake` is a steady clock in ms."""

    def __init__(self, awake: Callable[[], int]) -> None:
        self._awake = awake
        self._seen: dict[PublicKey, _Seen] | None = None

    def traffic(self, counters: Sequence[Counters]) -> tuple[Traffic, ...]:
        """What is said of each peer now. To be called at every sample, with nothing if there is no device.

        The first call only learns the figures: what they grew to before may be long ago. A peer that comes later
        starts at nothing, so its first handshake is a change, however soon it was.
        """
        now = self._awake()
        self._seen = {each.public_key: self._look(each, now) for each in counters}
        return tuple(_traffic(each, self._seen[each.public_key], now) for each in counters)

    def _look(self, counters: Counters, now: int) -> _Seen:
        if self._seen is None:
            return _Seen(counters.handshake, counters.rx_bytes)
        before = self._seen.get(counters.public_key, _Seen())
        # Zero is what figures begin with: a peer that was taken off and put back has given no sign by that.
        shook_hands = counters.handshake not in (0, before.handshake)
        received = counters.rx_bytes not in (0, before.rx_bytes)
        return _Seen(
            counters.handshake,
            counters.rx_bytes,
            now if shook_hands else before.handshake_at,
            now if received else before.received_at,
        )


def _traffic(counters: Counters, seen: _Seen, now: int) -> Traffic:
    return Traffic(
        public_key=counters.public_key,
        handshaken=counters.handshake > 0,
        handshake_age=None if seen.handshake_at is None else now - seen.handshake_at,
        received_age=None if seen.received_at is None else now - seen.received_at,
        rx_bytes=counters.rx_bytes,
        tx_bytes=counters.tx_bytes,
    )
