"""This node as a relay: between whom it passes ciphertext on. Both sides ask for it, and both are reached directly.

Nothing is decided by what is said of a third: WireGuard proves who asks, and our own tunnels tell whom we reach. Each
member has one gate, a port of our mesh address, at which all who may reach it through us do. All tables are bounded.
"""

import hashlib

from msgspec.structs import replace

from wgmesh.domain import relays
from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.effects import SendGossip
from wgmesh.domain.events import RelayClosed, RelayOpened
from wgmesh.domain.facts import RelayedPair
from wgmesh.domain.inputs import Unpassed
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.relay_messages import RelayAsk, RelayDenial, RelayGrant, RelayOffer
from wgmesh.domain.relay_state import ASKED_CAP, Asked
from wgmesh.domain.session import remember
from wgmesh.domain.values import SECOND, IdentityKey

# Pairs at once, and those of one member: a relay of a hundred nodes stays a node.
PAIR_CAP, MEMBER_CAP = 64, 32
# An ask that waits for the other side's; whoever asked says it again meanwhile.
ASKED_FOR = 10 * SECOND
# Above what Linux gives out by itself (32768 to 60999), so that a gate is hardly ever taken.
GATES = range(61000, 65536)


def ask(draft: Draft, asker: IdentityKey, asked: RelayAsk) -> Verdict:
    """A member wants to reach another through us."""
    mesh, other = draft.mesh, asked.peer
    if not is_willing(mesh, asker, other):
        yield SendGossip(asker, RelayDenial(other))
        return
    relaying, now = draft.session.relaying, draft.now.awake
    table = remember(relaying.asked, asker + other, Asked(asked.port, now), ASKED_CAP)
    draft.remember(relaying=replace(relaying, asked=table))
    theirs = table.get(other + asker)
    known = find(mesh, asker, other)
    is_as_before = known is not None and asked.port == (known.first_port if asker == known.first else known.second_port)
    if known is None and (theirs is None or now - theirs.at > ASKED_FOR):
        yield SendGossip(other, RelayOffer(asker))
        return
    if not is_as_before:
        yield from _open(draft, asker, other, asked.port, theirs.port if theirs else 0)
    yield from _grant(draft.mesh, asker, other, both=not is_as_before)


def _open(draft: Draft, asker: IdentityKey, other: IdentityKey, port: int, other_port: int) -> Verdict:
    """A new pair; or one of whom the asker listens on another port now, as it then does for all of its pairs."""
    mesh = draft.mesh
    for pair in tuple(mesh.relaying.values()):
        if pair.first == asker and pair.first_port != port:
            yield _opened(replace(pair, first_port=port)), (pair.since.sequence,)
        elif pair.second == asker and pair.second_port != port:
            yield _opened(replace(pair, second_port=port)), (pair.since.sequence,)
    if find(mesh, asker, other) is None:
        gates = dict(_gates(mesh))
        for member in (asker, other):
            gates[member] = gates.get(member) or _free_gate(mesh, member, gates)
        ports, first, second = {asker: port, other: other_port}, min(asker, other), max(asker, other)
        opened = RelayOpened(first, second, ports[first], ports[second], gates[first], gates[second])
        yield opened, tuple(mesh.peers[member].updated.sequence for member in (first, second))


def _opened(pair: RelayedPair) -> RelayOpened:
    return RelayOpened(**{name: getattr(pair, name) for name in RelayOpened.__struct_fields__})


def _grant(mesh: Mesh, asker: IdentityKey, other: IdentityKey, both: bool) -> Verdict:
    pair = find(mesh, asker, other)
    assert pair
    yield SendGossip(asker, RelayGrant(other, _gate(pair, other)))
    if both:
        yield SendGossip(other, RelayGrant(asker, _gate(pair, asker)))


def follow(draft: Draft) -> Verdict:
    """Who is no longer reached directly, or gone, is served no longer; nobody is once the operator says so."""
    for pair in tuple(draft.mesh.relaying.values()):
        if not _offers(draft.mesh):
            yield from _close(draft, pair, "unwilling")
        elif not all(_reaches(draft.mesh, member) for member in (pair.first, pair.second)):
            yield from _close(draft, pair, "lost")


def close(draft: Draft, unpassed: Unpassed) -> Verdict:
    """Nothing is passed on for these pairs any more."""
    for key in unpassed.pairs:
        if key in draft.mesh.relaying:
            yield from _close(draft, draft.mesh.relaying[key], unpassed.reason)


def _close(draft: Draft, pair: RelayedPair, reason: str) -> Verdict:
    yield RelayClosed(pair.first, pair.second, reason), (pair.since.sequence,)
    for member, other in ((pair.first, pair.second), (pair.second, pair.first)):
        if _reaches(draft.mesh, member):
            yield SendGossip(member, RelayDenial(other))


def find(mesh: Mesh, one: IdentityKey, other: IdentityKey) -> RelayedPair | None:
    """What we do for these two, if anything."""
    return mesh.relaying.get(min(one, other) + max(one, other))


def is_willing(mesh: Mesh, asker: IdentityKey, other: IdentityKey) -> bool:
    """Do we relay between these two, if the other wants it as well?"""
    if asker == other or not _offers(mesh) or not (_reaches(mesh, asker) and _reaches(mesh, other)):
        return False
    if find(mesh, asker, other):
        return True
    members = [member for pair in mesh.relaying.values() for member in (pair.first, pair.second)]
    return len(mesh.relaying) < PAIR_CAP and max(members.count(asker), members.count(other)) < MEMBER_CAP


def _offers(mesh: Mesh) -> bool:
    return mesh.settings is not None and mesh.settings.relay and mesh.departed is None


def _reaches(mesh: Mesh, member: IdentityKey) -> bool:
    known = mesh.peers.get(member)
    return known is not None and mesh.uses(known) and relays.is_direct(known)


def _gates(mesh: Mesh) -> list[tuple[IdentityKey, int]]:
    pairs = mesh.relaying.values()
    return [gate for it in pairs for gate in ((it.first, it.first_gate), (it.second, it.second_gate))]


def _free_gate(mesh: Mesh, member: IdentityKey, taken: dict[IdentityKey, int]) -> int:
    """The same for a member each time, if nobody has it."""
    start = int.from_bytes(hashlib.sha256(mesh.identity + member).digest()[:4])
    ports = (GATES[(start + step) % len(GATES)] for step in range(len(GATES)))
    return next(port for port in ports if port not in taken.values())


def _gate(pair: RelayedPair, member: IdentityKey) -> int:
    return pair.first_gate if member == pair.first else pair.second_gate
