"""Which address of a peer WireGuard tries, and when. Claims take turns; only a handshake proves one.

Exactly one side begins the first handshake: two that cross cost 5 to 15 s. The other side waits, gets its endpoint by
roaming, and takes the role for one try, out of step, after 6 s without. A claim never proven holds the slot for 6 s,
once a minute at first and every five minutes later; between turns the peer is on the device without an endpoint, so
that the other side can still reach us. All times are ms on `awake`.
"""

import ipaddress
from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct

from wgmesh.domain import routes
from wgmesh.domain.attached import is_on_link, lans, networks_of
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.parameters import Parameters
from wgmesh.domain.peer import PUNCH, Claim, Peer
from wgmesh.domain.values import MINUTE, SECOND, Endpoint, IdentityKey, Interface, network_of

Prefixes = tuple[str, ...]
# By identity, where a peer is tried now though nothing but a claim stands for it.
Tried = Mapping[IdentityKey, Endpoint]

# How long a claim holds WireGuard's slot: one initiation and one retry after 5 s.
TURN = 6 * SECOND
# The waiting side's own try: after a turn without a handshake, half-way between the initiator's retries.
OUT_OF_STEP = TURN + 2500
# Who fell silent is most likely where it was: what was known before that was proven has its turns only after this.
HELD = MINUTE // 2
# When the rounds of turns begin: a minute apart, then two, four, and at last every five.
ROUNDS = (0, MINUTE, 3 * MINUTE, 7 * MINUTE)
LATER_ROUNDS = 5 * MINUTE
# A record that came by itself waits so long for the exchange to be confirmed before its claims are tried.
UNCONFIRMED_PAUSE = 2 * SECOND


class Surroundings(Struct, frozen=True, cache_hash=True):
    """What an address is judged by. `covered`: the prefixes that go through the mesh."""

    parameters: Parameters
    interfaces: tuple[Interface, ...]
    virtual: Prefixes
    covered: Prefixes


def surroundings(mesh: Mesh, covered: Prefixes | None = None) -> Surroundings:
    """Those of a node now. `covered`: where whoever asks often has asked for that already."""
    assert mesh.parameters
    covered = routes.covered(mesh) if covered is None else covered
    return Surroundings(mesh.parameters, mesh.interfaces, mesh.virtual, covered)


def objection(mesh: Mesh, endpoint: Endpoint, covered: Prefixes | None = None) -> str:
    """Why an address is never used as an endpoint, whoever claims it; empty when it may be."""
    return _objection(surroundings(mesh, covered), endpoint)


@lru_cache(maxsize=4096)  # asked of every claim whenever time passes; reading addresses from text is most of it
def _objection(here: Surroundings, endpoint: Endpoint) -> str:
    ip = ipaddress.ip_address(endpoint.ip)
    objections = {
        "port 0": endpoint.port == 0,
        "unspecified": ip.is_unspecified,
        "loopback": ip.is_loopback,
        "multicast": ip.is_multicast,
        "link-local": ip.is_link_local and not (endpoint.scope and ip.version == 6),
        "reserved": (ip.version == 4 and ip.is_reserved) or (ip.version == 6 and ip.ipv4_mapped is not None),
        "within the mesh": is_within_mesh(here.parameters, here.interfaces, ip),
        "broadcast": _is_broadcast(here.interfaces, ip),
        "in a network of containers or of another VPN": any(ip in network for network in networks_of(here.virtual)),
        "behind a route through the mesh": any(ip in network for network in networks_of(here.covered)),
    }
    return next((reason for reason, holds in objections.items() if holds), "")


def candidates(mesh: Mesh, peer: Peer, covered: Prefixes | None = None) -> tuple[Claim, ...]:
    """The peer's usable claims, best first: seen by ourselves, then by its record; link-local ones behind others.

    Of those that we saw, the ways that were probed come first: what answered elsewhere answered from another port.
    """
    return _candidates(surroundings(mesh, covered), peer)


def _candidates(here: Surroundings, peer: Peer) -> tuple[Claim, ...]:
    claims: dict[Endpoint, Claim] = {}
    for claim in (*peer.observed, *peer.claims):
        if not _objection(here, claim.endpoint):
            claims.setdefault(claim.endpoint, claim)
    return tuple(sorted(claims.values(), key=lambda claim: (bool(claim.endpoint.scope), claim.source != PUNCH)))


def is_hearsay(peer: Peer, claim: Claim) -> bool:
    """Does nothing but somebody's word stand for this claim? Then it may be the address of a third."""
    return claim.endpoint != peer.proven and all(claim.endpoint != seen.endpoint for seen in peer.observed)


def turn(
    mesh: Mesh, peer: Peer, now: int, covered: Prefixes | None = None, tried: Tried | None = None
) -> Endpoint | None:
    """The endpoint that WireGuard should hold for the peer now; None where it is not our turn.

    `tried`: the hearsay that `sparing` lets be tried now; None: all of it in its time.
    """
    if peer.proven and not peer.disconnected:
        return detour(mesh, peer, now) or _usable(mesh, peer.proven, covered)
    claim = on_turn(mesh, peer, now, covered)
    if claim and (tried is None or not is_hearsay(peer, claim)):
        return claim.endpoint
    return (tried or {}).get(peer.identity) or _usable(mesh, peer.proven, covered)


def on_turn(mesh: Mesh, peer: Peer, now: int, covered: Prefixes | None = None) -> Claim | None:
    """The claim of a peer that is not connected whose time it is."""
    due = (claim for claim, begins in turns(mesh, peer, now, covered) if begins <= now < begins + TURN)
    return next(due, None)


def _usable(mesh: Mesh, proven: Endpoint | None, covered: Prefixes | None) -> Endpoint | None:
    """What was proven once can have become our own LAN's broadcast address, or lie behind a route, since."""
    return None if proven is None or objection(mesh, proven, covered) else proven


def detour(mesh: Mesh, peer: Peer, now: int) -> Endpoint | None:
    """Where a connected peer answered since our networks changed, if it was proven at an address no link of ours has.

    Who moved to another network cannot wait 180 s for the silence: the address is tried at once, for as long as a turn.
    """
    claim = _just_met_after_a_move(mesh, peer, now)
    return claim.endpoint if claim else None


def _end_of_detour(mesh: Mesh, peer: Peer, now: int) -> int | None:
    claim = _just_met_after_a_move(mesh, peer, now)
    return claim.since.awake + TURN if claim else None


def _just_met_after_a_move(mesh: Mesh, peer: Peer, now: int) -> Claim | None:
    if peer.proven is None or not peer.observed:
        return None
    assert peer.proved
    if peer.proved.sequence > mesh.networked.sequence:  # it is where it shook hands with us, here where we are
        return None
    newest = peer.observed[0]
    is_over = now >= newest.since.awake + TURN or newest.since.sequence <= mesh.networked.sequence
    return None if is_over or newest.endpoint == peer.proven or is_on_link(mesh, peer.proven) else newest


def next_change(mesh: Mesh, peer: Peer, now: int, covered: Prefixes | None = None) -> int | None:
    """When `turn` gives another answer by the passing of time alone; None if never."""
    if peer.proven and not peer.disconnected:
        return _end_of_detour(mesh, peer, now)
    edges = (edge for _, begins in turns(mesh, peer, now, covered) for edge in (begins, begins + TURN))
    return min((edge for edge in edges if edge > now), default=None)


def turns(mesh: Mesh, peer: Peer, now: int, covered: Prefixes | None = None) -> list[tuple[Claim, int]]:
    """Each usable claim with the beginning of its present turn, which may be to come, and with that of its next."""
    starts = _starts(surroundings(mesh, covered), peer, mesh.is_initiator_for(peer))
    return [(claim, start + offset) for claim, start in starts for offset in _rounds(now - start, len(starts))]


@lru_cache(maxsize=512)  # asked of every peer at every look, and the same until something is recorded of it
def _starts(here: Surroundings, peer: Peer, is_initiator: bool) -> tuple[tuple[Claim, int], ...]:
    """When the first turn of each usable claim begins."""
    return tuple(
        (claim, max(_begins(peer, claim), claim.since.awake) + _pause(peer, claim, is_initiator) + place * TURN)
        for place, claim in enumerate(_candidates(here, peer))
    )


def _begins(peer: Peer, claim: Claim) -> int:
    """When the peer may first be tried there."""
    if peer.disconnected:
        is_older = peer.proved is not None and claim.since.sequence < peer.proved.sequence
        return peer.disconnected.awake + (HELD if is_older else 0)
    seen = [claim.since.awake for claim in peer.observed]
    return min(seen) if seen else peer.discovered.awake + UNCONFIRMED_PAUSE


def _pause(peer: Peer, claim: Claim, is_initiator: bool) -> int:
    """How long the side that waits leaves each new address to the other side, if that is likely to try it as well.

    A way that a probe found, both sides find within a round trip; of a peer that fell silent, it was never connected.
    """
    is_waited_for = peer.disconnected is None or claim.source == PUNCH
    return OUT_OF_STEP if is_waited_for and not is_initiator else 0


def _rounds(elapsed: int, claims: int) -> tuple[int, int]:
    """The beginning of the present round and of the next, relative to the first. A round leaves room for each claim."""
    stretch = max(1, -(-claims * TURN // MINUTE))
    for begins, following in zip(ROUNDS, (*ROUNDS[1:], ROUNDS[-1] + LATER_ROUNDS), strict=True):
        if elapsed < following * stretch:
            return begins * stretch, following * stretch
    later = (elapsed - ROUNDS[-1] * stretch) // (LATER_ROUNDS * stretch)
    begins = (ROUNDS[-1] + later * LATER_ROUNDS) * stretch
    return begins, begins + LATER_ROUNDS * stretch


def is_within_mesh(
    parameters: Parameters, interfaces: tuple[Interface, ...], ip: ipaddress.IPv4Address | ipaddress.IPv6Address
) -> bool:
    """Is this a mesh address, reached by tunnels alone? Where a LAN overlaps the mesh's range, the LAN's are not."""
    if ip.version == 4:
        return ip in network_of(parameters.network) and not any(ip in network for network in lans(interfaces))
    return ip.packed[:8] == parameters.ipv6_prefix


def _is_broadcast(interfaces: tuple[Interface, ...], ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(n.version == 4 and n.prefixlen < 31 and ip == n.broadcast_address for n in lans(interfaces))
