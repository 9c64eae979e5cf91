"""Whom this node watches: the one before it on the ring of identities, and whoever that one does not watch any more.

A machine whose daemon is dead or starved answers echoes and says nothing: it is mute. It is watched as before, and
besides it the next before it, which would be nobody's ward otherwise; and so on to the first that speaks.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from wgmesh.domain import ring, strain
from wgmesh.domain.draft import Draft
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import IdentityKey
from wgmesh.domain.watch import WARD_CAP, Ward, is_on

# A Digest comes every 6 s; what is a quarter late is asked for (protocol, section 5).
OWED_WITHIN = 7500


def connected(mesh: Mesh) -> list[IdentityKey]:
    """Who can be watched at all."""
    return [peer.identity for peer in mesh.present_peers if peer.connected] if is_on(mesh) else []


def choose(draft: Draft) -> None:
    """The peers changed, or one of them became mute or speaks again: whom do we watch now?

    Whose watcher fell silent or became mute owes a sign at once; anybody else has its time.
    """
    held, now = draft.session.watch.wards, draft.now.awake
    chosen = tuple(_before_us(draft.mesh, held))
    if chosen == tuple(held):
        return
    is_passed_on = any(ward.mute or _is_gone(draft.mesh, identity) for identity, ward in held.items())
    fresh = Ward(now if is_passed_on else _next(draft), now)
    _keep(draft, {identity: held.get(identity, fresh) for identity in chosen})


def credit(draft: Draft, identity: IdentityKey, mute: bool = False) -> None:
    """A ward gave a sign; `mute`: none that its daemon gives."""
    wards = draft.session.watch.wards
    ward = wards.get(identity)
    if ward is None:
        return
    _keep(draft, {**wards, identity: Ward(_next(draft), draft.now.awake, mute)})
    if mute != ward.mute:
        choose(draft)


def excuse(draft: Draft) -> None:
    """Whatever was owed to us while we were away is owed anew."""
    for identity, ward in draft.session.watch.wards.items():
        credit(draft, identity, ward.mute)


def call_in(draft: Draft, by: int) -> dict[IdentityKey, Ward]:
    """Who owes a sign by this time (ms on `awake`); the next one is owed after as long again."""
    wards = draft.session.watch.wards
    due = {identity: ward for identity, ward in wards.items() if ward.owed <= by}
    _keep(draft, {identity: replace(w, owed=_next(draft)) if identity in due else w for identity, w in wards.items()})
    return due


def _before_us(mesh: Mesh, held: dict[IdentityKey, Ward]) -> Iterator[IdentityKey]:
    """The one before us on the ring; if it is mute the one before that, too."""
    left, place = connected(mesh), mesh.identity
    for _ in range(WARD_CAP):
        if not left:
            return
        place = ring.before(place, left)
        yield place
        if place not in held or not held[place].mute:
            return
        left.remove(place)


def _is_gone(mesh: Mesh, identity: IdentityKey) -> bool:
    peer = mesh.peers.get(identity)
    return peer is None or peer.connected is None


def _next(draft: Draft) -> int:
    return draft.now.awake + OWED_WITHIN * strain.patience(draft)


def _keep(draft: Draft, wards: dict[IdentityKey, Ward]) -> None:
    draft.remember(watch=replace(draft.session.watch, wards=wards))
