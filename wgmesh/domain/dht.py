"""When this node walks BitTorrent's DHT: at once while it knows nobody to talk to, hardly ever afterwards.

Alone, it announces itself and looks for others, ever more rarely. In a mesh it looks for nobody, and two of those who
are connected keep the mesh findable for newcomers: the two that everybody ranks first, whom a NAT hides behind all
others. What others announce under our infohash are candidates for a sealed Hello and no more.
"""

from msgspec.structs import replace

from wgmesh.domain import lots
from wgmesh.domain.draft import Draft, State, Verdict
from wgmesh.domain.effects import LookUp
from wgmesh.domain.electing import is_elected
from wgmesh.domain.events import AnnouncerElected
from wgmesh.domain.inputs import Found
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.messages import NOBODY
from wgmesh.domain.values import HOUR, MINUTE, SECOND

LAYER = "dht"
# While alone: the pause after the first walk; each is twice the one before, and up to a quarter longer.
FIRST_PAUSE = 5 * SECOND
LONGEST_PAUSE = 10 * MINUTE
# Nodes of the DHT forget an announcement after half an hour (BEP 5 leaves it to them; most take that).
ANNOUNCE_PAUSE = 20 * MINUTE
# What begins at one moment on many machines is spread over so long.
SPREAD = 250
# Addresses an hour that are taken from the DHT, whoever put them there (threats: an eclipse with 10,000 bogus peers).
CANDIDATES_AN_HOUR = 32


def follow(draft: Draft, before: Mesh) -> None:
    """The layer began to work, the networks changed, or the last tunnel fell: look at once."""
    mesh = draft.mesh
    if not mesh.works(LAYER):
        draft.remember(walk_due=None)
    elif not before.works(LAYER) or mesh.interfaces != before.interfaces or (mesh.is_alone and not before.is_alone):
        soon = draft.now.awake + lots.draw(draft.now.lot, LAYER, SPREAD)
        draft.remember(walk_due=soon, walks=0)


def next_walk(state: State) -> int | None:
    """When the next walk, or the next thought of one, is due."""
    return state.session.walk_due


def walk(draft: Draft) -> Verdict:
    """Alone: announce and look. Elected: announce. Else nothing; and in each case say when to think of it again."""
    due = draft.session.walk_due
    if due is None or draft.now.awake < due:  # an earlier input of the same turn has put it off
        return
    _begin_hour(draft)
    alone = draft.mesh.is_alone
    elected = not alone and is_elected(draft.mesh)
    if elected != (draft.mesh.announcer is not None):
        yield AnnouncerElected(elected), ()
    hour = draft.now.at // HOUR
    if alone:
        yield LookUp((hour, hour - 1, hour + 1), announce=True)
    elif elected:
        yield LookUp((hour,), announce=True)
    walks = draft.session.walks + 1 if alone else 0
    pause = min(FIRST_PAUSE << draft.session.walks, LONGEST_PAUSE) if alone else ANNOUNCE_PAUSE
    jitter = lots.draw(draft.now.lot, LAYER, pause // 4)
    draft.remember(walk_due=draft.now.awake + pause + jitter, walks=min(walks, 16))


def choose(draft: Draft, found: Found) -> Found:
    """Of what the DHT names, the new addresses that this hour still has room for; other layers' finds are theirs."""
    if found.layer != LAYER:
        return found
    _begin_hour(draft)
    taken = draft.session.walked_into
    known = [each for each in found.endpoints if each in taken]
    new = [each for each in dict.fromkeys(found.endpoints) if each not in taken][: CANDIDATES_AN_HOUR - len(taken)]
    draft.remember(walked_into=(*taken, *new))
    return replace(found, endpoints=(*known, *new))


def _begin_hour(draft: Draft) -> None:
    """A new hour has room for new addresses; those of the last at which nobody of the mesh answered are left alone."""
    hour, old = draft.now.awake // HOUR, draft.session.walked_into
    if draft.session.walked_hour == hour:
        return
    knocks = draft.session.knocks.items()
    kept = {address: knock for address, knock in knocks if knock.to != NOBODY or address not in old}
    draft.remember(walked_hour=hour, walked_into=(), knocks=kept)
