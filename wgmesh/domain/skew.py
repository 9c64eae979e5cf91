"""Clocks that do not agree: who comes with a token of another hour is not let in, but a person is told why.

Nobody can say whose clock is wrong. Told once a node and day, and again when the difference is another.
"""

from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.events import ClockSkewObserved
from wgmesh.domain.inputs import Skewed
from wgmesh.domain.mesh import SKEW_CAP
from wgmesh.domain.session import EPOCH_CAP
from wgmesh.domain.values import DAY


def note(draft: Draft, skewed: Skewed) -> Verdict:
    """Somebody with the secret is in another hour than we are."""
    known = draft.mesh.skewed.get(skewed.identity)
    if known and known.hours == skewed.hours and draft.now.awake - known.since.awake < DAY:
        return
    if draft.session.refusals >= EPOCH_CAP or (known is None and len(draft.mesh.skewed) >= SKEW_CAP):
        return
    draft.remember(refusals=draft.session.refusals + 1)
    yield ClockSkewObserved(skewed.identity, skewed.source, skewed.hours), ()
