"""Our own record, heard from others newer than we know it: a restored backup, a lost log, or somebody with our seed.

The first time in a run, a node jumps above it and keeps its address. A still higher one soon after, with another life,
is said by somebody who does the same: a clone of this machine. Both say so, and the one with the lower life is silent.
"""

from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.events import CloneDetected, OwnRecordOutrun
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.parameters import fingerprint, ipv4_of
from wgmesh.domain.peer_record import NO_IPV4, PeerRecord
from wgmesh.domain.values import MINUTE, Ground

# How often a run may jump above a newer record of itself; a twin with the same seed would race it for ever.
OUTRUN_PAUSE = 10 * MINUTE


def outrun(draft: Draft, record: PeerRecord) -> Verdict:
    """A record that we signed, or that somebody with our seed did."""
    mesh = draft.mesh
    assert mesh.parameters
    if not is_ahead(mesh, record) or record.parameters != fingerprint(mesh.parameters):
        return
    if not _has_jumped(draft):
        nonce = max(record.nonce, mesh.nonce)
        ipv4 = "" if record.capabilities & NO_IPV4 else ipv4_of(mesh.parameters, mesh.public_key, nonce)
        yield OwnRecordOutrun(record.incarnation, nonce, ipv4), ()
    elif record.life != mesh.life and not _is_recent(draft, mesh.clone.since if mesh.clone else None):
        assert mesh.outrun
        yield CloneDetected(record.incarnation, record.life), (mesh.outrun.sequence,)


def is_ahead(mesh: Mesh, own: PeerRecord) -> bool:
    """Is this record of ourselves one that ours does not replace: newer, or of another run in this very incarnation?"""
    return own.incarnation > mesh.incarnation or (own.incarnation == mesh.incarnation and own.life != mesh.life)


def _has_jumped(draft: Draft) -> bool:
    """In this run, and lately. What is above a new run may be the last word of a clone that is long thrown away."""
    outrun, started = draft.mesh.outrun, draft.mesh.started
    assert started
    return outrun is not None and outrun.sequence > started.sequence and _is_recent(draft, outrun)


def _is_recent(draft: Draft, ground: Ground | None) -> bool:
    return ground is not None and draft.now.awake - ground.awake < OUTRUN_PAUSE
