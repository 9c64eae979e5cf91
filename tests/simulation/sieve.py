"""What the LAN layer throws away before anything is opened: wrong sizes, sources that are not on the link, repeats."""

from wgmesh.domain.envelope import UNDERLAY_SIZES
from wgmesh.domain.values import SECOND

# As in the real layer: within so long the very same bytes are one datagram; so many are remembered.
REPEAT_MS = SECOND
REMEMBERED = 4096


class Sieve:
    """Remembers what it has seen, oldest first."""

    def __init__(self) -> None:
        self._heard: dict[bytes, int] = {}

    def fault(self, data: bytes, is_on_link: bool) -> str:
        """`size` or `off-link`; empty if there is none."""
        if len(data) not in UNDERLAY_SIZES:
            return "size"
        return "" if is_on_link else "off-link"

    def repeats(self, data: bytes, now: int) -> bool:
        """Were these very bytes there a moment ago? From now on they were (ms)."""
        heard = self._heard.pop(data, None)
        self._heard[data] = now
        if len(self._heard) > REMEMBERED:
            del self._heard[next(iter(self._heard))]
        return heard is not None and now - heard < REPEAT_MS
