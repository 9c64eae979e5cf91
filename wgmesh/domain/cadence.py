"""Which task is due when: a table, so that no timer hides anywhere else. All times are ms on `awake`.

`TASKS` names each with the function that says when it is due (None: not now) and the policy that does it.
"""

from collections.abc import Callable

from wgmesh.domain import (
    addressing,
    announcing,
    dht,
    digests,
    endpoints,
    forgetting,
    inquiring,
    liveness,
    moving,
    punching,
    reaching,
    recalling,
    reconciling,
    registry,
    relaying,
    returning,
    routes,
    rumours,
    sparing,
    spreading,
    supplying,
    watching,
)
from wgmesh.domain.draft import Draft, State, Verdict
from wgmesh.domain.effects import Sample
from wgmesh.domain.values import HOUR, MINUTE, SECOND

# After a peer or an endpoint changed, look often for a while: a handshake takes one round trip.
BRISK_PAUSE = 250
BRISK_FOR = 5 * SECOND
# So often while somebody uses a way that another could take the place of.
BUSY_PAUSE = SECOND
# Otherwise so often while somebody is still to be reached, less when nobody is, hardly ever where nobody is known.
EAGER_PAUSE = 5 * SECOND
CALM_PAUSE = 10 * SECOND
LONELY_PAUSE = 30 * SECOND
FORGET_PAUSE = 10 * MINUTE
EPOCH = 10 * MINUTE

Deadline = Callable[[State], int | None]
Policy = Callable[[Draft], Verdict]


def look_soon(draft: Draft) -> None:
    """A peer or an endpoint changed: sample soon and often. Whoever always has news does not put the look off."""
    now, due = draft.now.awake, draft.session.sample_due
    soon = now + BRISK_PAUSE
    draft.remember(sample_due=soon if due is None else min(due, soon), brisk_until=now + BRISK_FOR)


def keep_up(draft: Draft) -> Verdict:
    """Somebody's traffic was seen, or a relay was granted: look again soon, for as long as that is so."""
    now, due, held = draft.now.awake, draft.session.sample_due, draft.session.relaying
    is_granted = any(now - lease.since < BRISK_FOR for lease in held.leases.values())
    pause = BRISK_PAUSE if is_granted else BUSY_PAUSE
    if (is_granted or now < held.busy_until) and due is not None and due > now + pause:
        draft.remember(sample_due=now + pause)
    yield from ()


def _sample(draft: Draft) -> Verdict:
    draft.remember(sample_due=draft.now.awake + _pause(draft))
    yield Sample()


def _pause(draft: Draft) -> int:
    peers = draft.mesh.present_peers
    if draft.now.awake < draft.session.brisk_until:
        return BRISK_PAUSE
    if draft.now.awake < draft.session.relaying.busy_until:
        return BUSY_PAUSE
    if any(not peer.connected for peer in peers):
        return EAGER_PAUSE
    return CALM_PAUSE if peers else LONELY_PAUSE


def _call_roll(draft: Draft) -> Verdict:
    draft.remember(roll_call_due=draft.now.awake + HOUR)
    yield from liveness.call_roll(draft)


def _forget(draft: Draft) -> Verdict:
    draft.remember(forget_due=draft.now.awake + FORGET_PAUSE)
    yield from liveness.forget(draft)
    yield from forgetting.purge(draft)


def _take_turns(draft: Draft) -> Verdict:
    """The desired device changes with time alone: bring the device up to date now, and plan the next turn."""
    look_soon(draft)
    plan_turns(draft)
    yield Sample()


def plan_turns(draft: Draft) -> None:
    """Say who is tried now, and when that changes by the passing of time."""
    edges = (sparing.spare(draft), next_turn(State(draft.mesh, draft.session), draft.now.awake))
    draft.remember(turn_due=min((edge for edge in edges if edge is not None), default=None))


def next_turn(state: State, now: int) -> int | None:
    """When the endpoint of some peer changes by the passing of time."""
    covered = routes.covered(state.mesh)
    edges = (endpoints.next_change(state.mesh, peer, now, covered) for peer in state.mesh.present_peers)
    return min((edge for edge in edges if edge is not None), default=None)


TASKS: dict[str, tuple[Deadline, Policy]] = {
    "announce": (lambda state: state.session.trickle.fires, announcing.speak),
    "settle": (lambda state: addressing.settles_at(state.mesh), addressing.settle_collision),
    "nudge": (lambda state: min(state.session.nudges, default=None), moving.nudge),
    "watch": (watching.next_doubt, watching.watch),
    "rumour": (spreading.next_round, spreading.tell),
    "call": (recalling.next_call, recalling.call),
    "knock": (lambda state: reaching.next_knock(state.session.knocks, state.session.knocks_spent), reaching.knock),
    "renew": (lambda state: state.session.renew_due, reaching.renew),
    "punch": (punching.next_volley, punching.volley),
    "walk": (dht.next_walk, dht.walk),
    "inquire": (inquiring.next_question, inquiring.inquire),
    "visit": (registry.next_visit, registry.visit),
    "page": (lambda state: supplying.next_page(state.session.supplies), supplying.turn_pages),
    "news": (lambda state: state.session.news_due, rumours.tell),
    "digest": (lambda state: state.session.digest_due, digests.tell),
    "remind": (lambda state: state.session.remind_due, digests.remind),
    "trade": (lambda state: state.session.trade_due, reconciling.trade),
    "relay": (relaying.next_ask, relaying.ask),
    "trial": (returning.next_question, returning.ask),
    "sample": (lambda state: state.session.sample_due, _sample),
    "turn": (lambda state: state.session.turn_due, _take_turns),
    "roll-call": (lambda state: state.session.roll_call_due, _call_roll),
    "forget": (lambda state: state.session.forget_due, _forget),
}


def deadlines(state: State) -> dict[str, int]:
    """When each task is due that is due at all, in the order of the table."""
    return {task: at for task, (deadline, _) in TASKS.items() if (at := deadline(state)) is not None}
