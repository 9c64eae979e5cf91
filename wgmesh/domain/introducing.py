"""Of how many unknown nodes one may tell us: as many as a mesh has at once, and as many again in a day.

Who joins hears of everybody through the one node that it met. But a member can make up nodes by the thousand, well
signed all of them: what one says, and all together, costs us so much memory and log and no more.
"""

from wgmesh.domain.allowance import spend
from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.events import IntroducerCurbed
from wgmesh.domain.session import EPOCH_CAP, PEER_CAP, Introducer, remember
from wgmesh.domain.values import DAY

# Unknown nodes that one introducer may name, at once and in a day; and all introducers together.
BY_ONE = PEER_CAP
BY_ALL = 2 * PEER_CAP


def may(draft: Draft, by: Introducer) -> bool:
    """May it tell us of one more? If so, it has."""
    now = draft.now.awake
    one = spend(draft.session.introduced.get(by), now, BY_ONE, DAY // BY_ONE)
    in_all = spend(draft.session.newcomers, now, BY_ALL, DAY // BY_ALL)
    if one is None or in_all is None:
        return False
    draft.remember(introduced=remember(draft.session.introduced, by, one, PEER_CAP), newcomers=in_all)
    return True


def curb(draft: Draft, by: Introducer) -> Verdict:
    """It told of more; said once a day."""
    told, now = draft.session.curbed.get(by), draft.now.awake
    if draft.session.refusals >= EPOCH_CAP or (told is not None and now - told < DAY):
        return
    curbed = remember(draft.session.curbed, by, now, PEER_CAP)
    draft.remember(refusals=draft.session.refusals + 1, curbed=curbed)
    yield IntroducerCurbed(by.identity, by.source), ()
