"""What we asked and wait to hear echoed: who answers it can read what is sent to that address, now.

A challenge is 16 random bytes, good for one answer, from one address, for ten seconds.
"""

from msgspec import Struct

from wgmesh.domain.values import SECOND, Endpoint

CHALLENGE_BYTES = 16
# Three round trips over the worst of links.
LIFE = 10 * SECOND
# Open questions at once; the oldest goes first, and whoever asked it asks again.
CAP = 1024


class Challenge(Struct, frozen=True):
    """Whom we asked (32 bytes of identity), where, and when (`awake`, ms)."""

    identity: bytes
    address: Endpoint
    asked: int


class Challenges:
    """The open ones, oldest first."""

    def __init__(self) -> None:
        self._open: dict[bytes, Challenge] = {}

    def ask(self, challenge: bytes, identity: bytes, address: Endpoint, now: int) -> None:
        """Remember a challenge that is about to be sent."""
        if len(self._open) >= CAP:
            del self._open[next(iter(self._open))]
        self._open[challenge] = Challenge(identity, address, now)

    def find(self, echo: bytes, address: Endpoint, now: int) -> bytes | None:
        """The identity that was asked this at this address and still may answer; None if nobody was."""
        known = self._open.get(echo)
        if known is None or known.address != address or now - known.asked > LIFE:
            return None
        return known.identity

    def close(self, echo: bytes) -> None:
        """It was answered: nobody answers it again."""
        self._open.pop(echo, None)
