"""Everyone watches the peer before it on the ring of identities, which owes it a Digest every 6 s; nobody polls.

Any word that comes through a tunnel is a sign of life, and pays what is owed. Who falls silent passes its own watch on
at once: whom it watched is asked for a sign by the next; and so does who only echoes (`wards`). A node that is slow or
was asleep asks anew before it goes on (`strain`).
"""

from msgspec.structs import replace

from wgmesh.domain import doubting, errands, liveness, muteness, relaying, spreading, strain, wards
from wgmesh.domain.draft import Draft, State, Verdict
from wgmesh.domain.effects import Sample, SendGossip
from wgmesh.domain.events import LayerResumed
from wgmesh.domain.gossip_messages import Answer, Ask, Probe, Silence, Vouch
from wgmesh.domain.inputs import Echoed, Told, Whispered
from wgmesh.domain.values import IdentityKey, Incarnation
from wgmesh.domain.watch import is_cut_off

# Who is heard though it is not connected is looked at in WireGuard, at most once in so many ms.
LOOK_PAUSE = 250


def choose(draft: Draft) -> None:
    """The peers changed, or the gossip layer: whom do we watch now?"""
    doubting.keep_only(draft, wards.connected(draft.mesh))
    wards.choose(draft)


def hear(draft: Draft, whispered: Whispered) -> Verdict:
    """A peer said something through its tunnel: it lives, whatever it said."""
    sender = whispered.sender
    yield from live(draft, sender)
    yield from muteness.hear(draft, sender)
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
        yield from muteness.hear(draft, told.teller)


def echo(draft: Draft, echoed: Echoed) -> Verdict:
    """The kernel of a machine answered."""
    for identity, doubt in draft.session.watch.doubts.items():
        peer = draft.mesh.peers[identity]
        if peer.ipv6 == echoed.address:
            yield from live(draft, identity, mute=True)
            yield from muteness.miss(draft, peer, doubt.began)


def live(draft: Draft, identity: IdentityKey, mute: bool = False) -> Verdict:
    """This peer gave a sign through its tunnel, just now; `mute`: its machine did, and not its daemon."""
    peer, now = draft.mesh.peers.get(identity), draft.now.awake
    if peer is None or not peer.present:
        return
    draft.remember(watch=replace(draft.session.watch, heard=now))
    if identity in draft.session.watch.doubts:
        doubting.end(draft, identity)
    elif identity in draft.session.watch.wards:
        strain.feel(draft, -1)
    wards.credit(draft, identity, mute)
    if is_cut_off(draft.mesh):
        yield LayerResumed("gossip"), (draft.mesh.layers["gossip"].since.sequence,)
    sampled = draft.session.sampled
    if not peer.connected and (sampled is None or now - sampled >= LOOK_PAUSE):
        yield Sample()


def _trust(draft: Draft, suspect: IdentityKey, number: int) -> None:
    """Others reach it and we do not: it is not silent, and it may be us."""
    doubt = draft.session.watch.doubts.get(suspect)
    if doubt is not None and doubt.number == number:
        doubting.end(draft, suspect)
        strain.feel(draft, 1)
        wards.credit(draft, suspect)
        relaying.bypass(draft, suspect)


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
    yield from _call_in(draft, draft.now.awake)


def start_over(draft: Draft, strained: int) -> Verdict:
    """This node was away, for a moment or for hours: what it did not hear says nothing of others."""
    strain.feel(draft, strained)
    muteness.forgive(draft)
    wards.excuse(draft)
    yield from doubting.restart(draft)


def ask_now(draft: Draft) -> Verdict:
    """Something happened to our own machine: ask for a sign now, not when one is due."""
    yield from _call_in(draft, max((ward.owed for ward in draft.session.watch.wards.values()), default=0))


def _call_in(draft: Draft, by: int) -> Verdict:
    for identity, ward in wards.call_in(draft, by).items():
        yield from doubting.begin(draft, identity, ward.sign)


def next_doubt(state: State) -> int | None:
    """When (`awake`) a sign is overdue, or a question goes on."""
    held = state.session.watch
    return min((*(w.owed for w in held.wards.values()), *(d.due for d in held.doubts.values())), default=None)
