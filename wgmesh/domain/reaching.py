"""Whom we say Hello to without having been spoken to, when, and how often: known nodes that we are not connected with.

Cached peers come first, at the start; then who was heard of at second hand, who fell silent, and addresses that were
named to us. An unanswered Hello is said again after 0.3 s, then ever later, up to every 5 min. Limits are per address,
whoever claims it, and for all together 10 a second; a share of every pause is chance, so that nobody keeps step.
"""

from msgspec.structs import replace

from wgmesh.domain import lots, routes, unanswered
from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.effects import SendHello
from wgmesh.domain.endpoints import objection
from wgmesh.domain.events import RecordRenewed
from wgmesh.domain.inputs import Found, Heard
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.messages import NOBODY
from wgmesh.domain.peer import Peer
from wgmesh.domain.session import Knock, remember
from wgmesh.domain.values import MINUTE, SECOND, Endpoint

LAYER = "exchange"
# The pause after the first unanswered Hello; each is twice the one before, and up to a quarter longer. Almost any way
# there and back is shorter; with 1 s, one lost Hello in a chain of ten put off for all what they learn through it.
FIRST_PAUSE = 300
LONGEST_PAUSE = 5 * MINUTE
# Hellos to all addresses together (protocol, section 6): each uses up so much time, and a second's worth may be saved.
A_SECOND = 10
SPACING = SECOND // A_SECOND
# What begins at one moment on many machines is spread over so long.
SPREAD = 250
# The side that begins handshakes begins here too; the other leaves it so long to do so.
WAITING_PAUSE = 2 * SECOND
# After a start, WireGuard has so long to show that the tunnels of the last run still stand.
RESTART_PAUSE = 2 * SECOND
# Who has just been heard is left to WireGuard for as long as a claim holds its slot; who answered us, for a minute.
FIRST_HAND_PAUSE = 6 * SECOND
ANSWERED_TRIES = 8
# On a LAN an address is a socket of this run of the peer: what is lost is said again twice, then comes by Announce. Not
# before the Announce has come twice, or somebody would be sent more bytes than it sent.
LAN_TRIES = 3
LAN_PAUSE = SECOND
# Addresses that are tried at once, of one peer, and that were named to us.
KNOCK_CAP = 1024
SOCKET_CAP = 8
FOUND_CAP = 64
# Unanswered for so long, our record may be no news to those who hear us: a higher one is. Then ever later.
RENEW_AFTER = 10 * SECOND
RENEW_PAUSE = 5 * MINUTE


def follow(draft: Draft, before: Mesh) -> None:
    """What changed of peers, networks or the layer itself changes whom we try."""
    if not draft.mesh.works(LAYER):
        return
    begins = not before.works(LAYER)
    if not begins and draft.mesh.interfaces != before.interfaces:
        _hasten(draft)
    for identity in before.peers:
        if identity not in draft.mesh.peers:
            _drop(draft, identity)
    is_anybody_back = False
    for identity, peer in draft.mesh.peers.items():
        known = None if begins else before.peers.get(identity)
        if known is not peer:
            _replan(draft, known, peer)
            is_anybody_back |= peer.present and known is not None and known.expired is not None
    if is_anybody_back:
        _try_the_forgotten(draft)


def find(draft: Draft, found: Found) -> Verdict:
    """Addresses were named to us, perhaps again: whoever is there is asked who it is."""
    for address in found.endpoints[:FOUND_CAP]:
        known = draft.session.found.get(address, NOBODY)
        peer = draft.mesh.peers.get(known)
        if _is_usable(draft.mesh, address) and (peer is None or not is_reached(draft, peer)):
            draft.remember(found=remember(draft.session.found, address, known, FOUND_CAP))
            _knock_at(draft, address, Knock(due=_soon(draft, address), to=known, named_by=found.layer))
    yield from ()


def knock(draft: Draft) -> Verdict:
    """Say Hello to those whose time has come, the least tried first."""
    now = draft.now.awake
    ready = [(knock.tries, knock.due, address) for address, knock in draft.session.knocks.items() if knock.due <= now]
    spent = max(draft.session.knocks_spent, now)
    chosen = sorted(ready)[: max(0, now + SECOND - spent) // SPACING]
    draft.remember(knocks_spent=spent + SPACING * len(chosen))
    for _, _, address in chosen:
        if address in draft.session.knocks:  # the one before may have shown that its peer need not be tried
            yield from _try(draft, address)


def next_knock(knocks: dict[Endpoint, Knock], spent: int) -> int | None:
    """When the next Hello is due, and may be said."""
    due = min((knock.due for knock in knocks.values()), default=None)
    return None if due is None else max(due, spent - SECOND + SPACING)


def await_reply(draft: Draft, hello: SendHello) -> None:
    """A Hello on a LAN goes out now: it is said again if it stays unanswered."""
    due = draft.now.awake + _pause(draft, hello.address, 0, LAN_PAUSE)
    _knock_at(draft, hello.address, Knock(due, hello.to, hello.layer, hello.interface, hello.boot, tries=1))


def answered(draft: Draft, heard: Heard) -> None:
    """A node answered us: its other addresses need not be tried, and this one later, if no tunnel comes of it."""
    identity, address = heard.identity, heard.sender
    if heard.layer != LAYER:
        draft.remember(knocks={known: knock for known, knock in draft.session.knocks.items() if known != address})
        return
    _drop(draft, identity)
    met(draft)
    if address in draft.session.found:
        draft.remember(found={**draft.session.found, address: identity})
    if not is_reached(draft, draft.mesh.peers[identity]):
        due = draft.now.awake + _pause(draft, address, ANSWERED_TRIES)
        _knock_at(draft, address, Knock(due, identity, tries=ANSWERED_TRIES))


def met(draft: Draft) -> None:
    """Somebody is there, and reads what we say: our record needs no renewing."""
    draft.remember(renew_due=None, renewals=0)


def renew(draft: Draft) -> Verdict:
    """Nobody is connected and nobody answers: who holds our record already hears no news in it, but in a higher one."""
    alone = not any(is_reached(draft, peer) for peer in draft.mesh.present_peers)
    if not alone or not any(knock.tries for knock in draft.session.knocks.values()):
        draft.remember(renew_due=None, renewals=0)
        return
    renewals = draft.session.renewals + 1
    draft.remember(renew_due=draft.now.awake + min(RENEW_AFTER << renewals, RENEW_PAUSE), renewals=renewals)
    yield RecordRenewed(), ()


def is_reached(draft: Draft, peer: Peer) -> bool:
    """Is it connected, and did WireGuard show so in this run?"""
    assert draft.mesh.started
    if peer.connected is None or peer.connected.sequence > draft.mesh.started.sequence:
        return peer.connected is not None
    shown = (traffic for traffic in draft.session.traffic if traffic.public_key == peer.public_key)
    return any(traffic.handshake_age is not None or traffic.received_age is not None for traffic in shown)


def sockets(mesh: Mesh, peer: Peer) -> tuple[Endpoint, ...]:
    """Where its exchange may be, the likeliest first: where WireGuard has it, where it was seen, what it says."""
    seen = ([peer.proven] if peer.proven else []) + [claim.endpoint for claim in peer.observed]
    said = [claim.endpoint for claim in peer.endpoints if claim.socket == "exchange"]
    homes = [claim.endpoint for claim in peer.endpoints if claim.socket == "wg" and claim.kind != "reflexive"]
    at_its_port = [Endpoint(each.ip, peer.exchange_port) for each in (*seen, *homes) if not each.scope]
    likely = dict.fromkeys((*at_its_port[: len(seen)], *said, *at_its_port))
    covered = routes.covered(mesh)
    return tuple(address for address in likely if _is_usable(mesh, address, covered))[:SOCKET_CAP]


def _is_usable(mesh: Mesh, address: Endpoint, covered: tuple[str, ...] | None = None) -> bool:
    ours = (prefix.partition("/")[0] for interface in mesh.interfaces for prefix in interface.prefixes)
    return not address.scope and not objection(mesh, address, covered) and address.ip not in ours


def _replan(draft: Draft, known: Peer | None, peer: Peer) -> None:
    """Something about a peer is new to us: it needs to be tried, anew if it says something new, or no longer."""
    if not draft.mesh.uses(peer) or is_reached(draft, peer):
        _drop(draft, peer.identity)
        return
    anew = known is None or known.incarnation != peer.incarnation or known.connected != peer.connected
    likely = sockets(draft.mesh, peer)
    if known is not None:
        _move_on(draft, known, likely)
    for address in likely:
        if anew or address not in draft.session.knocks:
            due = _soon(draft, address) + _patience(draft, peer)
            _knock_at(draft, address, Knock(due, peer.identity))


def _move_on(draft: Draft, known: Peer, likely: tuple[Endpoint, ...]) -> None:
    """A peer is no longer where it was said to be: whoever lives there now is left in peace."""
    for address in sockets(draft.mesh, known):
        knock = draft.session.knocks.get(address)
        if address not in likely and knock is not None and knock.to == known.identity:
            _knock_at(draft, address, None)


def _try_the_forgotten(draft: Draft) -> None:
    """One is back whom we had forgotten: whoever was cut off from us with it may be back too, and has forgotten us."""
    for peer in draft.mesh.peers.values():
        for address in sockets(draft.mesh, peer) if _is_forgotten(draft.mesh, peer) else ():
            if address not in draft.session.knocks:
                _knock_at(draft, address, Knock(_soon(draft, address), peer.identity))


def _is_forgotten(mesh: Mesh, peer: Peer) -> bool:
    """Was it connected once, and forgotten for its silence alone?"""
    return peer.state == "expired" and peer.proven is not None and not mesh.bans(peer)


def _patience(draft: Draft, peer: Peer) -> int:
    """How long a peer is left to speak first, or to WireGuard."""
    heard = draft.session.heard.get(peer.identity)
    if heard is not None and draft.now.awake - heard < MINUTE:
        return FIRST_HAND_PAUSE
    if peer.connected:
        return RESTART_PAUSE
    return 0 if draft.mesh.is_initiator_for(peer) or peer.proven else WAITING_PAUSE


def _try(draft: Draft, address: Endpoint) -> Verdict:
    knock = draft.session.knocks[address]
    peer = draft.mesh.peers.get(knock.to)
    is_forgotten = peer is not None and _is_forgotten(draft.mesh, peer)
    if peer and (is_reached(draft, peer) or not (draft.mesh.uses(peer) or is_forgotten)):
        _drop(draft, knock.to)
        return
    tries = knock.tries + 1
    first = FIRST_PAUSE if knock.layer == LAYER else LAN_PAUSE
    again = replace(knock, tries=tries, due=draft.now.awake + _pause(draft, address, knock.tries, first))
    _knock_at(draft, address, again if (knock.layer == LAYER and not is_forgotten) or tries < LAN_TRIES else None)
    # Whoever is there now may be another node, or have lost what it knew: every other time nobody is named.
    is_named = knock.layer != LAYER or (peer is not None and knock.tries % 2 == 0)
    to, boot = (knock.to, peer.incarnation.boot if peer else knock.boot) if is_named else (NOBODY, 0)
    if knock.layer == LAYER and draft.session.renew_due is None:
        draft.remember(renew_due=draft.now.awake + RENEW_AFTER)
    yield SendHello(knock.layer, knock.interface, address, to, boot)
    if peer is None:
        yield from unanswered.of_a_named_address(draft, knock.named_by, address, tries)


def _knock_at(draft: Draft, address: Endpoint, knock: Knock | None) -> None:
    if knock is not None:
        draft.remember(knocks=remember(draft.session.knocks, address, knock, KNOCK_CAP))
    else:
        draft.remember(knocks={known: each for known, each in draft.session.knocks.items() if known != address})


def _drop(draft: Draft, identity: bytes) -> None:
    """It need not be tried; an address that was named to us and led to one who is gone asks for whoever is there."""
    peer = draft.mesh.peers.get(identity)
    if not any(knock.to == identity for knock in draft.session.knocks.values()):
        return
    draft.remember(knocks={known: knock for known, knock in draft.session.knocks.items() if knock.to != identity})
    for address, whom in draft.session.found.items():
        if whom == identity and (peer is None or not draft.mesh.uses(peer)):
            draft.remember(found={**draft.session.found, address: NOBODY})
            due = draft.now.awake + _pause(draft, address, ANSWERED_TRIES)
            _knock_at(draft, address, Knock(due, NOBODY, tries=ANSWERED_TRIES))


def _hasten(draft: Draft) -> None:
    """Our networks changed: what was out of reach may not be so any more."""
    knocks = draft.session.knocks.items()
    draft.remember(knocks={address: replace(knock, tries=0, due=_soon(draft, address)) for address, knock in knocks})


def _soon(draft: Draft, address: Endpoint) -> int:
    return draft.now.awake + lots.draw(draft.now.lot, f"knock at {address}", SPREAD)


def _pause(draft: Draft, address: Endpoint, tries: int, first: int = FIRST_PAUSE) -> int:
    pause = min(first << tries, LONGEST_PAUSE)
    return pause + lots.draw(draft.now.lot, f"knock at {address}", pause // 4)
