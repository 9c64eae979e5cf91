"""What LAN messages mean. An Announce is a hint; a Reply that echoes our challenge makes a peer.

Known after one and a half round trips: Announce, then Hello, Reply, Confirm. What is not news returns nothing.
"""

import ipaddress
from typing import assert_never

from wgmesh.domain import announcing
from wgmesh.domain.draft import NEVER, Draft, State, Verdict
from wgmesh.domain.effects import SendConfirm, SendHello, SendReply
from wgmesh.domain.events import PeerEndpointObserved
from wgmesh.domain.inputs import Heard
from wgmesh.domain.membership import OTHER_URI, admit, is_news, objection, outrun, refuse
from wgmesh.domain.messages import Announce, Confirm, Hello, Reply
from wgmesh.domain.peer_record import PeerRecord
from wgmesh.domain.session import PEER_CAP, SOURCE_CAP, Bucket, remember
from wgmesh.domain.values import MINUTE, SECOND, Endpoint, Incarnation, network_of

# A node that just started announces twice within a second; one Hello is enough for both.
GREETING_PAUSE = 500
# Hellos answered to one source address (protocol, section 4): so many a second, and so many at once.
ANSWERS_A_SECOND = 20
ANSWERS_AT_ONCE = 5
# `heard` is read in hours; a finer note of it would cost a copy for every datagram.
HEARD_GRAIN = MINUTE
NOBODY = bytes(32)


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
            yield from _observe(draft, heard)
        case _:
            assert_never(heard.message)


def _note(draft: Draft, heard: Heard) -> None:
    last = draft.session.heard.get(heard.identity)
    if last is None or draft.now.awake - last >= HEARD_GRAIN:
        draft.remember(heard=remember(draft.session.heard, heard.identity, draft.now.awake, PEER_CAP))


def _take_hint(draft: Draft, heard: Heard, announce: Announce) -> Verdict:
    held = draft.mesh.peers.get(heard.identity)
    returns = held is not None and held.expired is not None
    if held is not None and held.signed == announce.signed and not returns:
        announcing.overhear(draft, heard.agrees)
        return
    record = heard.record
    assert record
    if record.left:
        if heard.signed_by_sender:
            yield from admit(draft, record, announce.signed, NEVER)
    elif (returns or is_news(held, record, announce.signed)) and is_plausible(draft, heard, record):
        yield from _greet(draft, heard, record)


def _greet(draft: Draft, heard: Heard, record: PeerRecord) -> Verdict:
    if objection(draft, record) == OTHER_URI:
        yield from refuse(draft, record, OTHER_URI)
        return
    last = draft.session.greeted.get(record.identity)
    if draft.mesh.shuns(record.identity):
        return
    if last is not None and draft.now.awake - last < GREETING_PAUSE:
        return
    draft.remember(greeted=remember(draft.session.greeted, record.identity, draft.now.awake, PEER_CAP))
    yield SendHello(heard.layer, heard.interface, heard.sender, record.identity, record.incarnation.boot)


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
    counter = Incarnation(*hello.counter)
    if counter <= State(draft.mesh, draft.session).last_counter(heard.identity):
        return
    if hello.to == NOBODY:
        if not is_news(draft.mesh.peers.get(heard.identity), record, hello.signed):
            return
    elif (hello.to, hello.to_boot) != (draft.mesh.identity, draft.mesh.incarnation.boot):
        return
    if not _may_answer(draft, heard.sender):
        return
    draft.remember(counters=remember(draft.session.counters, heard.identity, counter, PEER_CAP))
    yield from admit(draft, record, hello.signed, counter, alive=hello.to != NOBODY)
    if heard.identity in draft.mesh.peers and not draft.mesh.shuns(heard.identity):
        boot = record.incarnation.boot
        yield SendReply(heard.layer, heard.interface, heard.sender, heard.identity, boot, hello.challenge)


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
    yield from admit(draft, heard.record, reply.signed, NEVER, alive=True)
    if heard.identity in draft.mesh.peers and not draft.mesh.shuns(heard.identity):
        yield from _observe(draft, heard)
        boot = heard.record.incarnation.boot
        yield SendConfirm(heard.layer, heard.interface, heard.sender, heard.identity, boot, reply.challenge)


def _observe(draft: Draft, heard: Heard) -> Verdict:
    """The sender answered our challenge from there: its WireGuard port at that address is a first-hand claim."""
    peer = draft.mesh.peers.get(heard.identity)
    if not heard.echoed or peer is None or not draft.mesh.uses(peer):
        return
    endpoint = Endpoint(heard.sender.ip, peer.listen_port, heard.sender.scope)
    if all(claim.endpoint != endpoint for claim in peer.observed):
        yield PeerEndpointObserved(heard.identity, heard.layer, endpoint), (peer.updated.sequence,)
