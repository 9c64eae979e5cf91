"""When STUN servers are asked where they see WireGuard's port: two of each family, and others in place of the silent.

At once when WireGuard's port can be spoken from, when the networks change, after a sleep, and when a member sees us
elsewhere; else every half hour, and not even then while two members agree on what they see. A question is said three
times within two seconds. Where two servers contradict each other a third is asked. While nobody answers, the pauses
grow.
"""

import ipaddress

from msgspec.structs import replace

from wgmesh.domain import lots, mapping
from wgmesh.domain.draft import Draft, State, Verdict
from wgmesh.domain.effects import AskMapping
from wgmesh.domain.events import LayerResumed, LayerSuspended
from wgmesh.domain.facts import FAMILIES, family_of
from wgmesh.domain.inputs import Listed, Mapped
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.session import Inquiry, Question, remember
from wgmesh.domain.values import MINUTE, SECOND, Endpoint

LAYER, PORT_LAYER = "stun", "port"
# Servers of a family that are asked at first: one could lie, and one mapping alone says nothing of the NAT's kind.
AT_FIRST = 2
# The pause after the first question to a server; each is twice the one before. Then another server is asked.
FIRST_PAUSE = 300
TRIES = 3
# What has come by then is judged, though others were still waited for.
PATIENCE = SECOND
# Until all is asked anew, and up to a quarter longer; a NAT that forgot us is found out by members much sooner.
REFRESH_PAUSE = 30 * MINUTE
# A member's word makes us ask no more often than this.
DOUBT_PAUSE = MINUTE
# While nobody answers, the pause after the first time; doubled each time up to REFRESH_PAUSE.
VAIN_PAUSE = MINUTE
# What begins at one moment on many machines is spread over so long.
SPREAD = 100
GIVEN_UP = Question(TRIES, None)
# Servers that are known at once.
SERVER_CAP = 16
NO_SERVER = "no STUN server has an address now; they are looked up again"
NO_PORT = "nobody can be asked from WireGuard's port, and it was not before WireGuard had it"
NO_ANSWER = "no STUN server answers; they are asked again"


def follow(draft: Draft, before: Mesh) -> None:
    """The port can be spoken from now, or the networks changed: what was seen of us before counts no more."""
    if draft.mesh.interfaces != before.interfaces:
        draft.remember(mapped={}, sighted={})
        begin_soon(draft)
    elif draft.mesh.works(PORT_LAYER) != before.works(PORT_LAYER):
        begin_soon(draft)


def begin_soon(draft: Draft) -> None:
    """Ask anew in a moment, if there is a way to and somebody to ask."""
    soon = draft.now.awake + lots.draw(draft.now.lot, LAYER, SPREAD)
    is_able = draft.mesh.works(PORT_LAYER) and bool(draft.session.servers)
    draft.remember(inquiry=None, inquiry_due=soon if is_able else None, inquiries_in_vain=0)


def doubt(draft: Draft, seen: Endpoint) -> None:
    """A member sees us elsewhere than we thought: a NAT that forgot us has given us another port since."""
    nat = draft.mesh.nats.get(family_of(seen))
    is_late = draft.now.awake - draft.session.inquired >= DOUBT_PAUSE
    if nat is not None and nat.kind == "easy" and nat.endpoint != seen and is_late:
        begin_soon(draft)


def take_servers(draft: Draft, listed: Listed) -> Verdict:
    """The servers' names lead to these addresses; they are asked at once if they are others than before."""
    servers = tuple(dict.fromkeys(listed.servers))[:SERVER_CAP]
    port = draft.mesh.layers.get(PORT_LAYER)
    if not servers:
        yield from _suspend(draft, NO_SERVER)
    elif port and port.reason and not draft.mesh.works(LAYER):
        yield from _suspend(draft, NO_PORT)
    if servers and servers != draft.session.servers:
        draft.remember(servers=servers)
        begin_soon(draft)


def next_question(state: State) -> int | None:
    """When something is to be asked, or what was answered is to be judged."""
    inquiry = state.session.inquiry
    dues = [question.due for question in inquiry.questions.values()] + [inquiry.judge_due] if inquiry else []
    return min((at for at in (state.session.inquiry_due, *dues) if at is not None), default=None)


def inquire(draft: Draft) -> Verdict:
    """Begin to ask, ask again, or give up."""
    now, due = draft.now.awake, draft.session.inquiry_due
    if due is not None and due <= now:
        _begin(draft)
    yield from _go_on(draft)


def hear(draft: Draft, mapped: Mapped) -> Verdict:
    """A server answered."""
    inquiry = draft.session.inquiry
    draft.remember(mapped=remember(draft.session.mapped, mapped.server, mapped.endpoint, SERVER_CAP))
    if inquiry:
        open_ones = {server: each for server, each in inquiry.questions.items() if server != mapped.server}
        draft.remember(inquiry=replace(inquiry, questions=open_ones))
    if not draft.mesh.works(LAYER):
        known = draft.mesh.layers.get(LAYER)
        yield LayerResumed(LAYER), (known.since.sequence,) if known else ()
    yield from _go_on(draft) if inquiry else mapping.conclude(draft)


def _begin(draft: Draft) -> None:
    """What servers said last time counts no more; what members say does, and may be enough."""
    now = draft.now.awake
    pause = REFRESH_PAUSE + lots.draw(draft.now.lot, LAYER, REFRESH_PAUSE // 4)
    draft.remember(inquiry_due=now + pause, inquired=now)
    if not all(mapping.is_confirmed(draft, family) for family in _families(draft.mesh)):
        draft.remember(mapped={}, inquiry=Inquiry({}, now + PATIENCE))


def _go_on(draft: Draft) -> Verdict:
    """Say again what was not answered, ask others in place of the silent, and judge when that is done."""
    inquiry, now = draft.session.inquiry, draft.now.awake
    if inquiry is None:
        return
    questions = {server: _again(question, now) for server, question in inquiry.questions.items()}
    asked = [server for server, question in questions.items() if question.tries > inquiry.questions[server].tries]
    others = [server for family in _families(draft.mesh) for server in _others(draft, questions, family)]
    questions |= {server: Question(1, now + FIRST_PAUSE) for server in others}
    yield from (AskMapping(server) for server in (*asked, *others))
    is_over = all(question.due is None for question in questions.values())
    is_time = inquiry.judge_due is not None and inquiry.judge_due <= now
    judge_due = None if is_time else inquiry.judge_due
    draft.remember(inquiry=None if is_over else Inquiry(questions, judge_due))
    if is_over or judge_due is None:
        yield from mapping.conclude(draft)
    if is_over and not draft.session.mapped:
        yield from _complain(draft)


def _again(question: Question, now: int) -> Question:
    if question.due is None or question.due > now:
        return question
    return Question(question.tries + 1, now + (FIRST_PAUSE << question.tries)) if question.tries < TRIES else GIVEN_UP


def _others(draft: Draft, questions: dict[Endpoint, Question], family: str) -> list[Endpoint]:
    """Who is asked now: as many as it takes for two words, and one more where these contradict each other."""
    servers, mapped = _servers(draft, family), draft.session.mapped
    words = [mapped[server] for server in servers if server in mapped]
    waiting = [server for server in servers if server in questions and questions[server].due is not None]
    wanted = AT_FIRST + (len(dict.fromkeys(words)) > 1) - len(words) - len(waiting)
    return [server for server in servers if server not in mapped and server not in questions][: max(0, wanted)]


def _complain(draft: Draft) -> Verdict:
    in_vain = draft.session.inquiries_in_vain
    pause = min(VAIN_PAUSE << in_vain, REFRESH_PAUSE)
    due = draft.now.awake + pause + lots.draw(draft.now.lot, LAYER, pause // 4)
    draft.remember(inquiry_due=due, inquiries_in_vain=min(in_vain + 1, 16))
    yield from _suspend(draft, NO_ANSWER)


def _suspend(draft: Draft, reason: str) -> Verdict:
    known = draft.mesh.layers.get(LAYER)
    if known is None or known.reason != reason:
        yield LayerSuspended(LAYER, reason), ()


def _families(mesh: Mesh) -> tuple[str, ...]:
    """Those in which this machine has an address that is good for more than one link."""
    prefixes = [prefix for interface in mesh.interfaces for prefix in interface.prefixes]
    addresses = [ipaddress.ip_interface(prefix).ip for prefix in prefixes]
    routed = [f"IPv{address.version}" for address in addresses if not address.is_link_local]
    return tuple(family for family in FAMILIES if family in routed)


def _servers(draft: Draft, family: str) -> list[Endpoint]:
    """One of each address: two ports of one machine are one witness."""
    found: dict[str, Endpoint] = {}
    for server in draft.session.servers:
        if family_of(server) == family:
            found.setdefault(server.ip, server)
    return list(found.values())
