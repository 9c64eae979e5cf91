"""Our own record, heard from others newer than we know it: a restored backup, a lost log, or somebody with our seed.

A node jumps above what an earlier run of it said, and keeps its address; others may remember several such runs. A run
that we jumped above and that says more is none of the past: a clone of this machine. Both say so, and the one with the
lower life is silent.
"""

from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.events import CloneDetected, OwnRecordOutrun
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.parameters import fingerprint, ipv4_of
from wgmesh.domain.peer_record import INCARNATION_END, NO_IPV4, PeerRecord
from wgmesh.domain.session import remember
from wgmesh.domain.values import MINUTE, Ground, Incarnation

# How long it is remembered above which run we jumped, and that a clone was named; jumps within that time.
OUTRUN_PAUSE = 10 * MINUTE
JUMP_CAP = 4


def outrun(draft: Draft, record: PeerRecord) -> Verdict:
    """A record that we signed, or that somebody with our seed did."""
    mesh = draft.mesh
    assert mesh.parameters
    if not is_ahead(mesh, record) or record.parameters != fingerprint(mesh.parameters):
        return
    now = draft.now.awake
    jumps = {life: at for life, at in draft.session.outrun.items() if now - at < OUTRUN_PAUSE}
    if record.life in jumps:
        if record.life != mesh.life and not _is_recent(draft, mesh.clone.since if mesh.clone else None):
            assert mesh.outrun
            yield CloneDetected(_last_of(record), record.life), (mesh.outrun.sequence,)
    elif len(jumps) < JUMP_CAP:
        draft.remember(outrun=remember(jumps, record.life, now, JUMP_CAP))
        nonce = max(record.nonce, mesh.nonce)
        ipv4 = "" if record.capabilities & NO_IPV4 else ipv4_of(mesh.parameters, mesh.public_key, nonce)
        yield OwnRecordOutrun(_last_of(record), nonce, ipv4), ()


def _last_of(record: PeerRecord) -> Incarnation:
    """Nothing is higher of what its run can have said: others of its records may be on their way from who has them."""
    boot = record.incarnation.boot + 1
    return Incarnation(boot, 0) if boot < INCARNATION_END else record.incarnation


def is_ahead(mesh: Mesh, own: PeerRecord) -> bool:
    """Is this record of ourselves one that ours does not replace: newer, or of another run in this very incarnation?"""
    return own.incarnation > mesh.incarnation or (own.incarnation == mesh.incarnation and own.life != mesh.life)


def _is_recent(draft: Draft, ground: Ground | None) -> bool:
    return ground is not None and draft.now.awake - ground.awake < OUTRUN_PAUSE
