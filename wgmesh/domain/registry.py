"""When this node looks into the registry: at once while it knows nobody to talk to, hardly ever afterwards.

Alone, it reads the notes of others and leaves its own, ever more rarely. With a tunnel it only keeps its note fresh, so
that newcomers find it; two of a mesh read now and then, for those who cannot call us but can be called. A note holds a
record that its owner signed: it is taken like any record at second hand, and leads to sealed Hellos and to WireGuard's
own handshakes, no further.
"""

from msgspec.structs import replace

from wgmesh.domain import lots
from wgmesh.domain.draft import Draft, State, Verdict
from wgmesh.domain.effects import Consult
from wgmesh.domain.electing import is_elected
from wgmesh.domain.events import RegistryEntryCreated, RegistryEntryFound
from wgmesh.domain.inputs import Consulted, Found
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.own_record import own_record
from wgmesh.domain.peer import Peer
from wgmesh.domain.values import HOUR, MINUTE, SECOND, Endpoint

LAYER = "registry"
# While alone: the pause after the first visit; each is twice the one before, and up to a quarter longer.
FIRST_PAUSE = 5 * SECOND
LONGEST_PAUSE = 10 * MINUTE
# However often networks change and tunnels fall, and before a node with tunnels leaves its first note.
LEAST_PAUSE = MINUTE
# In a mesh: how often the two who are elected read.
WATCH_PAUSE = 30 * MINUTE
# Notes count for a day: ours is written again after this, and up to a quarter more.
REFRESH_PAUSE = 18 * HOUR
# A registry that hides what we make is not filled with issues.
CREATE_PAUSE = HOUR
# What begins at one moment on many machines is spread over so long.
SPREAD = 250
MOST_DOUBLINGS = 16


def follow(draft: Draft, before: Mesh) -> None:
    """A run began, the last tunnel fell, or others are to find us elsewhere: think of the registry soon."""
    mesh, visits = draft.mesh, draft.session.visits
    if not is_on(mesh):
        draft.remember(visits=replace(visits, due=None))
        return
    begins = mesh.started is not before.started
    moved = begins or _moved(mesh, before)
    if moved or (mesh.is_alone and not before.is_alone):
        soon = draft.now.awake + lots.draw(draft.now.lot, LAYER, SPREAD)
        rested = 0 if visits.begun is None else visits.begun + LEAST_PAUSE
        due = max(soon, rested) if mesh.is_alone or visits.begun is not None else soon + LEAST_PAUSE
        noted = None if moved else visits.noted
        draft.remember(visits=replace(visits, due=due, tries=0, noted=noted))


def is_on(mesh: Mesh) -> bool:
    """Are we in the mesh, and does the operator want us to use the registry?"""
    return mesh.settings is not None and mesh.settings.registry and mesh.departed is None


def next_visit(state: State) -> int | None:
    """When the next visit, or the next thought of one, is due."""
    return state.session.visits.due


def visit(draft: Draft) -> Verdict:
    """Alone: read, and leave our note. Elected: read. When our note is old, write it. Say when to think of it next."""
    visits, now = draft.session.visits, draft.now.awake
    if visits.due is None or now < visits.due:  # an earlier input of the same turn has put it off
        return
    settings, alone = draft.mesh.settings, draft.mesh.is_alone
    assert settings is not None
    is_stale = visits.noted is None or now - visits.noted >= REFRESH_PAUSE
    writes = settings.registry_writes and (alone or is_stale)
    if alone or writes or is_elected(draft.mesh):
        yield _consult(draft, writes)
        visits = replace(visits, begun=now)
    tries = min(visits.tries + 1, MOST_DOUBLINGS) if alone else 0
    pause = _backoff(visits.tries) if alone else WATCH_PAUSE
    draft.remember(visits=replace(visits, due=now + _jittered(draft, pause), tries=tries))


def read(draft: Draft, consulted: Consulted) -> Verdict:
    """The registry answered: where our mesh meets is news if it is another issue than before."""
    known = draft.mesh.entry
    if consulted.created:
        yield RegistryEntryCreated(consulted.number), ()
    elif consulted.number and (known is None or known.number != consulted.number):
        yield RegistryEntryFound(consulted.number), (known.since.sequence,) if known else ()
    if consulted.wrote:
        draft.remember(visits=replace(draft.session.visits, noted=draft.now.awake))
    if consulted.trouble:
        _rest(draft, consulted.wait)


def missed(draft: Draft, consulted: Consulted) -> Found:
    """Where those are who left a note, and whom we gave up because nothing ever came of what we know of them."""
    known = (draft.mesh.peers.get(identity) for identity in consulted.missed)
    gone = (peer for peer in known if peer is not None and peer.expired is not None)
    return Found(LAYER, tuple(dict.fromkeys(address for peer in gone for address in _sockets(peer))))


def _rest(draft: Draft, wait: int) -> None:
    """It does not serve us: leave it alone for as long as it says, and ever longer."""
    visits = draft.session.visits
    if visits.due is not None:
        due = draft.now.awake + _jittered(draft, max(wait, _backoff(visits.tries)))
        draft.remember(visits=replace(visits, due=due, tries=min(visits.tries + 1, MOST_DOUBLINGS)))


def _consult(draft: Draft, writes: bool) -> Consult:
    """The first visit of a run goes to the issue that we know; what did not help is looked for anew."""
    entry = draft.mesh.entry
    number = entry.number if entry is not None and draft.session.visits.begun is None else 0
    made_at = entry.made_at if entry is not None else None
    creates = writes and (made_at is None or draft.now.awake - made_at.awake >= CREATE_PAUSE)
    made = entry.made if entry is not None and entry.made == entry.number else 0
    return Consult(number, made, creates, writes)


def _moved(mesh: Mesh, before: Mesh) -> bool:
    """Does our record name other places than before?"""
    if mesh.incarnation == before.incarnation:
        return False
    return before.settings is None or own_record(mesh).endpoints != own_record(before).endpoints


def _sockets(peer: Peer) -> tuple[Endpoint, ...]:
    """Where its record says that its exchange is; at the addresses of its WireGuard, where it says nothing else."""
    said = tuple(claim.endpoint for claim in peer.endpoints if claim.socket == "exchange")
    homes = tuple(Endpoint(claim.endpoint.ip, peer.exchange_port) for claim in peer.endpoints if claim.socket == "wg")
    return said + homes if peer.exchange_port else said


def _backoff(tries: int) -> int:
    return min(FIRST_PAUSE << tries, LONGEST_PAUSE)


def _jittered(draft: Draft, pause: int) -> int:
    return pause + lots.draw(draft.now.lot, LAYER, pause // 4)
