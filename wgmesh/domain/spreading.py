"""Word of a silence spreads like any news: to three random peers at once, and again, four times in all.

Everybody who hears it passes it on once, as a question: each looks for itself before it believes (`doubting`).
"""

from msgspec.structs import replace

from wgmesh.domain import lots
from wgmesh.domain.draft import Draft, State, Verdict
from wgmesh.domain.effects import SendGossip
from wgmesh.domain.gossip_messages import HEARERS, ROUND_PAUSE, ROUNDS, Silence
from wgmesh.domain.session import remember
from wgmesh.domain.values import MINUTE, Incarnation
from wgmesh.domain.watch import RUMOUR_CAP, Rumour

# The same word about the same node is taken up again only after this; its rounds and echoes have long died down.
DEAF_FOR = MINUTE // 2


def spread(draft: Draft, suspect: bytes, incarnation: Incarnation) -> Verdict:
    """Tell others that this node is silent, or that somebody says so."""
    watch, now = draft.session.watch, draft.now.awake
    rumours = remember(watch.rumours, suspect, Rumour(incarnation, ROUNDS, now), RUMOUR_CAP)
    told = remember(watch.told, suspect, now, RUMOUR_CAP)
    draft.remember(watch=replace(watch, rumours=rumours, told=told))
    yield from tell(draft)


def is_news(draft: Draft, suspect: bytes) -> bool:
    """Was this silence not told to us, or by us, a moment ago?"""
    told = draft.session.watch.told.get(suspect)
    return told is None or draft.now.awake - told >= DEAF_FOR


def deny(draft: Draft, suspect: bytes) -> None:
    """The suspect gave us a sign: we say no more."""
    watch = draft.session.watch
    if suspect in watch.rumours:
        rumours = {key: rumour for key, rumour in watch.rumours.items() if key != suspect}
        draft.remember(watch=replace(watch, rumours=rumours))


def tell(draft: Draft) -> Verdict:
    """A round of every rumour whose time has come."""
    now, kept = draft.now.awake, dict[bytes, Rumour]()
    for suspect, rumour in draft.session.watch.rumours.items():
        if rumour.due > now:
            kept[suspect] = rumour
            continue
        message = Silence(suspect, (rumour.incarnation.boot, rumour.incarnation.sequence))
        hearers = [peer for peer in draft.mesh.present_peers if peer.connected and peer.identity != suspect]
        yield from (
            SendGossip(peer.identity, message) for peer in lots.some(draft.now.lot, suspect.hex(), hearers, HEARERS)
        )
        if rumour.rounds > 1:
            kept[suspect] = Rumour(rumour.incarnation, rumour.rounds - 1, now + ROUND_PAUSE)
    draft.remember(watch=replace(draft.session.watch, rumours=kept))


def next_round(state: State) -> int | None:
    """When (`awake`) a rumour is to be told again."""
    return min((rumour.due for rumour in state.session.watch.rumours.values()), default=None)
