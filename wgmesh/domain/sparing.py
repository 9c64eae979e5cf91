"""No address is plagued for what members say: hearsay on one is tried for 6 s a minute, and 10 begin a second in all.

A member can claim any address, and a thousand can claim the same (protocol, section 6). So what nobody has answered
from takes its turn only here: one claim at a time a target, whoever claims it, the one that waited longest first. A
turn that ended in a handshake was no burden, and the next may follow it at once. Times are ms on `awake`.
"""

from collections.abc import Iterator

from msgspec import Struct

from wgmesh.domain import endpoints, routes
from wgmesh.domain.draft import Draft
from wgmesh.domain.endpoints import TURN
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import Claim, Peer
from wgmesh.domain.session import SOURCE_CAP, Bucket, Session, Try, remember
from wgmesh.domain.values import MINUTE, SECOND, Endpoint

TURNS_A_SECOND = 10
FULL = TURNS_A_SECOND * SECOND


class Wish(Struct, frozen=True, order=True):
    """A claim that waits for a turn: when it last had one (-1: never), since when it waits, and what it is."""

    had: int
    since: int
    identity: bytes
    endpoint: Endpoint


def spare(draft: Draft) -> int | None:
    """Decide whose hearsay is tried now; when to look again, None if nothing changes with time."""
    now = draft.now.awake
    unreached = {peer.identity: peer for peer in draft.mesh.present_peers if _is_unreached(peer)}
    _end_turns(draft, unreached)
    covered = routes.covered(draft.mesh)
    due = [each.began + TURN for each in draft.session.trying.values()]
    for peer in tuple(unreached.values()):
        if (probed_until := _probed_until(draft, peer)) is not None:  # a probe tells more, and sooner
            due.append(probed_until)
            del unreached[peer.identity]
        elif now < (agreed := _agreed(draft, peer)):
            due.append(agreed)
    for wish in sorted(wish for peer in unreached.values() for wish in _wishes(draft, peer, covered)):
        paid = _paid_at(draft)
        if paid > now:  # nobody else may begin before that
            due.append(paid)
            break
        ready = _ready_at(draft, wish)
        if ready <= now:
            _begin(draft, wish)
        due.append(ready if ready > now else now + TURN)
    return min(due, default=None)


def _probed_until(draft: Draft, peer: Peer) -> int | None:
    return draft.session.punching.bursts_until(peer.identity, draft.now.awake) if draft.mesh.works("port") else None


def _agreed(draft: Draft, peer: Peer) -> int:
    """When this node is to try a peer that cannot be probed, as both know; -TURN where nothing was agreed."""
    punch = draft.session.punching.punches.get(peer.identity)
    return -TURN if punch is None or punch.turn is None else punch.turn


def _likeliest(turns: list[tuple[Claim, int]]) -> Claim:
    """Through a NAT: not an address of its own LAN, if there is another."""
    return next((claim for claim, _ in turns if claim.kind != "lan"), turns[0][0])


def tried(session: Session) -> dict[bytes, Endpoint]:
    """What is tried now, by identity."""
    return {key: each.endpoint for key, each in session.trying.items()}


def _is_unreached(peer: Peer) -> bool:
    return peer.proven is None or peer.disconnected is not None


def _end_turns(draft: Draft, unreached: dict[bytes, Peer]) -> None:
    now, trying = draft.now.awake, draft.session.trying
    kept = {key: each for key, each in trying.items() if now < each.began + TURN and key in unreached}
    if kept != trying:
        draft.remember(trying=kept)


def _wishes(draft: Draft, peer: Peer, covered: tuple[str, ...]) -> Iterator[Wish]:
    """The peer's hearsay whose round has begun and that had no turn in it; none while it is tried somewhere."""
    now, mesh = draft.now.awake, draft.mesh
    turns = endpoints.turns(mesh, peer, now, covered)
    at_once = any(begins <= now < begins + TURN and not endpoints.is_hearsay(peer, claim) for claim, begins in turns)
    if at_once or peer.identity in draft.session.trying:
        return
    agreed = _agreed(draft, peer)
    if agreed <= now < agreed + TURN and turns:
        turns = [(_likeliest(turns), agreed)]
    for claim, begins in turns:
        had = draft.session.tries.get(_name(peer.identity, claim.endpoint), -1)
        if begins <= now and had < begins and (begins == agreed or endpoints.is_hearsay(peer, claim)):
            yield Wish(had, begins, peer.identity, claim.endpoint)


def _name(identity: bytes, endpoint: Endpoint) -> bytes:
    return identity + str(endpoint).encode()


def _ready_at(draft: Draft, wish: Wish) -> int:
    """When the claim may have its turn: now, or when its peer and its target have had their pause."""
    session, now = draft.session, draft.now.awake
    own, target = session.trying.get(wish.identity), session.targets.get(wish.endpoint.ip)
    free = now if target is None or _has_connected(draft.mesh, target) else target.began + MINUTE
    return max(now, free, own.began + TURN if own else now)


def _paid_at(draft: Draft) -> int:
    """When this node may begin one more turn."""
    tokens = _tokens(draft.session.turns, draft.now.awake)
    return draft.now.awake + max(0, -(-(SECOND - tokens) // TURNS_A_SECOND))


def _has_connected(mesh: Mesh, last: Try) -> bool:
    peer = mesh.peers.get(last.identity)
    return peer is not None and mesh.uses(peer) and peer.connected is not None


def _begin(draft: Draft, wish: Wish) -> None:
    session, now = draft.session, draft.now.awake
    began = Try(wish.identity, wish.endpoint, now)
    draft.remember(
        trying={**session.trying, wish.identity: began},
        tries=remember(session.tries, _name(wish.identity, wish.endpoint), now, SOURCE_CAP),
        targets=remember(session.targets, wish.endpoint.ip, began, SOURCE_CAP),
        turns=Bucket(_tokens(session.turns, now) - SECOND, now),
    )


def _tokens(bucket: Bucket | None, now: int) -> int:
    """A turn costs 1,000; ten times as many come each second, and no more than that are kept."""
    return FULL if bucket is None else min(FULL, bucket.tokens + (now - bucket.counted) * TURNS_A_SECOND)
