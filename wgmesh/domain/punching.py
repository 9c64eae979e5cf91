"""Ways through NATs: both sides of a pair probe each other's addresses at the same time, and so open both NATs.

Every 200 ms for 5 s, then after 1, 2, 5, 10, 20, 40 s and every minute. Where a probe was answered is a claim seen at
first hand, which the side that begins handshakes tries at once; the other gets its endpoint by roaming. A probe takes
the pair's key, so who sends one is a member, and its source is where to probe it in turn: that finds the way to a NAT
that gives every destination another port. No ports are guessed. Nobody is plagued for what members say: at most a burst
a minute to an address, whoever claims it, and 50 probes a second in all.
"""

from msgspec.structs import replace

from wgmesh.domain import lots, rendezvous, routes, sighting
from wgmesh.domain.allowance import spend
from wgmesh.domain.attached import is_on_link
from wgmesh.domain.draft import NEVER, Draft, State, Verdict
from wgmesh.domain.effects import AnswerProbe, SendIntroduction, SendProbe
from wgmesh.domain.endpoints import OUT_OF_STEP, TURN, candidates, objection
from wgmesh.domain.events import PeerEndpointObserved
from wgmesh.domain.inputs import Introduced, Probed, Reached
from wgmesh.domain.membership import admit
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.own_record import own_record
from wgmesh.domain.peer import PUNCH, Peer
from wgmesh.domain.punch import BURST, VOLLEY_PAUSE, Punch
from wgmesh.domain.session import PEER_CAP, SOURCE_CAP, Introducer, remember
from wgmesh.domain.values import MINUTE, SECOND, Endpoint, Incarnation

LAYER = "port"
# After a burst; the last one again and again, and up to a quarter longer by chance.
PAUSES = tuple(seconds * SECOND for seconds in (1, 2, 5, 10, 20, 40, 60))
# Addresses of one peer that are probed at once, and of these, where its own probes came from.
ADDRESSES, SEEN = 8, 4
# Answers to one node: a burst of it from four addresses of ours, and as many again in a second.
ANSWERS_AT_ONCE, ANSWER_PAUSE = 25, 40
# Probes to one IP address on nothing but claims: a burst a minute. To all addresses: 50 a second.
TARGET_AT_ONCE, TARGET_PAUSE = BURST // VOLLEY_PAUSE, MINUTE * VOLLEY_PAUSE // BURST
ALL_AT_ONCE, ALL_PAUSE = 100, 20
# A third is asked again after this, doubled every time, up to that.
ASK_PAUSE, LONGEST_ASK_PAUSE = 5 * SECOND, 5 * MINUTE
# A peer on a link of ours is probed when both sides have had their try.
NEIGHBOUR_PAUSE = OUT_OF_STEP + TURN
# A way that was found, and did not lead to a handshake, is news again after this.
FOUND_AGAIN = 5 * MINUTE
# Where probes cannot be, one side tries first and opens its NAT, and the other this much later gets through.
SECOND_TRY = 1500


def follow(draft: Draft, before: Mesh) -> None:
    """What changed of peers, of our networks or of the port changes whom we look for."""
    mesh = draft.mesh
    if not mesh.works(LAYER) and not mesh.works("gossip"):
        return
    anew = _is_elsewhere(mesh, before)
    for identity, peer in mesh.peers.items():
        known = before.peers.get(identity)
        if known is peer and not anew:
            continue
        if not _is_missed(mesh, peer):
            _forget(draft, identity)
        elif anew or known is None or not _is_missed(before, known) or known.claims != peer.claims:
            _begin(draft, peer)


def _is_elsewhere(mesh: Mesh, before: Mesh) -> bool:
    """Can others reach us otherwise than before, or can we look otherwise than before?"""
    if mesh.networked != before.networked:
        return True
    if any(mesh.works(layer) and not before.works(layer) for layer in (LAYER, "gossip")):
        return True
    if mesh.incarnation == before.incarnation or before.settings is None:
        return False
    return own_record(mesh).endpoints != own_record(before).endpoints


def _is_missed(mesh: Mesh, peer: Peer) -> bool:
    return mesh.departed is None and mesh.uses(peer) and not peer.connected


def _begin(draft: Draft, peer: Peer) -> None:
    """A burst of probes, from now on. A neighbour is left to WireGuard: there is no NAT between.

    It is probed later if it may be none, since two sites can have the same private network.
    """
    near = [is_on_link(draft.mesh, claim.endpoint) for claim in candidates(draft.mesh, peer)]
    if near and all(near):
        return
    held = draft.session.punching.punches.get(peer.identity)
    began = draft.now.awake + (NEIGHBOUR_PAUSE if any(near) else 0)
    kept = held or Punch(began, began)
    _keep(draft, peer, replace(kept, began=began, due=max(began, kept.fired + VOLLEY_PAUSE), later=0, asks=0))


def volley(draft: Draft) -> Verdict:
    """Probe everybody whose time has come, who waits longest first."""
    punches, now = draft.session.punching.punches, draft.now.awake
    due = sorted((punch.due, identity) for identity, punch in punches.items() if punch.due <= now)
    covered = routes.covered(draft.mesh)
    for _, identity in due:
        peer = draft.mesh.peers.get(identity)
        if peer is not None and _is_missed(draft.mesh, peer):
            yield from _fire(draft, peer, covered)
        else:
            _forget(draft, identity)


def _fire(draft: Draft, peer: Peer, covered: tuple[str, ...]) -> Verdict:
    now, punch = draft.now.awake, draft.session.punching.punches[peer.identity]
    probes = draft.mesh.works(LAYER) and not punch.is_mute
    if probes:
        yield from _probe(draft, peer, punch.seen, covered)
    in_burst = probes and now + VOLLEY_PAUSE < punch.began + BURST
    pause = VOLLEY_PAUSE if in_burst else _pause(draft, peer, punch.later)
    fired = replace(punch, fired=now, due=now + pause, later=punch.later + (not in_burst))
    if now - punch.asked >= min(ASK_PAUSE << punch.asks, LONGEST_ASK_PAUSE):
        asking = tuple(rendezvous.ask(draft, peer, can_probe=draft.mesh.works(LAYER)))
        if asking:  # else nobody can be asked yet: the first that can is asked with the next volley
            fired = replace(fired, asked=now, asks=punch.asks + 1)
        yield from asking
    _keep(draft, peer, fired)


def _probe(draft: Draft, peer: Peer, seen: tuple[Endpoint, ...], covered: tuple[str, ...]) -> Verdict:
    claimed = tuple(claim.endpoint for claim in candidates(draft.mesh, peer, covered) if not claim.endpoint.scope)
    for address in tuple(dict.fromkeys((*seen, *claimed)))[:ADDRESSES]:
        if _may_probe(draft, address):
            yield SendProbe(peer.identity, address)


def _pause(draft: Draft, peer: Peer, later: int) -> int:
    pause = PAUSES[min(later, len(PAUSES) - 1)]
    return pause + lots.draw(draft.now.lot, f"probe {peer.identity.hex()}", pause // 4)


def next_volley(state: State) -> int | None:
    """When (`awake`) somebody is probed next."""
    return min((punch.due for punch in state.session.punching.punches.values()), default=None)


def probed(draft: Draft, given: Probed) -> Verdict:
    """A peer looks for us, and its probe came through: answer it, and probe it there."""
    peer, held = draft.mesh.peers.get(given.identity), draft.session.punching
    newest = max(held.counters.get(given.identity, NEVER), Incarnation(peer.incarnation.boot, 0) if peer else NEVER)
    if peer is None or not draft.mesh.uses(peer) or given.counter <= newest:  # what is not newer may be replayed
        return
    counters = remember(held.counters, peer.identity, given.counter, PEER_CAP)
    draft.remember(punching=replace(held, counters=counters))
    if not _may_answer(draft, peer):
        return
    yield AnswerProbe(peer.identity, given.sender, given.transaction)
    if not peer.connected and not objection(draft.mesh, given.sender):
        _sight(draft, peer, given.sender)


def _sight(draft: Draft, peer: Peer, address: Endpoint) -> None:
    now = draft.now.awake
    punch = draft.session.punching.punches.get(peer.identity, Punch(now, now))
    seen = (address, *(other for other in punch.seen if other != address))[:SEEN]
    _keep(draft, peer, replace(punch, seen=seen, is_mute=False, due=_soon(draft, punch)))


def _soon(draft: Draft, punch: Punch) -> int:
    return min(punch.due, max(draft.now.awake, punch.fired + VOLLEY_PAUSE))


def reached(draft: Draft, given: Reached) -> Verdict:
    """A peer answered our probe: there is a way, from WireGuard's port to WireGuard's port."""
    peer, held = draft.mesh.peers.get(given.identity), draft.session.punching
    targets = {ip: left for ip, left in held.targets.items() if ip != given.endpoint.ip}  # it is no third's address
    draft.remember(punching=replace(held, targets=targets))
    if peer is not None and not is_on_link(draft.mesh, given.endpoint):
        yield from sighting.note(draft, peer, given.seen)
    if peer is None or not _is_missed(draft.mesh, peer):
        return
    known = next((claim for claim in peer.observed if claim.endpoint == given.endpoint), None)
    if known is None or known.source != PUNCH or draft.now.awake - known.since.awake >= FOUND_AGAIN:
        yield PeerEndpointObserved(peer.identity, PUNCH, given.endpoint), (peer.updated.sequence,)


def invited(draft: Draft, introduced: Introduced) -> Verdict:
    """A third handed us the word of a peer that looks for us: look for it too, now, and let it know."""
    yield from admit(draft, introduced.record, introduced.signed, NEVER, Introducer(introduced.sender))
    peer, now = draft.mesh.peers.get(introduced.record.identity), draft.now.awake
    if peer is None or not draft.mesh.uses(peer):
        return
    if peer.connected:  # as far as we know; its way to us may be shut all the same, and our probes open it
        yield from _probe(draft, peer, (), routes.covered(draft.mesh))
        return
    punch = draft.session.punching.punches.get(peer.identity, Punch(now, now))
    can_probe = draft.mesh.works(LAYER)
    is_blind = not (can_probe and introduced.can_probe)
    first = peer.public_key < draft.mesh.public_key
    turn = now + (0 if first else SECOND_TRY) if is_blind else None
    punch = replace(punch, due=_soon(draft, punch), is_mute=not introduced.can_probe, turn=turn)
    if not introduced.is_answer and now - punch.asked >= ASK_PAUSE:
        punch = replace(punch, asked=now)
        yield SendIntroduction(introduced.sender, peer.identity, can_probe, is_answer=True)
    _keep(draft, peer, punch)


def _may_answer(draft: Draft, peer: Peer) -> bool:
    held = draft.session.punching
    left = spend(held.answers.get(peer.identity), draft.now.awake, ANSWERS_AT_ONCE, ANSWER_PAUSE)
    if left is not None:
        draft.remember(punching=replace(held, answers=remember(held.answers, peer.identity, left, PEER_CAP)))
    return left is not None


def _may_probe(draft: Draft, address: Endpoint) -> bool:
    """Both allowances are spent, or none."""
    held, now = draft.session.punching, draft.now.awake
    left = spend(held.all, now, ALL_AT_ONCE, ALL_PAUSE)
    target = spend(held.targets.get(address.ip), now, TARGET_AT_ONCE, TARGET_PAUSE)
    if left is None or target is None:
        return False
    draft.remember(punching=replace(held, all=left, targets=remember(held.targets, address.ip, target, SOURCE_CAP)))
    return True


def _keep(draft: Draft, peer: Peer, punch: Punch) -> None:
    held = draft.session.punching
    draft.remember(punching=replace(held, punches=remember(held.punches, peer.identity, punch, PEER_CAP)))


def _forget(draft: Draft, identity: bytes) -> None:
    held = draft.session.punching
    if identity in held.punches:
        kept = {known: punch for known, punch in held.punches.items() if known != identity}
        draft.remember(punching=replace(held, punches=kept))
