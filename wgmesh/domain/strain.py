"""Doubt in oneself first: a node whose timers come late, or that slept, has missed signs; others have not kept them.

All waiting is stretched by one's own strain, which rises with every sign of being slow and falls with every one of
being well (Dadgar, Phillips, Currey: Lifeguard, local health awareness for more accurate failure detection, 2018).
"""

from msgspec.structs import replace

from wgmesh.domain.draft import Draft

# A timer that comes so much (ms) too late was not this task's fault: the machine or this process gets no time.
LATE = 250
# Lifeguard's ceiling: waiting is stretched ninefold at most.
MOST = 8
# Who slept has missed more than one sign.
AFTER_SLEEP = 2


def patience(draft: Draft) -> int:
    """By how much all waiting is stretched now: 1 when this node is well."""
    return 1 + draft.session.watch.strain


def is_late(draft: Draft, due: int) -> bool:
    """Does a timer that was set for `due` (ms on `awake`) come so late that this node must doubt itself?"""
    return draft.now.awake - due > LATE


def feel(draft: Draft, more: int) -> None:
    """This node is more strained than it believed, or less (negative)."""
    watch = draft.session.watch
    strain = min(MOST, max(0, watch.strain + more))
    if strain != watch.strain:
        draft.remember(watch=replace(watch, strain=strain))
