"""Back from a relay to the direct way, and to the relay again where that does not hold: never to and fro.

Beside a relay, a direct tunnel that came up is asked for a sign each second, inside that tunnel and no other. It is
taken when it answered often enough in a row, and still asked for three minutes: three signs missed, and traffic is back
on the relay, whose peer WireGuard keeps for so long. Each such fall makes the direct way prove itself for four times
as long.
"""

from msgspec.structs import replace

from wgmesh.domain import lots, relaying, relays
from wgmesh.domain.draft import Draft, State, Verdict
from wgmesh.domain.effects import SendGossip
from wgmesh.domain.events import PeerRelayed, PeerUnrelayed
from wgmesh.domain.gossip_messages import Answer, Probe
from wgmesh.domain.peer import Peer
from wgmesh.domain.relay_state import WISH_CAP, Fall, Trial
from wgmesh.domain.session import remember
from wgmesh.domain.values import HOUR, MINUTE, SECOND, IdentityKey
from wgmesh.domain.watch import is_on

# A sign is asked for so often; a way that gives none at all is asked less and less.
PAUSE, MOST_PAUSE = SECOND, MINUTE
# Signs in a row before a direct way is taken: of the first, and at most.
HOLD, MOST_HOLD = 3, 600
FALL_FACTOR = 4
# So many signs missed in a row, and the direct way is dead.
MISSES = 3
# How long a direct way that was taken is still asked, and WireGuard keeps the relayed tunnel beside it.
GUARDED = 3 * MINUTE
# A way that held for so long is as good as new.
FORGIVEN_AFTER = HOUR
NUMBERS = 2**32


def hold(falls: int) -> int:
    """How many signs in a row are wanted after so many falls."""
    signs: int = HOLD * FALL_FACTOR ** min(falls, 8)
    return min(signs, MOST_HOLD)


def follow(draft: Draft) -> None:
    """The peers changed: whose direct way is to be tried beside a relay, and which was taken in vain?"""
    held, now = draft.session.relaying, draft.now.awake
    present = {each.identity: each for each in draft.mesh.present_peers if is_on(draft.mesh)}
    trials, falls = dict[bytes, Trial](), held.falls
    for identity, trial in held.trials.items():
        if identity in present and _is_tried(present[identity], trial):
            trials[identity] = trial
        elif trial.taken is not None and identity in present and present[identity].relayed:
            falls = remember(falls, identity, Fall(_falls(falls.get(identity), now) + 1, now), WISH_CAP)
    for identity, peer in present.items():
        if identity not in trials and peer.relayed and peer.connected and len(trials) < WISH_CAP:
            trials[identity] = Trial(0, now)
    if (trials, falls) != (held.trials, held.falls):
        draft.remember(relaying=replace(held, trials=trials, falls=falls))


def next_question(state: State) -> int | None:
    """When the direct way of somebody is to be asked for a sign."""
    return min((trial.due for trial in state.session.relaying.trials.values()), default=None)


def ask(draft: Draft) -> Verdict:
    """Ask each direct way whose time has come; leave one that was taken and gives no sign."""
    now = draft.now.awake
    for identity, trial in draft.session.relaying.trials.items():
        if trial.due <= now:
            yield from _ask(draft, draft.mesh.peers[identity], _noted(trial))


def _ask(draft: Draft, peer: Peer, trial: Trial) -> Verdict:
    now = draft.now.awake
    age = None if trial.taken is None else now - trial.taken
    if age is not None and age >= FORGIVEN_AFTER:
        _drop(draft, peer.identity)
    elif age is not None and age >= GUARDED:
        _keep(draft, peer.identity, replace(trial, due=now - age + FORGIVEN_AFTER, is_open=False))
    elif age is not None and trial.missed >= MISSES:
        yield from _fall_back(draft, peer, trial)
    else:
        number = lots.draw(draft.now.lot, f"trial {peer.identity.hex()}", NUMBERS)
        pause = min(PAUSE << max(0, min(trial.missed, 16) - MISSES), MOST_PAUSE)
        _keep(draft, peer.identity, replace(trial, number=number, due=now + pause, is_open=True))
        yield SendGossip(peer.identity, Probe(number))


def _noted(trial: Trial) -> Trial:
    """A question that still waits when the next one is due was missed."""
    return replace(trial, answered=0, missed=trial.missed + 1, is_open=False) if trial.is_open else trial


def _fall_back(draft: Draft, peer: Peer, trial: Trial) -> Verdict:
    """To the relay that it came from; where that is gone, another one is sought."""
    before = peer.unrelayed
    assert before
    if relays.serves(draft.mesh, before.relay):
        yield PeerRelayed(peer.identity, before.relay, before.port), (before.since.sequence,)
    else:
        _keep(draft, peer.identity, replace(trial, missed=0, due=draft.now.awake + PAUSE))
        relaying.bypass(draft, peer.identity)


def hear(draft: Draft, sender: IdentityKey, answer: Answer) -> Verdict:
    """A sign through the direct tunnel: is it one in a row that is long enough?"""
    trial = draft.session.relaying.trials.get(sender)
    if trial is None or not trial.is_open or trial.number != answer.number:
        return
    now, peer = draft.now.awake, draft.mesh.peers[sender]
    trial = replace(trial, answered=trial.answered + 1, missed=0, is_open=False)
    takes = trial.taken is None and trial.answered >= hold(_falls(draft.session.relaying.falls.get(sender), now))
    _keep(draft, sender, replace(trial, taken=now) if takes else trial)
    if takes:
        assert peer.relayed
        assert peer.connected
        yield PeerUnrelayed(sender, peer.relayed.relay, "direct"), (peer.connected.sequence,)


def _is_tried(peer: Peer, trial: Trial) -> bool:
    if trial.taken is not None:
        return peer.relayed is None
    return peer.relayed is not None and peer.connected is not None


def _falls(fall: Fall | None, now: int) -> int:
    return fall.times if fall and now - fall.at < FORGIVEN_AFTER else 0


def _keep(draft: Draft, identity: IdentityKey, trial: Trial) -> None:
    held = draft.session.relaying
    draft.remember(relaying=replace(held, trials={**held.trials, identity: trial}))


def _drop(draft: Draft, identity: IdentityKey) -> None:
    held = draft.session.relaying
    trials = {key: trial for key, trial in held.trials.items() if key != identity}
    draft.remember(relaying=replace(held, trials=trials))
