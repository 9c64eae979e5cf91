"""News of nodes spreads like rumours: told to three random peers at once, and again every 200 ms, four times in all.

Twelve tellings by everybody who hears it reach all but a few of any mesh within a second or two; who was missed finds
out by comparing sums (`digests`). Nobody is told what it told us, nor what concerns itself.
"""

from collections.abc import Iterator
from itertools import islice

from msgspec.structs import replace

from wgmesh.domain import lots
from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.effects import SendRecords
from wgmesh.domain.events import PeerDiscovered, PeerLeft, PeerUpdated
from wgmesh.domain.gossip_messages import HEARERS, ROUND_PAUSE, ROUNDS
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.passing import that_fit
from wgmesh.domain.session import PEER_CAP, News, remember

# Drawn for each hearer that is needed: some turn out to know already.
SPARE = 3


def take_up(draft: Draft, before: Mesh, teller: bytes) -> Verdict:
    """Whatever this step made of records is news; `teller`: who told us, if a member did."""
    fresh = tuple(dict.fromkeys(_fresh(draft, before)))
    if not fresh or not draft.mesh.settings or not draft.mesh.settings.gossip:
        return
    news = draft.session.news
    for identity in fresh:
        news = remember(news, identity, News(ROUNDS, teller), PEER_CAP)
    draft.remember(news=news)
    if draft.session.news_due is None:
        yield from tell(draft)


def tell(draft: Draft) -> Verdict:
    """A round: the newest that fits, to a few connected peers. A goodbye of our own has this round alone."""
    news = {each: held for each, held in draft.session.news.items() if each in (*draft.mesh.peers, draft.mesh.identity)}
    hearers = [peer.identity for peer in draft.mesh.present_peers if peer.connected]
    said = that_fit(draft.mesh, sorted(news, key=lambda identity: -news[identity].left))
    most = HEARERS * ROUNDS if draft.mesh.departed else HEARERS
    tellings = (
        SendRecords(hearer, its)
        for hearer in lots.some(draft.now.lot, "rumour", hearers, most * SPARE)
        if (its := tuple(each for each in said if hearer not in (each, news[each].teller)))
    )
    yield from islice(tellings, most)
    told = {each: replace(news[each], left=news[each].left - 1) for each in said}
    left = {each: held for each, held in {**news, **told}.items() if held.left and hearers}
    draft.remember(news=left, news_due=draft.now.awake + ROUND_PAUSE if left else None)


def _fresh(draft: Draft, before: Mesh) -> Iterator[bytes]:
    """Whose record is another one than before this step."""
    if draft.mesh.incarnation != before.incarnation:
        yield draft.mesh.identity
    for record in draft.records:
        match record.event:
            case PeerDiscovered(identity) | PeerUpdated(identity) | PeerLeft(identity):
                held = before.peers.get(identity)
                if held is None or held.signed != draft.mesh.peers[identity].signed:
                    yield identity
