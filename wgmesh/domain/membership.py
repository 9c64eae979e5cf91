"""Who is let in: holders of the secret whose signed record is for this mesh, each under its own key.

A record speaks for its signer alone, and only a higher incarnation replaces one that is held, or brings back whose
record was let go.
"""

import hashlib
from typing import TypeVar

from wgmesh.domain import forgetting, introducing
from wgmesh.domain.draft import NEVER, Draft, Verdict
from wgmesh.domain.events import PeerDiscovered, PeerLeft, PeerRefused, PeerUpdated
from wgmesh.domain.facts import Tombstone
from wgmesh.domain.identity import sign_twin, wireguard_key
from wgmesh.domain.parameters import fingerprint, ipv4_of, ipv6_of
from wgmesh.domain.peer import Peer
from wgmesh.domain.peer_record import NO_IPV4, PeerRecord, decode
from wgmesh.domain.session import EPOCH_CAP, PEER_CAP, Introducer
from wgmesh.domain.values import Incarnation

Stated = TypeVar("Stated", PeerDiscovered, PeerUpdated)

OTHER_URI = "joined with another URI of this mesh: use the whole URI"
TWIN_KEY = "its identity is the sign twin of a peer's: same WireGuard key"
MESH_FULL = f"this mesh has {PEER_CAP} peers already"


def is_news(held: Peer | Tombstone | None, record: PeerRecord, signed: bytes) -> bool:
    """Does this record replace what is held? Of two in one incarnation the one with the higher SHA-256 stands."""
    if held is None or record.incarnation > held.incarnation:
        return True
    if isinstance(held, Tombstone) or record.incarnation < held.incarnation or signed == held.signed:
        return False
    return hashlib.sha256(signed).digest() > hashlib.sha256(held.signed).digest()


def admit(
    draft: Draft, record: PeerRecord, signed: bytes, counter: Incarnation, by: Introducer, alive: bool = False
) -> Verdict:
    """Store the record of another node if it is news and may be let in; say once why not.

    `by`: who sent it. `alive`: its owner did, just now, in answer to us. That also brings back who was forgotten. A
    goodbye is kept of somebody whom we never met, too: or those who met it and those who came later would never agree
    on what they hold.
    """
    held = draft.mesh.peers.get(record.identity)
    returns = alive and (held is None or (held.expired is not None and held.signed == signed))
    if not returns and not is_news(draft.mesh.held(record.identity), record, signed):
        return
    if reason := objection(draft, record):
        yield from refuse(draft, record, reason)
        return
    if held is None:
        if not introducing.may(draft, by):
            yield from introducing.curb(draft, by)
            return
        yield from forgetting.make_room(draft)
    if held is None and len(draft.mesh.peers) >= PEER_CAP:
        yield from refuse(draft, record, MESH_FULL)
    elif record.left:
        if held is None:
            yield _stated(draft, PeerDiscovered, record, signed, counter), ()
        known = draft.mesh.peers[record.identity].updated.sequence
        yield PeerLeft(record.identity, record.incarnation, signed), (known,)
    elif held is None or not held.present:
        yield _stated(draft, PeerDiscovered, record, signed, counter), ()
    else:
        yield _stated(draft, PeerUpdated, record, signed, counter), (held.updated.sequence,)


def revive(draft: Draft, identity: bytes) -> Verdict:
    """Who was forgotten has just answered our challenge: what it last said of itself holds."""
    held = draft.mesh.peers[identity]
    if held.state == "expired":
        yield _stated(draft, PeerDiscovered, decode(held.signed), held.signed, NEVER), (held.updated.sequence,)


def objection(draft: Draft, record: PeerRecord) -> str:
    """Why this record is not stored; empty when it may be."""
    mesh = draft.mesh
    assert mesh.parameters
    if record.parameters != fingerprint(mesh.parameters):
        return OTHER_URI
    twin = sign_twin(record.identity)
    return TWIN_KEY if twin == mesh.identity or (twin in mesh.peers and twin < record.identity) else ""


def refuse(draft: Draft, record: PeerRecord, reason: str) -> Verdict:
    """Record the refusal once a node and reason, and at most a few an epoch."""
    known = draft.mesh.refused.get(record.identity)
    if known and known.reason == reason:
        return
    if draft.session.refusals >= EPOCH_CAP or len(draft.mesh.refused) >= PEER_CAP:
        return
    draft.remember(refusals=draft.session.refusals + 1)
    yield PeerRefused(record.identity, record.hostname, reason), ()


def _stated(draft: Draft, kind: type[Stated], record: PeerRecord, signed: bytes, counter: Incarnation) -> Stated:
    mesh = draft.mesh
    assert mesh.parameters
    held = mesh.peers.get(record.identity)
    public_key = wireguard_key(record.identity)
    stated = {name: getattr(record, name) for name in record.__struct_fields__ if name not in ("parameters", "left")}
    return kind(
        **stated,
        public_key=public_key,
        ipv4="" if record.capabilities & NO_IPV4 else ipv4_of(mesh.parameters, public_key, record.nonce),
        ipv6=ipv6_of(mesh.parameters, public_key),
        counter=max(counter, held.counter) if held else counter,
        signed=signed,
    )
