"""Who is there: WireGuard's own handshakes and received bytes are the only evidence.

Connected is who was heard within 180 s (a session's life, WireGuard's REJECT_AFTER_TIME); silent is who was not.
A peer is never forgotten for being quiet: only after a day of silence, or an hour in which it was never once reached.
"""

from wgmesh.domain.allowance import spend
from wgmesh.domain.device import NO_KEY, DevicePeer, DeviceSample, Traffic
from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.events import (
    ForeignPeerSeen,
    PeerConnected,
    PeerDisconnected,
    PeerExpired,
    PeerRoamed,
    PeersSighted,
    Sighting,
)
from wgmesh.domain.moving import is_in_doubt, slept_since
from wgmesh.domain.peer import Peer
from wgmesh.domain.session import PEER_CAP, remember
from wgmesh.domain.values import DAY, HOUR, MINUTE, SECOND, Endpoint

# No handshake and no byte for so long: WireGuard itself has given the session up.
SILENT_AFTER = 180 * SECOND
FORGOTTEN_AFTER = DAY
# A peer that came by a replayed message was never there: it goes after an hour.
UNREACHED_FORGOTTEN_AFTER = HOUR
# Moves of one peer that are written down: so many at once, and then one in so long.
ROAMS_AT_ONCE, ROAM_PAUSE = 4, MINUTE
# Foreign peers named in the log; more on one device are some other program's business.
FOREIGN_CAP = 1000


def look(draft: Draft, sample: DeviceSample) -> Verdict:
    """WireGuard was sampled: who connected, roamed, fell silent, and who is on the device that we did not put there."""
    if sample.device is None:
        return
    draft.remember(traffic=sample.traffic, sampled=draft.now.awake)
    on_device = {peer.public_key: peer for peer in sample.device.peers}
    known = {peer.public_key: peer.identity for peer in draft.mesh.peers.values()}
    for traffic in sample.traffic:
        identity = known.get(traffic.public_key)
        held = draft.mesh.peers[identity] if identity else None
        if held and draft.mesh.uses(held):
            yield from _judge(draft, held, traffic, on_device[traffic.public_key].endpoint)
        elif held is None:
            yield from _report_foreign(draft, on_device[traffic.public_key])


def _judge(draft: Draft, peer: Peer, traffic: Traffic, endpoint: Endpoint | None) -> Verdict:
    age = heard_age(traffic)
    if age is not None and age <= SILENT_AFTER and traffic.handshaken and endpoint and _is_since(draft, peer, age):
        if not peer.connected:
            yield PeerConnected(peer.identity, endpoint), _claimed(peer, endpoint)
        elif endpoint != peer.proven:
            yield from _roam(draft, peer, endpoint)
    elif peer.connected:
        assert draft.mesh.started
        silence = age if age is not None else draft.now.awake - max(draft.mesh.started.awake, peer.connected.awake)
        if silence > SILENT_AFTER and not is_in_doubt(draft):
            yield PeerDisconnected(peer.identity, silence), (peer.connected.sequence,)


def _roam(draft: Draft, peer: Peer, endpoint: Endpoint) -> Verdict:
    """WireGuard followed the peer. One that is somewhere else all the time is written down once a minute.

    Behind a NAT with another mapping for each address two neighbours may chase each other with every packet.
    """
    left = spend(draft.session.roams.get(peer.identity), draft.now.awake, ROAMS_AT_ONCE, ROAM_PAUSE)
    if left is not None:
        assert peer.proven
        assert peer.proved
        draft.remember(roams=remember(draft.session.roams, peer.identity, left, PEER_CAP))
        yield PeerRoamed(peer.identity, endpoint, peer.proven), (peer.proved.sequence,)


def _is_since(draft: Draft, peer: Peer, age: int) -> bool:
    """Did the sign come after the peer fell silent? One from before was known then, and did not count."""
    return peer.disconnected is None or draft.now.awake - age > peer.disconnected.awake


def heard_age(traffic: Traffic) -> int | None:
    """Ms since the peer gave a sign; None when it gave none that this run has seen."""
    return min((age for age in (traffic.handshake_age, traffic.received_age) if age is not None), default=None)


def last_sign(draft: Draft, peer: Peer) -> int:
    """When (ms on `awake`) a connected peer last gave a sign, as far as samples tell; it did when it connected."""
    assert peer.connected
    sampled = draft.session.sampled
    ages = (heard_age(traffic) for traffic in draft.session.traffic if traffic.public_key == peer.public_key)
    age = next(ages, None)
    return peer.connected.awake if age is None or sampled is None else max(peer.connected.awake, sampled - age)


def _claimed(peer: Peer, endpoint: Endpoint) -> tuple[int, ...]:
    """The records that rest under a connection: who claimed the address, and if nobody did, who the peer is."""
    for claim in (*peer.observed, *peer.claims):
        if claim.endpoint == endpoint:
            return (claim.since.sequence,)
    return (peer.updated.sequence,)


def _report_foreign(draft: Draft, peer: DevicePeer) -> Verdict:
    known = draft.mesh.foreign
    if peer.preshared <= NO_KEY and peer.public_key not in known and len(known) < FOREIGN_CAP:
        yield ForeignPeerSeen(peer.public_key), ()


def call_roll(draft: Draft) -> Verdict:
    """The hourly note of who is there, with WireGuard's counters."""
    known = {peer.public_key: peer.identity for peer in draft.mesh.present_peers}
    sightings = tuple(
        Sighting(known[traffic.public_key], _age(draft, traffic), traffic.rx_bytes, traffic.tx_bytes)
        for traffic in draft.session.traffic
        if traffic.public_key in known and traffic.handshaken
    )
    if sightings:
        yield PeersSighted(sightings), ()


def _age(draft: Draft, traffic: Traffic) -> int:
    age = heard_age(traffic)
    assert draft.session.sampled is not None
    return -1 if age is None else age + draft.now.awake - draft.session.sampled


def forget(draft: Draft) -> Verdict:
    """Take out who has been silent for a day, and who never once answered."""
    for peer in draft.mesh.present_peers:
        silence = _silence(draft, peer)
        if silence >= (FORGOTTEN_AFTER if peer.proven else UNREACHED_FORGOTTEN_AFTER):
            yield PeerExpired(peer.identity, silence), (peer.updated.sequence,)


def _silence(draft: Draft, peer: Peer) -> int:
    """Ms without any sign that we were there to hear. A fresh start gives everybody the benefit of the doubt."""
    if peer.connected or peer.relayed:
        return 0
    since = peer.disconnected or peer.discovered
    heard = draft.session.heard.get(peer.identity, draft.session.began)
    last = max(since.awake, heard)
    return draft.now.awake - last - slept_since(draft, last)
