"""As which address the Internet sees WireGuard's port, and what kind of NAT makes it so: whose word is believed.

A mapping that is the same for everybody (RFC 4787: endpoint-independent) is easy, one that is another for each is hard:
then only the address is worth something. Nobody is believed alone: two who agree replace what is held, one fills a gap.
What members see of WireGuard's own flow is the truth, so two of them are preferred to all servers.
"""

import ipaddress
from collections.abc import Mapping

from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.endpoints import objection
from wgmesh.domain.events import NatDetected
from wgmesh.domain.facts import FAMILIES, WITNESSES, Nat, NatKind, family_of
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.session import EPOCH_CAP
from wgmesh.domain.values import Endpoint

# Who told us where it sees us: a server by its address, a member by its identity.
Source = Endpoint | bytes


def disbelief(mesh: Mesh, server: Endpoint, endpoint: Endpoint) -> str:
    """Why a server's word on our address cannot be true, or is of no use; empty when it can.

    A server on the Internet sees addresses of the Internet; one in a private network, which an operator may run, those
    of that.
    """
    seen, asked = ipaddress.ip_address(endpoint.ip), ipaddress.ip_address(server.ip)
    if seen.version != asked.version:
        return "of another family"
    return objection(mesh, endpoint) or ("not of the Internet" if asked.is_global and not seen.is_global else "")


def conclude(draft: Draft) -> Verdict:
    """Record what the words heard come to, where that is news; at most 8 an epoch, whoever tells whatever."""
    for family in FAMILIES:
        held = draft.mesh.nats.get(family)
        words = words_on(draft, family)
        found = judged(draft.mesh, words, held)
        if found is None or _is_held(held, *found) or draft.session.refusals >= EPOCH_CAP:
            continue
        kind, endpoint = found
        sources = [source for source, seen in words.items() if seen == endpoint]
        draft.remember(refusals=draft.session.refusals + 1)
        members = tuple(source for source in sources if isinstance(source, bytes))
        servers = tuple(source for source in sources if isinstance(source, Endpoint))
        yield NatDetected(kind, endpoint, members, servers), (held.since.sequence,) if held else ()


def words_on(draft: Draft, family: str) -> dict[Source, Endpoint]:
    """Who sees us where, in this family: members before servers, and alone where there are enough of them."""
    members: dict[Source, Endpoint] = {
        source: seen for source, seen in draft.session.sighted.items() if family_of(seen) == family
    }
    if len(members) >= WITNESSES:
        return members
    return members | {source: seen for source, seen in draft.session.mapped.items() if family_of(seen) == family}


def judged(mesh: Mesh, words: Mapping[Source, Endpoint], held: Nat | None) -> tuple[NatKind, Endpoint] | None:
    """What kind of NAT they speak of and where it shows us; None where they give no reason to think anew."""
    said = list(words.values())
    if not said:
        return None
    best = max(dict.fromkeys(said), key=said.count)
    if said.count(best) >= WITNESSES:
        return "none" if _is_our_own(mesh, best) else "easy", best
    is_known = held is not None and held.kind != "unknown"
    if len(said) == 1:
        return None if is_known else ("none" if _is_our_own(mesh, best) else "unknown", best)
    if all(seen.ip == best.ip for seen in said):
        return "hard", best
    return None if is_known else ("unknown", best)


def is_confirmed(draft: Draft, family: str) -> bool:
    """Do two members agree on what they see?"""
    seen = [endpoint for endpoint in draft.session.sighted.values() if family_of(endpoint) == family]
    return any(seen.count(endpoint) >= WITNESSES for endpoint in seen)


def _is_held(held: Nat | None, kind: NatKind, endpoint: Endpoint) -> bool:
    """Is this nothing new? Of a hard NAT, which shows another port to each, the address alone counts."""
    if held is None or held.kind != kind:
        return False
    return held.endpoint == endpoint or (kind == "hard" and held.endpoint.ip == endpoint.ip)


def _is_our_own(mesh: Mesh, endpoint: Endpoint) -> bool:
    ours = (prefix.partition("/")[0] for interface in mesh.interfaces for prefix in interface.prefixes)
    return endpoint.port == mesh.listen_port and endpoint.ip in ours
