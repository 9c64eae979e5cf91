"""How a peer that owes a sign is asked for one, ever more insistently, until it gives one or is called silent.

Two probes, then its kernel is asked for an echo, which it gives even when the daemon is dead or starved; then two
others are asked whether they reach it, and the kernel again. Any word from it ends the doubt, and so does any byte that
WireGuard got from it meanwhile. Who heard nobody else either doubts itself: the cut is ours, nobody is called silent.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from wgmesh.domain import lots, muteness, spreading, strain, wards
from wgmesh.domain.device import DeviceSample
from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.effects import Echo, Sample, SendGossip
from wgmesh.domain.events import LayerSuspended, PeerDisconnected
from wgmesh.domain.gossip_messages import Ask, Probe
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import Peer
from wgmesh.domain.values import SECOND, IdentityKey
from wgmesh.domain.watch import DOUBT_CAP, HEARS_NOBODY, Doubt, Stage, is_cut_off

# How long (ms) each way of asking waits for its answer (protocol, section 5).
PROBED = SECOND // 2
ASKED = SECOND
ECHOED = SECOND
# A device that could not be sampled for the last look is tried again after this.
LOOKED = SECOND
# Others who are asked about a suspect, and who must answer in their own name: else it may be us who are cut off.
WITNESSES = 2
# Those asked besides when not one of the witnesses answered.
MORE_WITNESSES = 8
NUMBERS = 2**32


def begin(draft: Draft, suspect: IdentityKey, sign: int, hearsay: bool = False) -> Verdict:
    """Ask a connected peer for a sign; its last was at `sign` (ms on `awake`)."""
    doubts, now = draft.session.watch.doubts, draft.now.awake
    if suspect in doubts or len(doubts) >= DOUBT_CAP:
        return
    number = lots.draw(draft.now.lot, f"doubt {suspect.hex()}", NUMBERS)
    _keep(draft, suspect, Doubt(sign, now, Stage.PROBE_AGAIN, now + PROBED * strain.patience(draft), number, hearsay))
    yield SendGossip(suspect, Probe(number))


def end(draft: Draft, suspect: IdentityKey) -> None:
    """The suspect gave a sign, or is not to be watched any more."""
    watch = draft.session.watch
    doubts = {identity: doubt for identity, doubt in watch.doubts.items() if identity != suspect}
    draft.remember(watch=replace(watch, doubts=doubts))
    spreading.deny(draft, suspect)


def go_on(draft: Draft) -> Verdict:
    """Each doubt whose answer did not come in time goes one stage further."""
    for suspect, doubt in draft.session.watch.doubts.items():
        if doubt.due <= draft.now.awake:
            yield from _advance(draft, draft.mesh.peers[suspect], doubt)


def _advance(draft: Draft, peer: Peer, doubt: Doubt) -> Verdict:
    match doubt.stage:
        case Stage.PROBE_AGAIN:
            _wait(draft, peer, doubt, Stage.ECHO if doubt.hearsay else Stage.ASK_OTHERS, PROBED)
            yield SendGossip(peer.identity, Probe(doubt.number))
            yield Echo(peer.ipv6)
            yield Sample()
        case Stage.ASK_OTHERS:
            _wait(draft, peer, doubt, Stage.ECHO, ASKED)
            yield from _ask(draft, peer, doubt)
        case Stage.ECHO:
            _wait(draft, peer, doubt, Stage.LOOK, ECHOED)
            yield Echo(peer.ipv6)
            yield from _ask_more(draft, peer, doubt)
        case Stage.LOOK:
            _wait(draft, peer, doubt, Stage.JUDGE, LOOKED)
            yield Sample()
        case _:  # there was no sample to judge by
            yield from _again(draft, peer, doubt)


def _wait(draft: Draft, peer: Peer, doubt: Doubt, stage: Stage, span: int) -> None:
    _keep(draft, peer.identity, replace(doubt, stage=stage, due=draft.now.awake + span * strain.patience(draft)))


def _ask(draft: Draft, peer: Peer, doubt: Doubt) -> Verdict:
    """Others are asked about the suspect, and to answer for themselves: who hears neither is cut off itself."""
    most = WITNESSES + draft.session.watch.strain
    for other in lots.some(draft.now.lot, "witness", others(draft.mesh, peer.identity), most):
        yield SendGossip(other.identity, Ask(peer.identity, doubt.number))
        yield SendGossip(other.identity, Probe(doubt.number))


def _ask_more(draft: Draft, peer: Peer, doubt: Doubt) -> Verdict:
    if draft.session.watch.heard < doubt.began:
        for other in lots.some(draft.now.lot, "more", others(draft.mesh, peer.identity), MORE_WITNESSES):
            yield SendGossip(other.identity, Probe(doubt.number))


def _again(draft: Draft, peer: Peer, doubt: Doubt) -> Verdict:
    end(draft, peer.identity)
    yield from begin(draft, peer.identity, doubt.sign, doubt.hearsay)


def see(draft: Draft, sample: DeviceSample) -> Verdict:
    """WireGuard was sampled: the mark from which bytes count as a sign, or the last look before the verdict."""
    if sample.device is None:
        return
    bytes_of = {traffic.public_key: traffic.rx_bytes for traffic in sample.traffic}
    for suspect, doubt in draft.session.watch.doubts.items():
        peer = draft.mesh.peers[suspect]
        if peer.connected is None:  # this very sample showed it to be silent
            end(draft, suspect)
            continue
        received = bytes_of.get(peer.public_key, 0)
        around = sum(bytes_of.get(other.public_key, 0) for other in others(draft.mesh, suspect))
        if doubt.stage > Stage.PROBE_AGAIN and doubt.received is None:
            _keep(draft, suspect, replace(doubt, received=received, around=around))
        elif doubt.stage == Stage.JUDGE:
            yield from _judge(draft, peer, doubt, received, around)


def _judge(draft: Draft, peer: Peer, doubt: Doubt, received: int, around: int) -> Verdict:
    if received != doubt.received:
        end(draft, peer.identity)
        wards.credit(draft, peer.identity, mute=True)
        yield from muteness.miss(draft, peer, doubt.began)
    elif others(draft.mesh, peer.identity) and draft.session.watch.heard < doubt.began and around == doubt.around:
        if not is_cut_off(draft.mesh):
            yield LayerSuspended("gossip", HEARS_NOBODY), ()
        strain.feel(draft, 1)
        yield from _again(draft, peer, doubt)
    else:
        yield from _call_silent(draft, peer, doubt)


def _call_silent(draft: Draft, peer: Peer, doubt: Doubt) -> Verdict:
    assert peer.connected
    end(draft, peer.identity)
    yield PeerDisconnected(peer.identity, draft.now.awake - doubt.sign), (peer.connected.sequence,)
    if not doubt.hearsay:
        yield from spreading.spread(draft, peer.identity, peer.incarnation)


def others(mesh: Mesh, suspect: IdentityKey) -> list[Peer]:
    """The connected peers but this one."""
    return [peer for peer in mesh.present_peers if peer.connected and peer.identity != suspect]


def keep_only(draft: Draft, connected: Iterable[IdentityKey]) -> None:
    """Who is not connected any more is not doubted any more."""
    watch = draft.session.watch
    still = {key: watch.doubts[key] for key in connected if key in watch.doubts}
    if len(still) != len(watch.doubts):
        draft.remember(watch=replace(watch, doubts=still))


def restart(draft: Draft) -> Verdict:
    """This node was not there while its questions waited: what it asked says nothing, it asks anew."""
    for suspect, doubt in draft.session.watch.doubts.items():
        yield from _again(draft, draft.mesh.peers[suspect], doubt)


def _keep(draft: Draft, suspect: IdentityKey, doubt: Doubt) -> None:
    watch = draft.session.watch
    draft.remember(watch=replace(watch, doubts={**watch.doubts, suspect: doubt}))
