"""What messages outside tunnels mean. An Announce is a hint; a Reply that echoes our challenge makes a peer.

Known after one and a half round trips: Announce, then Hello, Reply, Confirm. What is not news returns nothing.
Over the exchange it begins with Hello; a Hello to another start of ours may be a replay, and is answered where its
sender lives and not where it came from.
"""

import ipaddress
from typing import assert_never

from wgmesh.domain import announcing, asking_back, hearsay, lots, reaching, redialling, supplying, unanswered
from wgmesh.domain.draft import NEVER, Draft, State, Verdict
from wgmesh.domain.effects import SendConfirm, SendHello, SendPage, SendReply
from wgmesh.domain.endpoints import is_within_mesh, objection
from wgmesh.domain.events import EndpointReflected, PeerEndpointObserved
from wgmesh.domain.facts import WITNESSES
from wgmesh.domain.inputs import Heard, Told
from wgmesh.domain.membership import OTHER_URI, admit, is_news, refuse, revive
from wgmesh.domain.membership import objection as objection_to
from wgmesh.domain.messages import NOBODY, Announce, Confirm, Hello, Reply
from wgmesh.domain.peer import Peer
from wgmesh.domain.peer_record import PROBE, PeerRecord
from wgmesh.domain.selfhood import outrun
from wgmesh.domain.session import EPOCH_CAP, PEER_CAP, SOURCE_CAP, Bucket, Introducer, Welcome, remember
from wgmesh.domain.values import MINUTE, SECOND, Endpoint, Incarnation, network_of

# A node that just started announces twice within a second; one Hello is enough for both.
GREETING_PAUSE = 500
# Hellos answered to one source address (protocol, section 4): so many a second, and so many at once.
ANSWERS_A_SECOND = 20
ANSWERS_AT_ONCE = 5
# So many nodes of a LAN, more or less, answer an announcement (protocol, section 5).
ANSWERING = 10
# `heard` is read in hours; a finer note of it would cost a copy for every datagram.
HEARD_GRAIN = MINUTE
# Who was news is answered again for so long, from where it came: our first Reply may be lost.
WELCOME = 10 * SECOND


def hear(draft: Draft, heard: Heard) -> Verdict:
    """An authentic message reached us."""
    if heard.identity == draft.mesh.identity:
        if heard.record and heard.signed_by_sender:
            yield from outrun(draft, heard.record)
        return
    _note(draft, heard)
    match heard.message:
        case Announce() as announce:
            yield from _take_hint(draft, heard, announce)
        case Hello() as hello:
            yield from _answer(draft, heard, hello)
        case Reply() as reply:
            yield from _conclude(draft, heard, reply)
        case Confirm():
            yield from _confirm(draft, heard)
        case _:
            assert_never(heard.message)


def _note(draft: Draft, heard: Heard) -> None:
    last = draft.session.heard.get(heard.identity)
    if last is None or draft.now.awake - last >= HEARD_GRAIN:
        draft.remember(heard=remember(draft.session.heard, heard.identity, draft.now.awake, PEER_CAP))


def _take_hint(draft: Draft, heard: Heard, announce: Announce) -> Verdict:
    held, stone = draft.mesh.peers.get(heard.identity), draft.mesh.tombstones.get(heard.identity)
    record = heard.record
    assert record
    # It may have been out of reach for as long as that, and say what it said then: what it answers will show it.
    returns = held.expired is not None if held else stone is not None and stone.incarnation == record.incarnation
    if held is not None and held.signed == announce.signed and not returns:
        announcing.overhear(draft, heard.agrees)
        if _is_new_place(held, heard.sender) and is_plausible(draft, heard, record):
            yield from _greet(draft, heard, record)
        return
    if record.left:
        if heard.signed_by_sender:
            yield from admit(draft, record, announce.signed, NEVER, _by(heard))
    elif (returns or is_news(held or stone, record, announce.signed)) and is_plausible(draft, heard, record):
        yield from _greet(draft, heard, record)


def _is_new_place(peer: Peer, sender: Endpoint) -> bool:
    """Is a peer that was never met, or fell silent, heard where it was not before? Such an address is in no record."""
    is_lost = peer.present and not peer.connected and (peer.disconnected is not None or not peer.observed)
    places = [(seen.endpoint.ip, seen.endpoint.scope) for seen in peer.observed]
    return bool(sender.scope) and is_lost and (sender.ip, sender.scope) not in places


def _greet(draft: Draft, heard: Heard, record: PeerRecord) -> Verdict:
    if objection_to(draft, record) == OTHER_URI:
        yield from refuse(draft, record, OTHER_URI)
        return
    last = draft.session.greeted.get(record.identity)
    if draft.mesh.shuns(record.identity):
        return
    if (last is not None and draft.now.awake - last < GREETING_PAUSE) or _leaves_it_to_others(draft):
        return
    yield from unanswered.of_the_lan(draft, record, heard.sender, last)
    draft.remember(greeted=remember(draft.session.greeted, record.identity, draft.now.awake, PEER_CAP))
    hello = SendHello(heard.layer, heard.interface, heard.sender, record.identity, record.incarnation.boot)
    if not heard.sender.scope:  # nobody's record says that a link-local address is a member's: it is asked once
        reaching.await_reply(draft, hello)
    yield hello


def _leaves_it_to_others(draft: Draft) -> bool:
    """On a LAN of many a few answer what is new, by chance; the others hear of it inside their tunnels."""
    gossips = draft.mesh.settings is not None and draft.mesh.settings.gossip
    neighbours = sum("lan" in peer.layers and peer.connected is not None for peer in draft.mesh.present_peers)
    return gossips and lots.draw(draft.now.lot, "answer", max(neighbours, ANSWERING)) >= ANSWERING


def is_plausible(draft: Draft, heard: Heard, record: PeerRecord) -> bool:
    """A hint is followed only to a sender on the link it came by that its record names, or to a link-local one.

    Otherwise whoever replays an Announce could aim our Hellos at a third machine.
    """
    ip = ipaddress.ip_address(heard.sender.ip)
    if ip.is_link_local:
        return heard.sender.scope == heard.interface
    named = any(claimed.kind == "lan" and claimed.endpoint.ip == heard.sender.ip for claimed in record.endpoints)
    prefixes = (p for i in draft.mesh.interfaces if i.name == heard.interface for p in i.prefixes)
    return named and any(ip in network_of(prefix) for prefix in prefixes)


def _answer(draft: Draft, heard: Heard, hello: Hello) -> Verdict:
    record = heard.record
    assert record
    counter, state = Incarnation(*hello.counter), State(draft.mesh, draft.session)
    if _came_by_tunnel(draft, heard):
        return
    if asking_back.is_due(state, record, draft.now.awake):
        yield from asking_back.ask(draft, heard.identity, record.incarnation.boot)
    if counter <= state.last_counter(heard.identity):
        return
    if hello.to == NOBODY:
        if not _is_welcome(draft, heard, hello.signed):
            return
    elif hello.to != draft.mesh.identity:
        return
    elif hello.to_boot != draft.mesh.incarnation.boot:
        yield from _ask_back(draft, heard, hello, counter)
        return
    if not _may_answer(draft, heard.sender):
        return
    draft.remember(counters=remember(draft.session.counters, heard.identity, counter, PEER_CAP))
    if not record.capabilities & PROBE:
        yield from admit(draft, record, hello.signed, counter, _by(heard), alive=hello.to != NOBODY)
    if _is_known(draft, heard) or _is_probe_of_ours(draft, record):
        yield _reply(draft, heard, record, hello)


def _is_known(draft: Draft, heard: Heard) -> bool:
    """Is it in our store now, and nobody whom the operator keeps out?"""
    return heard.identity in draft.mesh.peers and not draft.mesh.shuns(heard.identity)


def _is_welcome(draft: Draft, heard: Heard, signed: bytes) -> bool:
    """Is a Hello to whoever is there news, or from one who was news a moment ago, at the same address?

    So is that of one whom we have forgotten: it may have forgotten us as well, and nobody else can tell it of us.
    """
    assert heard.record
    held = draft.mesh.peers.get(heard.identity)
    returns = held is not None and held.state == "expired"
    if returns or is_news(draft.mesh.held(heard.identity), heard.record, signed):
        welcome = Welcome(heard.sender, draft.now.awake)
        draft.remember(welcomed=remember(draft.session.welcomed, heard.identity, welcome, PEER_CAP))
        return True
    known = draft.session.welcomed.get(heard.identity)
    return known is not None and known.sender == heard.sender and draft.now.awake - known.at <= WELCOME


def _is_probe_of_ours(draft: Draft, record: PeerRecord) -> bool:
    """`test-peer` asks under an identity that it throws away: it hears that we are here, and nothing of it is kept."""
    return bool(record.capabilities & PROBE) and objection_to(draft, record) == ""


def _reply(draft: Draft, heard: Heard, record: PeerRecord, hello: Hello) -> SendReply:
    more: tuple[bytes, ...] = ()
    if heard.layer == "exchange" and not heard.agrees and not record.capabilities & PROBE:
        more = supplying.beside_own(draft.mesh, heard.identity)
        supplying.owe(draft, heard)
    where = (heard.layer, heard.interface, heard.sender)
    return SendReply(*where, heard.identity, record.incarnation.boot, hello.challenge, more)


def _came_by_tunnel(draft: Draft, heard: Heard) -> bool:
    """The exchange is for those whom no tunnel joins yet; what comes out of one says nothing of the underlay."""
    assert draft.mesh.parameters
    return is_within_mesh(draft.mesh.parameters, draft.mesh.interfaces, ipaddress.ip_address(heard.sender.ip))


def _ask_back(draft: Draft, heard: Heard, hello: Hello, counter: Incarnation) -> Verdict:
    """A node that knows an earlier start of ours, or a replay: whoever lives where we know the sender is asked."""
    state = State(draft.mesh, draft.session)
    if heard.identity not in draft.mesh.peers or asking_back.was_asked(state, heard.identity, draft.now.awake):
        return
    assert heard.record
    yield from admit(draft, heard.record, hello.signed, counter, _by(heard))
    peer = draft.mesh.peers[heard.identity]
    if draft.mesh.uses(peer):
        yield from asking_back.ask(draft, heard.identity, peer.incarnation.boot)


def _may_answer(draft: Draft, sender: Endpoint) -> bool:
    """Take a token from the source's bucket, which refills with time."""
    now, full = draft.now.awake, ANSWERS_AT_ONCE * SECOND
    bucket = draft.session.sources.get(sender.ip, Bucket(full, now))
    tokens = min(full, bucket.tokens + (now - bucket.counted) * ANSWERS_A_SECOND)
    allowed = tokens >= SECOND
    left = Bucket(tokens - SECOND if allowed else tokens, now)
    draft.remember(sources=remember(draft.session.sources, sender.ip, left, SOURCE_CAP))
    return allowed


def _conclude(draft: Draft, heard: Heard, reply: Reply) -> Verdict:
    if not heard.echoed:
        return
    assert heard.record
    yield from admit(draft, heard.record, reply.signed, NEVER, _by(heard), alive=True)
    if _is_known(draft, heard):
        reaching.answered(draft, heard)
        yield from redialling.call_again(draft, heard)
        yield from _observe(draft, heard)
        boot = heard.record.incarnation.boot
        yield SendConfirm(heard.layer, heard.interface, heard.sender, heard.identity, boot, reply.challenge)
        yield from _remind(draft, heard, reply.signed)
        yield from _reflect(draft, heard, reply.seen)
    yield from hearsay.take(draft, Told(heard.layer, heard.sender, heard.passed))


def _confirm(draft: Draft, heard: Heard) -> Verdict:
    """The sender of a Hello that we answered is where it says: its own address is known, and it gets what it lacks."""
    if heard.echoed and _is_known(draft, heard):
        reaching.met(draft)
        yield from revive(draft, heard.identity)
        yield from redialling.call_again(draft, heard)
        yield from _observe(draft, heard)
        supplying.pay(draft, heard)


def _by(heard: Heard) -> Introducer:
    return Introducer(source=heard.sender.ip)


def _observe(draft: Draft, heard: Heard) -> Verdict:
    """The sender answered our challenge from there: its WireGuard port at that address is a first-hand claim."""
    peer = draft.mesh.peers[heard.identity]
    if not draft.mesh.uses(peer):
        return
    endpoint = Endpoint(heard.sender.ip, peer.listen_port, heard.sender.scope)
    if all(claim.endpoint != endpoint for claim in peer.observed):
        yield PeerEndpointObserved(heard.identity, heard.layer, endpoint), (peer.updated.sequence,)


def _remind(draft: Draft, heard: Heard, signed: bytes) -> Verdict:
    """Who is heard first-hand with an older record than we hold of it has lost its log: it gets its own word back."""
    held = draft.mesh.peers[heard.identity]
    if heard.layer == "exchange" and held.signed != signed:
        yield SendPage(heard.layer, heard.interface, heard.sender, (held.signed,))


def _reflect(draft: Draft, heard: Heard, seen: Endpoint) -> Verdict:
    """A peer sees our exchange socket at an address that none of our interfaces has: it is what a NAT made of it."""
    mesh = draft.mesh
    ours = (prefix.partition("/")[0] for interface in mesh.interfaces for prefix in interface.prefixes)
    if heard.layer != "exchange" or seen.ip in ours or objection(mesh, seen):
        return
    agreeing = [identity for identity, known in mesh.reflected.items() if known.endpoint == seen]
    if heard.identity in agreeing or len(agreeing) >= WITNESSES or draft.session.refusals >= EPOCH_CAP:
        return
    draft.remember(refusals=draft.session.refusals + 1)
    yield EndpointReflected(heard.identity, seen), (mesh.peers[heard.identity].updated.sequence,)
