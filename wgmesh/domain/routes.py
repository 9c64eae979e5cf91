"""Which prefixes behind peers this node sends through the mesh: only what its operator accepts, and never some.

What is used is each node's own filter: a record with any routes is stored and passed on. Never used are the default
route, whole or in large pieces, what is nobody's to announce, the mesh's own ranges, a network that this machine is
attached to, what it announces itself, and a prefix that covers an endpoint in use. Of two who announce one prefix the
lower WireGuard key has it (protocol, section 7).
"""

from functools import lru_cache
from ipaddress import IPv6Network, ip_network

from msgspec import Struct

from wgmesh.domain import attached
from wgmesh.domain.attached import Network
from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.events import RouteContested
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.parameters import Parameters
from wgmesh.domain.settings import ALL_ROUTES
from wgmesh.domain.values import Interface, address_of, network_of

# A wider prefix is the default route in pieces: a few of them cover the Internet.
WIDEST = {4: 8, 6: 16}
# What nobody has to route for others (RFC 6890, RFC 4291), and what it is called.
NOBODYS: dict[str, tuple[str, ...]] = {
    "unspecified": ("0.0.0.0/8", "::/128"),
    "loopback": ("127.0.0.0/8", "::1/128"),
    "link-local": ("169.254.0.0/16", "fe80::/10"),
    "multicast": ("224.0.0.0/4", "ff00::/8"),
    "reserved": ("240.0.0.0/4", "::ffff:0:0/96"),
}
# Routes of peers that a node uses at most; what comes from the higher keys is left out.
ROUTE_CAP = 1024
# Contests that are recorded in an epoch.
CONTESTS_AN_EPOCH = 8

NOT_ACCEPTED = "not accepted here: join with --accept-routes"


class RefusedRoute(Struct, frozen=True):
    """A prefix that a peer announces and this node does not use, and why. `accepted`: its operator wanted it."""

    prefix: str
    identity: bytes
    reason: str
    accepted: bool


def parse(text: str) -> str:
    """The canonical prefix that an operator wrote; WgmeshError, a sentence, for what can be nobody's route."""
    try:
        prefix = ip_network(text)
    except ValueError as error:
        raise WgmeshError(_not_a_prefix(text)) from error
    if reason := general_objection(str(prefix)):
        raise WgmeshError(f"{text} cannot be a route: it is {reason}")
    return str(prefix)


def _not_a_prefix(text: str) -> str:
    try:
        meant = network_of(text)
    except ValueError:
        return f"{text!r} is no prefix: write one like 192.168.5.0/24 or fd12:3456::/48"
    return f"{text} has bits behind its prefix length: did you mean {meant}?"


@lru_cache(maxsize=4096)  # a record's routes are looked at again and again
def general_objection(prefix: str) -> str:
    """What stands against a prefix on every machine; empty if nothing does."""
    network = ip_network(prefix)
    if not network.prefixlen:
        return "the default route"
    kinds = (kind for kind, ranges in NOBODYS.items() if any(_overlap(network, ip_network(it)) for it in ranges))
    if kind := next(kinds, ""):
        return f"{kind} or reaches into it" if kind != "reserved" else "reserved"
    return f"wider than /{WIDEST[network.version]}" if network.prefixlen < WIDEST[network.version] else ""


@lru_cache(maxsize=4096)
def mesh_objection(parameters: Parameters, prefix: str) -> str:
    """What stands against a prefix in this mesh."""
    ranges = (ip_network(parameters.network), IPv6Network((parameters.ipv6_prefix + bytes(8), 64)))
    return "within the mesh's own range or around it" if any(_overlap(ip_network(prefix), it) for it in ranges) else ""


def used(mesh: Mesh) -> dict[str, bytes]:
    """The prefixes that go through the mesh, each with the identity of the peer that has it."""
    return _judge(mesh)[0]


def refused(mesh: Mesh) -> tuple[RefusedRoute, ...]:
    """What peers announce and this node does not use."""
    return _judge(mesh)[1]


def covered(mesh: Mesh) -> tuple[str, ...]:
    """The prefixes behind peers: an address in one of them can be no endpoint, for the tunnel would run in itself."""
    accepts = mesh.settings is not None and mesh.settings.accept_routes
    return tuple(used(mesh)) if accepts else ()


def note_contests(draft: Draft, before: Mesh) -> Verdict:
    """Two peers announce what only one can have: say so when that is new."""
    known = {(each.prefix, each.identity): each.reason for each in _contests(before)}
    for contest in _contests(draft.mesh):
        if known.get((contest.prefix, contest.identity)) == contest.reason:
            continue
        if draft.session.contests < CONTESTS_AN_EPOCH:
            draft.remember(contests=draft.session.contests + 1)
            owner = draft.mesh.peers[used(draft.mesh)[contest.prefix]]
            grounds = (owner.updated.sequence, draft.mesh.peers[contest.identity].updated.sequence)
            yield RouteContested(contest.prefix, owner.identity, contest.identity), grounds


def _contests(mesh: Mesh) -> tuple[RefusedRoute, ...]:
    if not mesh.settings or not mesh.settings.accept_routes:
        return ()
    owners, refusals = _judge(mesh)
    return tuple(each for each in refusals if each.accepted and owners.get(each.prefix, each.identity) != each.identity)


def _judge(mesh: Mesh) -> tuple[dict[str, bytes], tuple[RefusedRoute, ...]]:
    owners: dict[str, bytes] = {}
    refusals = []
    announcing = sorted((peer for peer in mesh.present_peers if peer.routes), key=lambda peer: peer.public_key)
    endpoints = _in_use(mesh) if announcing else ()
    for peer in announcing:
        for prefix in dict.fromkeys(peer.routes):
            accepted = _is_accepted(mesh, prefix)
            reason = _objection(mesh, prefix, endpoints) if accepted else NOT_ACCEPTED
            reason = reason or _clash(mesh, owners, prefix)
            if reason:
                refusals.append(RefusedRoute(prefix, peer.identity, reason, accepted))
            else:
                owners[prefix] = peer.identity
    return owners, tuple(refusals)


def _is_accepted(mesh: Mesh, prefix: str) -> bool:
    accepted = mesh.settings.accept_routes if mesh.settings else ()
    return ALL_ROUTES in accepted or any(_is_within(prefix, each) for each in accepted)


def _objection(mesh: Mesh, prefix: str, endpoints: tuple[str, ...]) -> str:
    assert mesh.parameters and mesh.settings
    if reason := general_objection(prefix) or mesh_objection(mesh.parameters, prefix):
        return reason
    if near := _attached(mesh.interfaces, mesh.attached, prefix):
        return f"this machine is attached to {near}"
    if any(_is_within(prefix, each) for each in mesh.settings.advertise_routes):
        return "this node announces it too"
    if within := _endpoint_in(prefix, endpoints):
        return f"the endpoint {within}, which is in use, lies in it"
    is_ipv4 = network_of(prefix).version == 4
    return "this node has no IPv4 address in the mesh" if is_ipv4 and not attached.has_ipv4(mesh) else ""


@lru_cache(maxsize=256)  # as with the next, asked in every step, and the same until networks or peers change
def _attached(interfaces: tuple[Interface, ...], beside: tuple[str, ...], prefix: str) -> str:
    near = attached.networks(interfaces, beside)
    return next((str(each) for each in near if _overlap(network_of(prefix), each)), "")


@lru_cache(maxsize=256)
def _endpoint_in(prefix: str, endpoints: tuple[str, ...]) -> str:
    return next((each for each in endpoints if address_of(each) in network_of(prefix)), "")


def _clash(mesh: Mesh, owners: dict[str, bytes], prefix: str) -> str:
    if owner := owners.get(prefix):
        return f"{mesh.peers[owner].hostname or 'a peer'} announces it too, and its key is lower"
    return f"{ROUTE_CAP} routes are in use already" if len(owners) >= ROUTE_CAP else ""


def _in_use(mesh: Mesh) -> tuple[str, ...]:
    """The addresses at which peers are connected just now."""
    return tuple(peer.proven.ip for peer in mesh.present_peers if peer.connected and peer.proven)


def _is_within(prefix: str, wider: str) -> bool:
    inner, outer = network_of(prefix), network_of(wider)
    return inner.version == outer.version and inner.network_address in outer and inner.prefixlen >= outer.prefixlen


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)
