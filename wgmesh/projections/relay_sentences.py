"""The sentences of the log about relays."""

from typing import assert_never

from wgmesh.domain.events import PeerRelayed, PeerUnrelayed, RelayClosed, RelayOpened, RelayPortChosen
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.relay_folding import RelayEvent
from wgmesh.projections.wording import name_of

_CLOSED = {
    "idle": "neither said anything for three minutes",
    "lost": "one of them is no longer reached directly",
    "unwilling": "the operator does not want it",
    "blocked": "a port for it could not be had",
}


def relay_sentence(before: Mesh, event: RelayEvent) -> str:
    """What the record says; `before`: the mesh as it stood then."""
    match event:
        case RelayPortChosen(port):
            return f"relayed tunnels, if any, use UDP port {port}"
        case PeerRelayed(identity, relay, _):
            return f"{name_of(before, identity)} is reached through {name_of(before, relay)}, which cannot read it"
        case PeerUnrelayed(identity, relay, reason):
            return _unrelayed(name_of(before, identity), name_of(before, relay), reason)
        case RelayOpened(first, second):
            return f"relays ciphertext between {name_of(before, first)} and {name_of(before, second)}"
        case RelayClosed(first, second, reason):
            pair = f"{name_of(before, first)} and {name_of(before, second)}"
            return f"no longer relays between {pair}: {_CLOSED.get(reason, reason)}"
        case _:
            assert_never(event)


def _unrelayed(peer: str, relay: str, reason: str) -> str:
    match reason:
        case "direct":
            return f"{peer} is reached directly, no longer through {relay}: the direct way has held"
        case "silent":
            return f"nothing comes from {peer} through {relay} any more"
        case "lost":
            return f"{relay}, through which {peer} was reached, is not reached itself"
        case "revoked":
            return f"{relay} does not relay to {peer} any more"
        case _:
            return f"{peer} is gone, and with it the way through {relay}"
