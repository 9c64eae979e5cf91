"""What the operator may ask of a running daemon through the control socket; each answer is one JSON object."""

import base64
from collections.abc import Callable
from typing import Any

import msgspec

from wgmesh.adapters.forwarding import forwarding_off
from wgmesh.daemon.freezer import Freezer
from wgmesh.daemon.tunnel import Tunnel
from wgmesh.domain.device import DeviceSample
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.inputs import Ban, Input, Leave, Rejected, Unban
from wgmesh.domain.values import Endpoint

KEY_BYTES = 32


class Operator:
    """Answers the verbs `sample`, `leave`, and with a `public_key` in base64 `ban` and `unban`."""

    def __init__(
        self, tunnel: Tunnel, freezer: Freezer, put: Callable[[Input], None], rejected: Callable[[], Rejected]
    ) -> None:
        self._tunnel = tunnel
        self._freezer = freezer
        self._put = put
        self._rejected = rejected

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request; WgmeshError for what cannot be done."""
        match request.get("verb"):
            case "sample":
                return await self._sample()
            case "leave":
                return self._decide(Leave())
            case "ban":
                return self._decide(Ban(_key(request)))
            case "unban":
                return self._decide(Unban(_key(request)))
            case verb:
                raise WgmeshError(f"this daemon does not know the request {verb!r}: is the command newer than it?")

    def _decide(self, wish: Input) -> dict[str, Any]:
        """Put it to the node; what cannot be recorded is not done either."""
        if self._freezer.since is not None:
            raise WgmeshError("the disk is full, so nothing can be recorded: make room on it, then ask again")
        self._put(wish)
        return {"ok": True}

    async def _sample(self) -> dict[str, Any]:
        """The device as it is now, secrets named by generation, and WireGuard's counters by public key.

        `relayed`: those of the second interface, for peers that are or were just now reached through a relay.
        """
        self._put(await self._tunnel.look())
        sample, relay = self._tunnel.sample, self._tunnel.relay
        rejected = self._rejected()
        return {
            "ok": True,
            "device": msgspec.to_builtins(sample.device if sample else None),
            "traffic": _traffic(sample),
            "relayed": _traffic(relay.sample if relay else None),
            "unforwarded": list(forwarding_off()),
            "frozen": None
            if self._freezer.since is None
            else {
                "since": self._freezer.since,
                "dropped": self._freezer.dropped,
            },
            "rejected": {"counts": rejected.counts, "sources": rejected.sources},
        }


def _traffic(sample: DeviceSample | None) -> list[dict[str, Any]]:
    """The counters of one interface, each with the endpoint that the peer has there."""
    device = sample.device if sample else None
    endpoints = {peer.public_key: peer.endpoint for peer in device.peers} if device else {}
    return [
        msgspec.to_builtins(traffic) | {"endpoint": _text(endpoints.get(traffic.public_key))}
        for traffic in (sample.traffic if sample else ())
    ]


def _key(request: dict[str, Any]) -> bytes:
    try:
        key = base64.b64decode(request["public_key"], validate=True)
    except (KeyError, TypeError, ValueError) as error:
        raise WgmeshError("a request to ban or unban names a public key in base64") from error
    if len(key) != KEY_BYTES:
        raise WgmeshError(f"a public key has {KEY_BYTES} bytes")
    return key


def _text(endpoint: Endpoint | None) -> str | None:
    return None if endpoint is None else str(endpoint)
