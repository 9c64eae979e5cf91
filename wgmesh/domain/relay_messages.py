"""What members say about relaying, inside their tunnels: an ask, an offer, a grant, a denial.

Whoever wants a peer relayed asks the relay; the relay offers it to the other side, and grants when both have asked.
"""

from typing import Annotated

from msgspec import Meta, Struct

from wgmesh.domain.values import IdentityKey

# First element of the array that each message is.
RELAY_ASK, RELAY_OFFER, RELAY_GRANT, RELAY_DENIAL = range(32, 36)

_Port = Annotated[int, Meta(ge=1, le=65535)]


class RelayAsk(Struct, frozen=True, array_like=True, tag=RELAY_ASK, forbid_unknown_fields=True):
    """Relay between me and this peer: I listen on this UDP port of my mesh address."""

    peer: IdentityKey
    port: _Port


class RelayOffer(Struct, frozen=True, array_like=True, tag=RELAY_OFFER, forbid_unknown_fields=True):
    """This peer asks me to relay between you and it: ask me too, if you will."""

    peer: IdentityKey


class RelayGrant(Struct, frozen=True, array_like=True, tag=RELAY_GRANT, forbid_unknown_fields=True):
    """What you send to this UDP port of my mesh address reaches the peer, and what it sends comes from there."""

    peer: IdentityKey
    port: _Port


class RelayDenial(Struct, frozen=True, array_like=True, tag=RELAY_DENIAL, forbid_unknown_fields=True):
    """I do not relay between you and this peer, or no longer."""

    peer: IdentityKey


RelayMessage = RelayAsk | RelayOffer | RelayGrant | RelayDenial
