"""The table of contents: which policy answers which input. One input in, records and effects out; nothing else moves.

`step(state, input, now)` names the cause, opens a draft, lets the policies fill it, and closes it with what follows
from any change: a collision to settle, a turn to plan, an announcement of what is new about us.
"""

from itertools import chain
from typing import assert_never

from wgmesh.domain import (
    addressing,
    announcing,
    bans,
    cadence,
    dht,
    digests,
    discovery,
    doubting,
    farewell,
    granting,
    hearsay,
    inquiring,
    liveness,
    moving,
    punching,
    reaching,
    recalling,
    reconciling,
    registry,
    relaying,
    rendezvous,
    returning,
    routes,
    rumours,
    running,
    sighting,
    skew,
    strain,
    watching,
    witnessing,
)
from wgmesh.domain import inputs as i
from wgmesh.domain.draft import Draft, State, Step, Verdict
from wgmesh.domain.effects import Exit, RemoveInterface, Sample
from wgmesh.domain.gossip_messages import Answer
from wgmesh.domain.inputs import Input
from wgmesh.domain.relay_messages import RelayAsk, RelayDenial, RelayGrant, RelayOffer
from wgmesh.domain.values import Moment

# What a node that gave way to its clone still wants done: nothing that another node could hear.
UNHEARD = (Sample, RemoveInterface, Exit)


def step(state: State, given: Input, now: Moment) -> Step:
    """Decide one input. Pure: the same arguments give the same step, byte for byte."""
    draft = Draft(state, now, cause_of(given))
    draft.take(running.watch_clock(draft))
    if draft.session.epoch != now.awake // cadence.EPOCH:
        draft.remember(epoch=now.awake // cadence.EPOCH, refusals=0, contests=0)
    if draft.mesh.stepped is not state.mesh.stepped:
        draft.take(watching.ask_now(draft))
        moving.plan_nudges(draft)
    draft.take(_decide(draft, given))
    if draft.mesh is not state.mesh:
        _follow_up(draft, state, _teller(given))
    if state.mesh.is_silent(now.awake):
        draft.effects = [effect for effect in draft.effects if isinstance(effect, UNHEARD)]
    return draft.step()


def cause_of(given: Input) -> str:
    """The word that a record carries for what it came from."""
    match given:
        case i.Heard(layer) | i.Told(layer) | i.Found(layer) | i.Skewed(layer) | i.Suspended(layer) | i.Resumed(layer):
            return layer
        case i.Consulted():
            return registry.LAYER
        case i.Whispered() | i.Introduced() | i.Echoed() | i.Unpassed():
            return "gossip"
        case i.Probed() | i.Reached():
            return "punch"
        case i.Due(task):
            return f"timer/{task}"
        case i.Leave():
            return "operator/leave"
        case i.Ban():
            return "operator/ban"
        case i.Unban():
            return "operator/unban"
        case i.Stop():
            return "operator/stop"
        case i.Start():
            return "start"
        case i.Listed() | i.Mapped():
            return "stun"
        case i.Networked() | i.Located():
            return "network"
        case i.Woke():
            return "clock"
        case i.Sampled() | i.Applied():
            return "wireguard"
        case i.Rejected():
            return "timer/rejections"
        case i.Outpaced():
            return "lan"
        case i.Recovered() | i.Thawed() | i.Carry():
            return "log"
        case i.Compacted(reason=reason):
            return f"log/{reason}"
        case _:
            assert_never(given)


def _decide(draft: Draft, given: Input) -> Verdict:
    match given:
        case i.Heard():
            return discovery.hear(draft, given)
        case i.Told():
            return chain(watching.overhear(draft, given), hearsay.take(draft, given))
        case i.Whispered():
            heard = (watching.hear(draft, given), reconciling.hear(draft, given), witnessing.witness(draft, given))
            return chain(*heard, sighting.hear(draft, given), _overhear_relays(draft, given))
        case i.Introduced() | i.Probed() | i.Reached():
            return _punch(draft, given)
        case i.Echoed():
            return watching.echo(draft, given)
        case i.Found():
            return reaching.find(draft, dht.choose(draft, given))
        case i.Mapped():
            return inquiring.hear(draft, given)
        case i.Listed():
            return inquiring.take_servers(draft, given)
        case i.Located():
            return moving.locate(draft, given)
        case i.Skewed():
            return skew.note(draft, given)
        case i.Due(task):
            return cadence.TASKS[task][1](draft)
        case i.Sampled(sample, relayed):
            looks = (liveness.look(draft, sample), doubting.see(draft, sample), relaying.look(draft, sample, relayed))
            return chain(*looks, cadence.keep_up(draft))
        case i.Unpassed():
            return granting.close(draft, given)
        case i.Applied():
            return running.apply(draft, given)
        case i.Networked():
            return moving.network(draft, given)
        case i.Woke():
            inquiring.begin_soon(draft)
            return chain(watching.start_over(draft, strain.AFTER_SLEEP), moving.wake(draft, given))
        case i.Start():
            return running.start(draft, given)
        case i.Stop():
            return running.stop(draft, given)
        case i.Leave():
            return chain(running.leave(draft), farewell.bid(draft))
        case i.Ban():
            return bans.ban(draft, given)
        case i.Unban():
            return bans.unban(draft, given)
        case i.Rejected():
            return running.reject(draft, given)
        case i.Outpaced():
            return running.outpace(draft, given)
        case i.Suspended() | i.Resumed() | i.Consulted():
            return _of_layers(draft, given)
        case i.Recovered() | i.Carry() | i.Compacted() | i.Thawed():
            return _of_the_log(draft, given)
        case _:
            assert_never(given)


def _punch(draft: Draft, given: i.Introduced | i.Probed | i.Reached) -> Verdict:
    match given:
        case i.Introduced(to=to):
            return (punching.invited if to == draft.mesh.identity else rendezvous.pass_on)(draft, given)
        case i.Probed():
            return punching.probed(draft, given)
        case i.Reached():
            return punching.reached(draft, given)
        case _:
            assert_never(given)


def _of_the_log(draft: Draft, given: i.Recovered | i.Carry | i.Compacted | i.Thawed) -> Verdict:
    match given:
        case i.Recovered():
            return running.recover(draft, given)
        case i.Carry():
            return running.carry(draft)
        case i.Compacted():
            return running.compact(draft, given)
        case i.Thawed():
            return running.thaw(draft, given)
        case _:
            assert_never(given)


def _overhear_relays(draft: Draft, given: i.Whispered) -> Verdict:
    """What a member said of relaying, as a relay of ours, as one that we are for it, or as the other side."""
    match given.message:
        case RelayAsk() as asked:
            yield from granting.ask(draft, given.sender, asked)
        case RelayOffer() as offer:
            yield from relaying.accept(draft, given.sender, offer)
        case RelayGrant() as grant:
            yield from relaying.take(draft, given.sender, grant)
        case RelayDenial() as denial:
            yield from relaying.refuse(draft, given.sender, denial)
        case Answer() as answer:
            yield from returning.hear(draft, given.sender, answer)


def _of_layers(draft: Draft, given: i.Suspended | i.Resumed | i.Consulted) -> Verdict:
    match given:
        case i.Suspended():
            yield from running.suspend(draft, given)
        case i.Resumed():
            yield from running.resume(draft, given)
        case i.Consulted(trouble=trouble):
            layer = registry.LAYER
            stands = i.Suspended(layer, trouble) if trouble else i.Resumed(layer)
            yield from _of_layers(draft, stands)
            missed = registry.missed(draft, given)
            yield from registry.read(draft, given)
            yield from hearsay.take(draft, given)
            yield from reaching.find(draft, missed)
        case _:
            assert_never(given)


def _teller(given: Input) -> bytes:
    """Who told us what this input says: a member inside its tunnel, or the node itself."""
    match given:
        case i.Told(teller=teller):
            return teller
        case i.Heard(identity=identity):
            return identity
        case _:
            return b""


def _follow_up(draft: Draft, before: State, teller: bytes) -> None:
    """What any change entails, whatever input brought it."""
    if draft.mesh.layers is not before.mesh.layers:
        watching.choose(draft)
    if draft.mesh.peers is not before.mesh.peers or draft.mesh.layers is not before.mesh.layers:
        draft.take(relaying.follow(draft))
        draft.take(granting.follow(draft))
        returning.follow(draft)
    if draft.mesh.peers is not before.mesh.peers:
        draft.take(addressing.note_outcome(draft, before.mesh))
        draft.take(addressing.settle_collision(draft))
        draft.take(routes.note_contests(draft, before.mesh))
        watching.choose(draft)
        recalling.plan(draft)
        cadence.look_soon(draft)
    if draft.mesh.interfaces != before.mesh.interfaces and draft.mesh.present_peers:
        cadence.look_soon(draft)
    if draft.mesh.digest != before.mesh.digest:
        announcing.quicken(draft)
    if draft.mesh.incarnation != before.mesh.incarnation and draft.mesh.departed is None:
        draft.take(announcing.announce(draft))
    reaching.follow(draft, before.mesh)
    punching.follow(draft, before.mesh)
    dht.follow(draft, before.mesh)
    inquiring.follow(draft, before.mesh)
    draft.take(sighting.tell(draft, before.mesh))
    registry.follow(draft, before.mesh)
    cadence.plan_turns(draft)
    draft.take(rumours.take_up(draft, before.mesh, teller))
    if draft.mesh.peers is not before.mesh.peers or draft.mesh.started is not before.mesh.started:
        digests.plan(draft, before.mesh)
