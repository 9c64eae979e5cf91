"""When this node speaks on its LANs: at once when something changed, again after a second, then by Trickle (RFC 6206).

On a quiet LAN where all hold the same records almost nobody speaks; where they do not, the interval falls back to its
shortest. Who was heard to say the same three times need not say it too, but once in ten minutes everybody does.
"""

from msgspec.structs import replace

from wgmesh.domain import lots
from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.effects import Announce
from wgmesh.domain.session import Trickle
from wgmesh.domain.values import MINUTE, SECOND

# Trickle's parameters (protocol, section 5): shortest and longest interval, redundancy constant.
SHORTEST = 5 * SECOND
LONGEST = 80 * SECOND
REDUNDANCY = 3
# Nobody stays silent for longer than this, whatever it hears.
SILENCE_CAP = 10 * MINUTE
# The first announcement may be lost, or come before the neighbours' sockets are open.
REPEAT_PAUSE = SECOND
# Up to so much earlier, by chance: machines that start when the power is back would all repeat it at one moment.
REPEAT_SPREAD = SECOND // 4


def is_on(draft: Draft) -> bool:
    """Does this node speak on LANs at all?"""
    settings = draft.mesh.settings
    return settings is not None and settings.lan and draft.mesh.started is not None


def announce(draft: Draft) -> Verdict:
    """Something about us is new: say it now, and once more in a second."""
    if is_on(draft):
        now = draft.now.awake
        again = now + REPEAT_PAUSE - lots.draw(draft.now.lot, "repeat", REPEAT_SPREAD)
        draft.remember(trickle=Trickle(SHORTEST, now, again, 0, now))
        yield Announce()


def overhear(draft: Draft, agrees: bool) -> None:
    """A neighbour announced what we know already. If it holds other records than we do, the LAN must talk sooner."""
    trickle = draft.session.trickle
    if agrees:
        draft.remember(trickle=replace(trickle, equals=trickle.equals + 1))
    elif trickle.interval > SHORTEST:
        draft.remember(trickle=_begin(draft, SHORTEST, draft.now.awake))


def quicken(draft: Draft) -> None:
    """Our records changed: neighbours may lack what we just learned."""
    if draft.session.trickle.interval > SHORTEST:
        draft.remember(trickle=_begin(draft, SHORTEST, draft.now.awake))


def speak(draft: Draft) -> Verdict:
    """The moment of this interval has come: speak unless enough others did; the next interval is twice as long."""
    trickle, now = draft.session.trickle, draft.now.awake
    if trickle.fires is None or now < trickle.fires:  # an earlier input of the same turn has just made us speak
        return
    overdue = trickle.spoken is None or now - trickle.spoken >= SILENCE_CAP
    spoken = trickle.spoken
    if is_on(draft) and (trickle.equals < REDUNDANCY or overdue):
        spoken = now
        yield Announce()
    following = _begin(draft, min(2 * trickle.interval, LONGEST), max(now, trickle.began + trickle.interval))
    draft.remember(trickle=replace(following, spoken=spoken))


def _begin(draft: Draft, interval: int, began: int) -> Trickle:
    """An interval whose moment lies at random in its second half."""
    half = interval // 2
    fires = began + half + lots.draw(draft.now.lot, "trickle", half)
    return Trickle(interval, began, fires, 0, draft.session.trickle.spoken)
