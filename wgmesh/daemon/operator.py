"""What the operator may ask of a running daemon through the control socket; each answer is one JSON object."""

from collections.abc import Callable
from typing import Any

import msgspec

from wgmesh.daemon.freezer import Freezer
from wgmesh.daemon.tunnel import Tunnel
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.inputs import Input, Leave
from wgmesh.domain.values import Endpoint


class Operator:
    """Answers `{"verb": "sample"}` and `{"verb": "leave"}`."""

    def __init__(self, tunnel: Tunnel, freezer: Freezer, put: Callable[[Input], None]) -> None:
        self._tunnel = tunnel
        self._freezer = freezer
        self._put = put

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request; WgmeshError for what cannot be done."""
        match request.get("verb"):
            case "sample":
                return await self._sample()
            case "leave":
                if self._freezer.since is not None:
                    raise WgmeshError("the disk is full, so nothing can be recorded: make room on it, then leave")
                self._put(Leave())
                return {"ok": True}
            case verb:
                raise WgmeshError(f"this daemon does not know the request {verb!r}: is the command newer than it?")

    async def _sample(self) -> dict[str, Any]:
        """The device as it is now, secrets named by generation, and WireGuard's counters by public key."""
        self._put(await self._tunnel.look())
        sample = self._tunnel.sample
        device = sample.device if sample else None
        endpoints = {peer.public_key: peer.endpoint for peer in device.peers} if device else {}
        return {
            "ok": True,
            "device": msgspec.to_builtins(device),
            "traffic": [
                msgspec.to_builtins(traffic) | {"endpoint": _text(endpoints.get(traffic.public_key))}
                for traffic in (sample.traffic if sample else ())
            ],
            "frozen": None
            if self._freezer.since is None
            else {
                "since": self._freezer.since,
                "dropped": self._freezer.dropped,
            },
        }


def _text(endpoint: Endpoint | None) -> str | None:
    return None if endpoint is None else str(endpoint)
