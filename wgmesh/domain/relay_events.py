"""The part of the catalogue that is about relays: who is reached through another, and for whom this node is one."""

from msgspec import Struct

from wgmesh.domain.values import IdentityKey, Port


class RelayPortChosen(Struct, frozen=True, forbid_unknown_fields=True):
    """The UDP port of the second interface, which carries relayed tunnels. At most one a start."""

    port: Port


class PeerRelayed(Struct, frozen=True, forbid_unknown_fields=True):
    """Traffic for the peer goes through `relay` from now on, to this port on its mesh address.

    WireGuard's handshake came through it. A pair changes its way ever more slowly: at most 300 a day and peer.
    """

    identity: IdentityKey
    relay: IdentityKey
    port: Port


class PeerUnrelayed(Struct, frozen=True, forbid_unknown_fields=True):
    """Traffic for the peer no longer goes through `relay`. At most as many as of `PeerRelayed`.

    `reason`: `direct`, the direct way was tried and held; `silent`, nothing came through it any more; `lost`, the relay
    itself is not reached any more; `revoked`, it says that it does not serve the pair; `gone`, the peer is.
    """

    identity: IdentityKey
    relay: IdentityKey
    reason: str


class RelayOpened(Struct, frozen=True, forbid_unknown_fields=True):
    """This node passes ciphertext on between two peers that both asked for it. At most 64 pairs, 300 a day and pair.

    Each has a gate, a port on our mesh address at which the other reaches it, and listens itself on its own port.
    """

    first: IdentityKey
    second: IdentityKey
    first_port: Port
    second_port: Port
    first_gate: Port
    second_gate: Port


class RelayClosed(Struct, frozen=True, forbid_unknown_fields=True):
    """This node passes nothing on between the two any more. At most as many as of `RelayOpened`.

    `reason`: `idle`, `lost` (one of them is not reached), `unwilling` (the operator's `--no-relay`), `blocked` (a port
    could not be had).
    """

    first: IdentityKey
    second: IdentityKey
    reason: str
