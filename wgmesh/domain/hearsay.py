"""Records at second hand: whoever passes them on, each speaks for its own signer alone."""

from wgmesh.domain.draft import NEVER, Draft, Verdict
from wgmesh.domain.inputs import Consulted, Told
from wgmesh.domain.membership import admit
from wgmesh.domain.selfhood import outrun
from wgmesh.domain.session import Introducer


def take(draft: Draft, told: Told | Consulted) -> Verdict:
    """Store what is news; one of our own that is newer than we know makes us jump above it."""
    for passed in told.passed:
        if passed.record.identity == draft.mesh.identity:
            yield from outrun(draft, passed.record)
        else:
            yield from admit(draft, passed.record, passed.signed, NEVER, _by(told))


def _by(told: Told | Consulted) -> Introducer:
    if isinstance(told, Consulted):
        return Introducer(source="registry")
    return Introducer(told.teller) if told.teller else Introducer(source=told.sender.ip)
