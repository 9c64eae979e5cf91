"""Why a peer is connected or is not: the one thing that decides it first, then both sides of the question.

The log knows edges; what passes through a tunnel just now is known to a running daemon alone, and only from there can
be told in which direction packets are lost.
"""

from wgmesh.domain.endpoints import TURN, candidates, objection, turns
from wgmesh.domain.liveness import FORGOTTEN_AFTER, SILENT_AFTER, UNREACHED_FORGOTTEN_AFTER
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.muteness import missed
from wgmesh.domain.peer import PUNCH, Claim, Peer
from wgmesh.domain.values import HOUR, MINUTE, SECOND
from wgmesh.domain.watch import HEARS_NOBODY, is_cut_off
from wgmesh.projections.peers import LiveTraffic
from wgmesh.projections.why_answer import Answer, Circumstances, Fact, grounds, listed, skew_of
from wgmesh.projections.why_claims import claims_of, doubt, of_claim
from wgmesh.projections.why_silences import muteness
from wgmesh.projections.wording import amount, counted, duration, key, name_of

# WireGuard repeats an unanswered first message every 5 s: who was heard so lately is calling.
CALLING_FOR = 30 * SECOND
# What a tunnel carries by itself, with a margin: a handshake every two minutes, keepalives, the mesh's small talk.
UPKEEP_BYTES = 2048
UPKEEP_BYTES_A_MINUTE = 4096
# So much more than that must have been sent before its loss is suspected.
LOST_BYTES = 64 * 1024


def of_peer(mesh: Mesh, peer: Peer, seen: Circumstances) -> Answer:
    """The answer for a peer, also one that left or was forgotten."""
    traffic = _traffic(peer, seen)
    claims = claims_of(peer)
    return Answer(
        verdict=f"{name_of(mesh, peer.identity)} {_verdict(mesh, peer, seen, traffic)}",
        facts=(
            ("heard", _heard(peer, seen, traffic)),
            ("sent", _sent(peer, traffic)),
            *(("tried", of_claim(mesh, peer, claim, seen)) for claim in claims),
            *_refused(mesh, peer, seen, claims),
            *_address(mesh, peer),
        ),
        grounds=grounds(
            *(
                mesh.banned.get(peer.public_key),
                peer.left,
                peer.expired,
                missed(mesh, peer),
                peer.disconnected,
                peer.relayed.since if peer.relayed else None,
                peer.connected,
                peer.proved,
                peer.updated,
                peer.discovered,
            ),
            *(claim.since for claim in claims),
            *(since.since for since in (mesh.refused.get(peer.identity), mesh.skewed.get(peer.identity)) if since),
        ),
        identity=peer.identity,
        words=(key(peer.identity), key(peer.public_key)),
    )


def _verdict(mesh: Mesh, peer: Peer, seen: Circumstances, traffic: LiveTraffic | None) -> str:
    if banned := mesh.banned.get(peer.public_key):
        return f"is banned for {seen.since(banned)}: the operator of this node wants nothing to do with it"
    if peer.left:
        return f"left the mesh {seen.since(peer.left)} ago: it said goodbye itself"
    if peer.expired:
        waited = FORGOTTEN_AFTER if peer.proven else UNREACHED_FORGOTTEN_AFTER
        reached = "without a sign of it" if peer.proven else "in which it was never once reached"
        return f"was forgotten {seen.since(peer.expired)} ago, after {duration(waited)} {reached}"
    if peer.relayed:
        return _relayed(mesh, peer, seen)
    if peer.connected:
        return _connected(mesh, peer, seen, traffic)
    if not seen.running:
        return f"{_silent(peer, seen)}, and the daemon of this node does not run: nothing is tried"
    if traffic and _is_calling(traffic):
        return f"{_silent(peer, seen)}: {_one_way(peer)}"
    if skew := skew_of(mesh, peer.identity, seen):
        return f"{_silent(peer, seen)}: {skew}"
    if peer.disconnected:
        return f"{_silent(peer, seen)}{_gone(mesh, peer)}"
    return f"is not connected: {_unreached(mesh, peer, seen)}"


def _relayed(mesh: Mesh, peer: Peer, seen: Circumstances) -> str:
    assert peer.relayed
    relay = name_of(mesh, peer.relayed.relay)
    if not seen.running:
        return f"was relayed through {relay} when the daemon of this node last ran; the tunnels stay as they were"
    text = f"is relayed through {relay} for {seen.since(peer.relayed.since)}, which cannot read it, because"
    if peer.connected:
        return f"{text} the direct way at {peer.proven} has still to show that it holds"
    return f"{text} it is not reached directly: {_unreached(mesh, peer, seen)}"


def _connected(mesh: Mesh, peer: Peer, seen: Circumstances, traffic: LiveTraffic | None) -> str:
    assert peer.connected
    if not seen.running:
        return f"was connected at {peer.proven} when the daemon of this node last ran; the tunnel stays as it was"
    how = ", punched through NAT" if _is_punched(peer) else ""
    text = f"is connected for {seen.since(peer.connected)}, directly at {peer.proven}{how}"
    if traffic and _is_calling(traffic):
        return f"{text}, but for {duration(traffic.handshake_age or 0)} without a handshake: {_one_way(peer)}"
    if is_cut_off(mesh):
        return f"{text}, but {HEARS_NOBODY}"
    if mute := muteness(mesh, peer, seen):
        return f"{text}, but {mute}"
    if traffic and (lost := _lost(peer, seen, traffic)):
        return (
            f"{text}, but hardly anything comes back: of {amount(lost)} sent perhaps only small packets arrive,"
            " as where the way is narrower than the tunnel believes (an MTU black hole)"
        )
    return text


def _gone(mesh: Mesh, peer: Peer) -> str:
    """Where it was, and who is more likely to be cut off: it, or we."""
    if is_cut_off(mesh):
        return f", like all others: {HEARS_NOBODY}"
    return f": nothing comes from it any more, neither from {peer.proven}, where it was, nor from elsewhere; is it on?"


def _is_punched(peer: Peer) -> bool:
    """Did a probe find the way there, to an address that is none of the peer's own?"""
    own = [claim.endpoint for claim in peer.claims if claim.kind != "reflexive"]
    probed = [claim.endpoint for claim in peer.observed if claim.source == PUNCH]
    return peer.proven in probed and peer.proven not in own


def _silent(peer: Peer, seen: Circumstances) -> str:
    return f"is silent for {seen.since(peer.disconnected)}" if peer.disconnected else "is not connected"


def _one_way(peer: Peer) -> str:
    return (
        "it calls and hears no answer, so what it sends reaches us and what we send does not reach it:"
        f" something between drops UDP on the way to {peer.hostname or 'it'}"
    )


def _is_calling(traffic: LiveTraffic) -> bool:
    """Did bytes of it arrive just now, while no handshake comes about?"""
    is_heard = traffic.received_age is not None and traffic.received_age < CALLING_FOR and traffic.rx_bytes > 0
    has_session = traffic.handshaken and (traffic.handshake_age is None or traffic.handshake_age <= SILENT_AFTER)
    return is_heard and not has_session


def _lost(peer: Peer, seen: Circumstances, traffic: LiveTraffic) -> int:
    """Bytes sent since the last roll call, if next to nothing but upkeep came back; else 0."""
    assert peer.connected
    minutes = min(seen.at - peer.connected.at, HOUR) // MINUTE + 1
    received, sent = traffic.rx_bytes - peer.rx_bytes, traffic.tx_bytes - peer.tx_bytes
    upkeep = UPKEEP_BYTES + minutes * UPKEEP_BYTES_A_MINUTE
    return sent if 0 <= received < upkeep and sent > upkeep + LOST_BYTES else 0


def _unreached(mesh: Mesh, peer: Peer, seen: Circumstances) -> str:
    """Why a peer that never was connected is not."""
    claims = claims_of(peer)
    if not claims:
        return "no usable endpoint: its record names no address of it, and none was seen"
    usable = candidates(mesh, peer)
    if not usable:
        unused = (f"{claim.endpoint} is {objection(mesh, claim.endpoint)}" for claim in claims)
        return f"no usable endpoint: {listed(dict.fromkeys(unused))}"
    begun = [begins for _, begins in turns(mesh, peer, seen.awake) if begins <= seen.awake]
    if not begun:
        return f"it became known {seen.since(peer.discovered)} ago and is not tried yet"
    where = listed(_doubted(mesh, usable, seen))
    is_first_round = seen.awake - usable[0].since.awake < MINUTE
    if is_first_round and seen.awake - min(begun) < TURN:
        return f"it is tried for the first time just now: {where}"
    return f"tried for {seen.since(usable[0].since)}, and never answered: {where}"


def _doubted(mesh: Mesh, usable: tuple[Claim, ...], seen: Circumstances) -> list[str]:
    doubts = ((str(claim.endpoint), doubt(mesh, claim.endpoint, seen)) for claim in usable)
    return [f"{endpoint} ({reason})" if reason else endpoint for endpoint, reason in doubts]


def _traffic(peer: Peer, seen: Circumstances) -> LiveTraffic | None:
    """Of the way that is in use."""
    live = seen.live
    lines = (live.relayed if peer.relayed else live.traffic) if live else ()
    return next((line for line in lines if line.public_key == peer.public_key), None)


def _heard(peer: Peer, seen: Circumstances, traffic: LiveTraffic | None) -> str:
    known = f"known by {' and '.join(peer.layers)} for {seen.since(peer.discovered)}"
    own = f"{known}, its own record is {seen.since(peer.updated)} old"
    if traffic is None:
        return f"{own}; last heard, by the log, {duration(seen.at - peer.heard_at)} ago" if peer.proved else own
    ages = [(traffic.handshake_age, "handshake"), (traffic.received_age, "bytes")]
    signs = [f"{what} {duration(age)} ago" for age, what in ages if age is not None]
    return f"{own}; {', '.join([*signs, f'{amount(traffic.rx_bytes)} in all'])}"


def _sent(peer: Peer, traffic: LiveTraffic | None) -> str:
    if traffic is None:
        was_counted = peer.tx_bytes or peer.rx_bytes
        return f"{amount(peer.tx_bytes)}, by the last roll call" if was_counted else "not counted yet: that is hourly"
    where = f", to {traffic.endpoint}" if traffic.endpoint else ", to nowhere: WireGuard has no endpoint of it just now"
    return amount(traffic.tx_bytes) + where


def _refused(mesh: Mesh, peer: Peer, seen: Circumstances, claims: tuple[Claim, ...]) -> list[Fact]:
    facts = []
    if refusal := mesh.refused.get(peer.identity):
        facts.append(("refused", f"a newer record of it, {seen.since(refusal.since)} ago: {refusal.reason}"))
    for ip in dict.fromkeys(claim.endpoint.ip for claim in claims):
        if dropped := seen.dropped_from(ip):
            facts.append(("refused", f"datagrams from {ip} were among those dropped ({dropped})"))
    failing = mesh.failure.changes if mesh.failure else ()
    mine = [change for change in failing if key(peer.public_key) in change]
    if mine:
        facts.append(("refused", f"by the system: {counted(len(mine), 'change')} to WireGuard, as status says"))
    return facts


def _address(mesh: Mesh, peer: Peer) -> list[Fact]:
    """Where its IPv4 address is somebody else's as well."""
    holder = mesh.identity if peer.ipv4 == mesh.ipv4 else mesh.routed.get(peer.ipv4, peer.identity)
    if not peer.ipv4 or not peer.present or holder == peer.identity:
        return []
    return [("address", f"{peer.ipv4} goes to {name_of(mesh, holder)}, which has it too; {peer.ipv6} is its alone")]
