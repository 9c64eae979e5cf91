"""Everyone watches the peer before it on the ring of identities, which owes it a Digest every 6 s; nobody polls.

Any word that comes through a tunnel is a sign of life, and pays what is owed. Who falls silent passes its own watch on
at once: whom it watched is asked for a sign by the next. A node that is slow or was asleep asks anew before it goes on
(`strain`).
"""

from msgspec.structs import replace

from wgmesh.domain import doubting, errands, liveness, spreading, strain
from wgmesh.domain.draft import Draft, State, Verdict
from wgmesh.domain.effects import Sample, SendGossip
from wgmesh.domain.events import LayerResumed
from wgmesh.domain.gossip_messages import Answer, Ask, Probe, Silence, Vouch
from wgmesh.domain.inputs import Echoed, Told, Whispered
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import IdentityKey, Incarnation
from wgmesh.domain.watch import is_cut_off, is_on

# A Digest comes every 6 s; what is a quarter late is asked for (protocol, section 5).
OWED_WITHIN = 7500
# Who is heard though it is not connected is looked at in WireGuard, at most once in so many ms.
LOOK_PAUSE = 250


def choose(draft: Draft) -> None:
    """The peers changed, or the gossip layer: whom do we watch now?"""
    watch, now = draft.session.watch, draft.now.awake
    is_heard = is_on(draft.mesh)
    connected = [peer.identity for peer in draft.mesh.present_peers if peer.connected and is_heard]
    doubting.keep_only(draft, connected)
    watched = before_us(draft.mesh, connected)
    if watched == watch.watched:
        return
    left = draft.mesh.peers.get(watch.watched)
    is_passed_on = left is not None and left.connected is None and bool(watched)
    owed = now if is_passed_on else now + OWED_WITHIN * strain.patience(draft)
    draft.remember(watch=replace(draft.session.watch, watched=watched, owed=owed if watched else None, sign=now))


def before_us(mesh: Mesh, connected: list[IdentityKey]) -> IdentityKey:
    """Of these, the one before us on the ring of identities; empty if there is none."""
    lower = [identity for identity in connected if identity < mesh.identity]
    return max(lower or connected, default=b"")


def hear(draft: Draft, whispered: Whispered) -> Verdict:
    """A peer said something through its tunnel: it lives, whatever it said."""
    sender = whispered.sender
    yield from live(draft, sender)
    match whispered.message:
        case Probe(number):
            yield SendGossip(sender, Answer(number))
        case Answer(number):
            yield from errands.deliver(draft, sender, number)
        case Ask(suspect, number):
            yield from errands.accept(draft, sender, suspect, number)
        case Vouch(suspect, number):
            _trust(draft, suspect, number)
        case Silence(suspect, incarnation):
            yield from _look_oneself(draft, suspect, Incarnation(*incarnation))


def overhear(draft: Draft, told: Told) -> Verdict:
    """Records that came through a tunnel are a sign of who passed them on."""
    if told.teller:
        yield from live(draft, told.teller)


def echo(draft: Draft, echoed: Echoed) -> Verdict:
    """The kernel of a machine answered."""
    for identity in draft.session.watch.doubts:
        if draft.mesh.peers[identity].ipv6 == echoed.address:
            yield from live(draft, identity)


def live(draft: Draft, identity: IdentityKey) -> Verdict:
    """This peer gave a sign through its tunnel, just now."""
    peer, now = draft.mesh.peers.get(identity), draft.now.awake
    if peer is None or not peer.present:
        return
    draft.remember(watch=replace(draft.session.watch, heard=now))
    if identity in draft.session.watch.doubts:
        doubting.end(draft, identity)
    elif identity == draft.session.watch.watched:
        strain.feel(draft, -1)
    if identity == draft.session.watch.watched:
        _credit(draft)
    if is_cut_off(draft.mesh):
        yield LayerResumed("gossip"), (draft.mesh.layers["gossip"].since.sequence,)
    sampled = draft.session.sampled
    if not peer.connected and (sampled is None or now - sampled >= LOOK_PAUSE):
        yield Sample()


def _credit(draft: Draft) -> None:
    now = draft.now.awake
    owed = now + OWED_WITHIN * strain.patience(draft)
    draft.remember(watch=replace(draft.session.watch, sign=now, owed=owed))


def _trust(draft: Draft, suspect: IdentityKey, number: int) -> None:
    """Others reach it and we do not: it is not silent, and it may be us."""
    doubt = draft.session.watch.doubts.get(suspect)
    if doubt is not None and doubt.number == number:
        doubting.end(draft, suspect)
        strain.feel(draft, 1)
        if suspect == draft.session.watch.watched:
            _credit(draft)


def _look_oneself(draft: Draft, suspect: IdentityKey, incarnation: Incarnation) -> Verdict:
    """Hearsay makes us ask, and pass the question on; it convinces nobody."""
    if suspect == draft.mesh.identity:  # somebody waited for us in vain: we may be slow
        strain.feel(draft, 1)
        return
    peer = draft.mesh.peers.get(suspect)
    if peer is None or not peer.connected or incarnation < peer.incarnation or not spreading.is_news(draft, suspect):
        return
    yield from doubting.begin(draft, suspect, liveness.last_sign(draft, peer), hearsay=True)
    yield from spreading.spread(draft, suspect, incarnation)


def watch(draft: Draft) -> Verdict:
    """What was owed did not come, or was asked for in vain. If we are late ourselves, it may lie unread before us."""
    due = next_doubt(State(draft.mesh, draft.session))
    if due is None or draft.now.awake < due:  # an earlier input of the same turn has settled it
        return
    if strain.is_late(draft, due):
        yield from start_over(draft, 1)
        return
    yield from doubting.go_on(draft)
    owed = draft.session.watch.owed
    if owed is not None and owed <= draft.now.awake:
        yield from ask_now(draft)


def start_over(draft: Draft, strained: int) -> Verdict:
    """This node was away, for a moment or for hours: what it did not hear says nothing of others."""
    strain.feel(draft, strained)
    if draft.session.watch.owed is not None:
        _credit(draft)
    yield from doubting.restart(draft)


def ask_now(draft: Draft) -> Verdict:
    """Something happened to our own machine: ask for a sign now, not when one is due."""
    held = draft.session.watch
    if held.owed is not None:
        draft.remember(watch=replace(held, owed=None))
        yield from doubting.begin(draft, held.watched, held.sign)


def next_doubt(state: State) -> int | None:
    """When (`awake`) a sign is overdue, or a question goes on."""
    held = state.session.watch
    times = (held.owed, *(doubt.due for doubt in held.doubts.values()))
    return min((at for at in times if at is not None), default=None)
