"""Peers that are not reached directly: through which relay they are, and what is done when it leads nowhere.

A relay is sought when the direct way had its time, and the best of the candidates is asked first; so both sides come to
the same. Traffic is moved only once WireGuard shook hands through it. A live relay is kept until it fails, or until the
direct way has held (`returning`); one that denies, or stays silent, is left for the next.
"""

from msgspec.structs import replace

from wgmesh.domain import doubting, flows, liveness, relays
from wgmesh.domain.attached import is_on_link
from wgmesh.domain.device import DeviceSample, Traffic
from wgmesh.domain.draft import Draft, State, Verdict
from wgmesh.domain.effects import Sample, SendGossip
from wgmesh.domain.events import PeerRelayed, PeerUnrelayed
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import Peer
from wgmesh.domain.relay_messages import RelayAsk, RelayDenial, RelayGrant, RelayOffer
from wgmesh.domain.relay_state import SPURNED_CAP, WISH_CAP, Flow, Lease, Wish
from wgmesh.domain.session import remember
from wgmesh.domain.values import MINUTE, SECOND, IdentityKey
from wgmesh.domain.watch import is_on

# How long the direct way is tried first: of a new peer, whose turns take their time, and of one that fell silent.
NEW_PATIENCE, SILENT_PATIENCE = 5 * SECOND, 2 * SECOND
# An ask that is not answered is said again, so often; then another relay is asked.
ASK_PAUSE, ASKS = SECOND, 3
# When all were asked in vain: the peer is most likely down. Doubling.
ROUND_PAUSE, MOST_ROUND_PAUSE = 4 * SECOND, 10 * MINUTE
# A relay that denied, and one through which nothing came, are not asked again for so long.
DENIED_PAUSE, SILENT_PAUSE = 4 * SECOND, 10 * MINUTE
# How long a granted relay has to show a handshake.
PROOF = 12 * SECOND
# Who used a direct way a moment ago has it looked at every second (`cadence`) for so long.
BUSY_FOR = 30 * SECOND
# A direct way that others' word or our own packets said is broken is believed to be for so long.
BROKEN_FOR = MINUTE


def follow(draft: Draft) -> Verdict:
    """The peers changed: who needs a relay now, who needs none any more, and whose relay is gone?"""
    for peer in draft.mesh.peers.values():
        if peer.relayed and not draft.mesh.uses(peer):
            yield from _give_up(draft, peer, "gone")
        elif peer.relayed and not relays.serves(draft.mesh, peer.relayed.relay):
            yield from _give_up(draft, peer, "lost")
    mesh, relaying = draft.mesh, draft.session.relaying
    needing = {it.identity: it for it in mesh.present_peers if needs(mesh, it)} if is_on(mesh) else {}
    leases = {key: it for key, it in relaying.leases.items() if _uses(mesh, key) and relays.serves(mesh, it.relay)}
    kept = {key: it for key, it in relaying.wishes.items() if key in needing or (it.relay and _uses(mesh, key))}
    for identity, peer in needing.items():
        if identity not in kept and identity not in leases and len(kept) < WISH_CAP:
            kept[identity] = Wish(_begins(draft, peer))
    if (kept, leases) != (relaying.wishes, relaying.leases):
        draft.remember(relaying=replace(draft.session.relaying, wishes=kept, leases=leases))


def needs(mesh: Mesh, peer: Peer) -> bool:
    """Is it reached neither directly nor through a relay?"""
    return mesh.relay_port != 0 and peer.connected is None and peer.relayed is None


def next_ask(state: State) -> int | None:
    """When a relay is to be asked, or has had its time to prove itself."""
    relaying = state.session.relaying
    proofs = (lease.since + PROOF for lease in relaying.leases.values())
    return min((*(wish.due for wish in relaying.wishes.values()), *proofs), default=None)


def ask(draft: Draft) -> Verdict:
    """Ask for each wish whose time has come; leave relays that were granted and lead nowhere."""
    now = draft.now.awake
    for identity, lease in draft.session.relaying.leases.items():
        if lease.since + PROOF <= now:
            _drop_lease(draft, identity)
            _spurn(draft, identity, lease.relay, SILENT_PAUSE)
            _wish(draft, identity, Wish(now))
    for identity, wish in draft.session.relaying.wishes.items():
        if wish.due <= now and (needs(draft.mesh, draft.mesh.peers[identity]) or is_broken(draft, identity)):
            yield from _ask(draft, identity, wish)
        elif wish.due <= now:
            _drop_wish(draft, identity)


def _ask(draft: Draft, identity: IdentityKey, wish: Wish) -> Verdict:
    now, mesh = draft.now.awake, draft.mesh
    if wish.relay and (wish.tries >= ASKS or not relays.serves(mesh, wish.relay)):
        _spurn(draft, identity, wish.relay, DENIED_PAUSE)
        wish = replace(wish, relay=b"", tries=0)
    spurned = draft.session.relaying.spurned
    willing = (each.identity for each in relays.candidates(mesh, identity))
    relay = wish.relay or next((each for each in willing if spurned.get(identity + each, now) <= now), b"")
    if not relay:
        pause = min(ROUND_PAUSE << min(wish.rounds, 10), MOST_ROUND_PAUSE)
        _wish(draft, identity, Wish(now + pause, rounds=wish.rounds + 1))
        return
    _wish(draft, identity, Wish(now + ASK_PAUSE, relay, wish.tries + 1, wish.rounds))
    yield SendGossip(relay, RelayAsk(identity, mesh.relay_port))


def accept(draft: Draft, relay: IdentityKey, offer: RelayOffer) -> Verdict:
    """The other side of a pair wants it relayed: so do we, and where our direct tunnel seems good we look again."""
    peer = draft.mesh.peers.get(offer.peer)
    if peer is None or not draft.mesh.uses(peer) or not relays.serves(draft.mesh, relay) or not draft.mesh.relay_port:
        return
    yield SendGossip(relay, RelayAsk(peer.identity, draft.mesh.relay_port))
    held = draft.session.relaying.wishes.get(peer.identity, Wish(0))
    _wish(draft, peer.identity, replace(held, due=draft.now.awake + ASK_PAUSE, relay=relay, tries=1))
    if peer.connected:
        yield from doubting.begin(draft, peer.identity, liveness.last_sign(draft, peer), hearsay=False)


def take(draft: Draft, relay: IdentityKey, grant: RelayGrant) -> Verdict:
    """A relay that we asked grants: WireGuard may try it."""
    relaying = draft.session.relaying
    wish = relaying.wishes.get(grant.peer)
    peer = draft.mesh.peers.get(grant.peer)
    if wish is None or wish.relay != relay or peer is None or not draft.mesh.uses(peer):
        return
    _drop_wish(draft, grant.peer)
    leases = remember(relaying.leases, grant.peer, Lease(relay, grant.port, draft.now.awake), WISH_CAP)
    draft.remember(relaying=replace(draft.session.relaying, leases=leases))
    yield Sample()


def refuse(draft: Draft, relay: IdentityKey, denial: RelayDenial) -> Verdict:
    """A relay does not serve the pair, or no longer: ask the next."""
    identity, relaying = denial.peer, draft.session.relaying
    peer, wish, lease = (draft.mesh.peers.get(identity), relaying.wishes.get(identity), relaying.leases.get(identity))
    _spurn(draft, identity, relay, DENIED_PAUSE)
    if lease and lease.relay == relay:
        _drop_lease(draft, identity)
    if peer and peer.relayed and peer.relayed.relay == relay:
        yield from _give_up(draft, peer, "revoked")
    elif wish and wish.relay == relay:
        _wish(draft, identity, Wish(draft.now.awake, rounds=wish.rounds))
    elif peer and lease and lease.relay == relay:
        _wish(draft, identity, Wish(draft.now.awake))


def bypass(draft: Draft, identity: IdentityKey) -> None:
    """Others reach a connected peer and we do not: seek a relay, beside the direct way that may come back."""
    peer, relaying = draft.mesh.peers[identity], draft.session.relaying
    if draft.mesh.relay_port and peer.relayed is None:
        broken = remember(relaying.broken, identity, draft.now.awake, WISH_CAP)
        draft.remember(relaying=replace(relaying, broken=broken))
        if identity not in relaying.wishes and identity not in relaying.leases:
            _wish(draft, identity, Wish(draft.now.awake))


def is_broken(draft: Draft, identity: IdentityKey) -> bool:
    """Did others reach it a moment ago, and we did not?"""
    at = draft.session.relaying.broken.get(identity)
    return at is not None and draft.now.awake - at < BROKEN_FOR


def look(draft: Draft, direct: DeviceSample, relayed: DeviceSample | None) -> Verdict:
    """WireGuard was sampled: which granted relays lead to their peer, and which tunnels are no longer answered?"""
    known = {peer.public_key: peer for peer in draft.mesh.present_peers}
    yield from _look_directly(draft, [each for each in direct.traffic if each.public_key in known], known)
    traffic = [each for each in relayed.traffic if each.public_key in known] if relayed else []
    before, now = draft.session.relaying.relayed, draft.now.awake
    after = {known[it.public_key].identity: it for it in traffic}
    table = {key: flows.measure(before.get(key), it, now) for key, it in after.items()}
    draft.remember(relaying=replace(draft.session.relaying, relayed=table))
    places = {it.public_key: it.endpoint for it in relayed.device.peers} if relayed and relayed.device else {}
    relay_of = {peer.ipv6: peer.identity for peer in draft.mesh.present_peers}
    for identity, it in after.items():
        endpoint = places.get(it.public_key)
        way = (relay_of.get(endpoint.ip, b""), endpoint.port) if endpoint else (b"", 0)
        yield from _judge(draft, draft.mesh.peers[identity], table[identity], it, way)
        if before.get(identity, table[identity]) is not table[identity]:
            yield from _hear(draft, draft.mesh.peers[identity], it, way)


def _look_directly(draft: Draft, traffic: list[Traffic], known: dict[bytes, Peer]) -> Verdict:
    """A connected peer that does not answer what is sent to it is asked for a sign, whoever watches it."""
    before, now, table, busy = draft.session.relaying.direct, draft.now.awake, dict[bytes, Flow](), False
    for each in traffic:
        peer = known[each.public_key]
        if peer.connected:
            last = before.get(peer.identity)
            flow = table[peer.identity] = flows.measure(last, each, now)
            if relays.is_direct(peer) and is_on(draft.mesh) and not is_broken(draft, peer.identity):
                busy = busy or (flows.carries_traffic(last or flow, each, now) and _could_be_relayed(draft.mesh, peer))
                if flows.is_odd(flow, each, now):
                    yield from doubting.begin(draft, peer.identity, flow.heard)
    until = now + BUSY_FOR if busy else draft.session.relaying.busy_until
    draft.remember(relaying=replace(draft.session.relaying, direct=table, busy_until=until))


def _could_be_relayed(mesh: Mesh, peer: Peer) -> bool:
    """Does its way leave our links, and is there somebody to take its place?"""
    is_near = peer.proven is None or is_on_link(mesh, peer.proven)
    able = (it for it in mesh.present_peers if it.identity != peer.identity and relays.is_able(it))
    return mesh.relay_port != 0 and not is_near and any(able)


def _judge(draft: Draft, peer: Peer, flow: Flow, traffic: Traffic, way: tuple[bytes, int]) -> Verdict:
    identity, relaying, now = peer.identity, draft.session.relaying, draft.now.awake
    lease = relaying.leases.get(identity)
    is_heard = traffic.handshaken and traffic.received_age is not None
    if lease and is_heard and now - (traffic.received_age or 0) >= lease.since:
        _drop_lease(draft, identity)
        relay, port = way if relays.serves(draft.mesh, way[0]) else (lease.relay, lease.port)
        if peer.relayed is None or (peer.relayed.relay, peer.relayed.port) != (relay, port):
            yield from _relay(draft, peer, relay, port)
    elif peer.relayed and flows.is_dead(flow, traffic, now):
        _spurn(draft, identity, peer.relayed.relay, SILENT_PAUSE)
        yield from _give_up(draft, peer, "silent")
    elif peer.relayed and lease is None and way[0] != peer.relayed.relay and relays.serves(draft.mesh, way[0]):
        yield from _relay(draft, peer, *way)


def _hear(draft: Draft, peer: Peer, traffic: Traffic, way: tuple[bytes, int]) -> Verdict:
    """Something came through a relay that we do not use for this peer: what the other side has is good enough for us.

    Where we reach it directly it may know better, and that way leads nowhere any more.
    """
    held, last = draft.session.relaying, peer.unrelayed
    at = draft.now.awake - (traffic.received_age or 0)
    if peer.relayed or peer.identity in held.leases:
        return
    if peer.connected and peer.identity not in held.trials:  # who is on trial is asked anyway
        yield from doubting.begin(draft, peer.identity, liveness.last_sign(draft, peer))
    elif not peer.connected and relays.serves(draft.mesh, way[0]) and (last is None or at > last.since.awake):
        yield from _relay(draft, peer, *way)


def _relay(draft: Draft, peer: Peer, relay: IdentityKey, port: int) -> Verdict:
    since = peer.relayed.since if peer.relayed else peer.disconnected or peer.connected or peer.discovered
    yield PeerRelayed(peer.identity, relay, port), (since.sequence,)
    _drop_wish(draft, peer.identity)


def _give_up(draft: Draft, peer: Peer, reason: str) -> Verdict:
    assert peer.relayed
    yield PeerUnrelayed(peer.identity, peer.relayed.relay, reason), (peer.relayed.since.sequence,)
    _drop_lease(draft, peer.identity)
    if draft.mesh.uses(peer):
        _wish(draft, peer.identity, Wish(draft.now.awake))


def _uses(mesh: Mesh, identity: IdentityKey) -> bool:
    peer = mesh.peers.get(identity)
    return peer is not None and mesh.uses(peer)


def _begins(draft: Draft, peer: Peer) -> int:
    """When the direct way has had its time: since it fell silent, was met, or this run began."""
    since, patience = (peer.disconnected, SILENT_PATIENCE) if peer.disconnected else (peer.discovered, NEW_PATIENCE)
    return max(since.awake, draft.session.began) + patience


def _wish(draft: Draft, identity: IdentityKey, wish: Wish) -> None:
    relaying = draft.session.relaying
    draft.remember(relaying=replace(relaying, wishes=remember(relaying.wishes, identity, wish, WISH_CAP)))


def _drop_wish(draft: Draft, identity: IdentityKey) -> None:
    relaying = draft.session.relaying
    wishes = {key: wish for key, wish in relaying.wishes.items() if key != identity}
    draft.remember(relaying=replace(relaying, wishes=wishes))


def _drop_lease(draft: Draft, identity: IdentityKey) -> None:
    relaying = draft.session.relaying
    leases = {key: lease for key, lease in relaying.leases.items() if key != identity}
    draft.remember(relaying=replace(relaying, leases=leases))


def _spurn(draft: Draft, identity: IdentityKey, relay: IdentityKey, pause: int) -> None:
    relaying = draft.session.relaying
    spurned = remember(relaying.spurned, identity + relay, draft.now.awake + pause, SPURNED_CAP)
    draft.remember(relaying=replace(relaying, spurned=spurned))
