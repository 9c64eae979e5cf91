"""Who announced what to us: addresses by infohash, for half an hour, each table bounded.

A token ties an announcement to the address that asked for it shortly before, so nobody announces somebody else.
"""

import hashlib
import hmac

from wgmesh.domain.values import MINUTE, Endpoint

# BEP 5 nodes announce again within half an hour.
LIFE = 30 * MINUTE
INFOHASH_CAP = 512
PEERS_CAP = 64
# A token is good for this period and the one after it.
TOKEN_PERIOD = 5 * MINUTE
TOKEN_BYTES = 8


class Swarms:
    """`secret`: 32 random bytes. Times are ms."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._swarms: dict[bytes, dict[Endpoint, int]] = {}

    def token(self, ip: str, now: int) -> bytes:
        """What this address has to bring with its announcement."""
        return self._token(ip, now // TOKEN_PERIOD)

    def is_good(self, token: bytes, ip: str, now: int) -> bool:
        """Did we give this token to that address in this period or the one before?"""
        period = now // TOKEN_PERIOD
        return any(hmac.compare_digest(token, self._token(ip, each)) for each in (period, period - 1))

    def put(self, infohash: bytes, peer: Endpoint, now: int) -> None:
        """Keep an announcement; the oldest goes where there is no room."""
        swarm = self._swarms.pop(infohash, {})
        swarm.pop(peer, None)
        if len(swarm) >= PEERS_CAP:
            del swarm[next(iter(swarm))]
        if len(self._swarms) >= INFOHASH_CAP:
            del self._swarms[next(iter(self._swarms))]
        swarm[peer] = now
        self._swarms[infohash] = swarm

    def peers(self, infohash: bytes, now: int) -> list[Endpoint]:
        """Who announced it within half an hour, newest first."""
        swarm = self._swarms.get(infohash, {})
        return [peer for peer, since in reversed(swarm.items()) if now - since < LIFE]

    def _token(self, ip: str, period: int) -> bytes:
        return hmac.digest(self._secret, f"{ip} {period}".encode(), hashlib.sha256)[:TOKEN_BYTES]
