"""Whose an address, a socket address or a prefix is, and why: in the mesh, and in the networks below."""

import ipaddress
from collections.abc import Callable

from wgmesh.domain import routes
from wgmesh.domain.attached import Network, overlap
from wgmesh.domain.endpoints import objection
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.parameters import network_ipv6
from wgmesh.domain.peer import Claim, Peer
from wgmesh.domain.values import Endpoint, network_of
from wgmesh.projections.why_answer import Answer, Circumstances, Fact, grounds, listed, skew_of
from wgmesh.projections.why_claims import claims_of, fate
from wgmesh.projections.why_peer import of_peer
from wgmesh.projections.why_silences import silence, unanswered
from wgmesh.projections.why_strangers import of_our_node
from wgmesh.projections.wording import counted, key, name_of


def of_address(mesh: Mesh, ip: str, seen: Circumstances) -> Answer:
    """An address of the mesh, or one at which somebody is said to be."""
    if ip in (mesh.ipv4, mesh.ipv6):
        ours = of_our_node(mesh, seen)
        return Answer(f"{ip} is this node's own: {ours.verdict}", ours.facts, ours.grounds, ours.identity, ours.words)
    claimants = [peer for peer in mesh.present_peers if ip in (peer.ipv4, peer.ipv6)]
    if claimants:
        return _of_mesh_address(mesh, ip, claimants, seen)
    if any(ipaddress.ip_address(ip) in network for network in _mesh_networks(mesh)):
        return Answer(f"{ip} is nobody's: no present peer of this mesh has it", words=(ip,))
    return _of_underlay(mesh, ip, seen)


def _of_mesh_address(mesh: Mesh, ip: str, claimants: list[Peer], seen: Circumstances) -> Answer:
    holder = mesh.peers.get(mesh.routed.get(ip, b""), claimants[0])
    answer = of_peer(mesh, holder, seen)
    rivals = [name_of(mesh, peer.identity) for peer in claimants if peer is not holder]
    rivalry = f", and not to {listed(rivals)}, which has it too" if rivals else ""
    return Answer(
        f"{ip} goes to {name_of(mesh, holder.identity)}{rivalry}: {answer.verdict}",
        answer.facts,
        (*grounds(holder.addressed), *answer.grounds),
        answer.identity,
        (
            f'"{ip}"',
            *answer.words,
            *(word for peer in claimants for word in (key(peer.identity), key(peer.public_key))),
        ),
    )


def _of_underlay(mesh: Mesh, ip: str, seen: Circumstances) -> Answer:
    facts, found = _claimed(mesh, seen, lambda claim: claim.endpoint.ip == ip)
    if dropped := seen.dropped_from(ip):
        facts.append(("refused", f"datagrams from {ip} were among those dropped ({dropped})"))
    if ip in mesh.outpaced:
        facts.append(
            ("refused", f"it speaks a newer protocol, for {seen.since(mesh.outpaced[ip])}: update wgmesh here")
        )
    silent = (each.since for each in unanswered(mesh, seen) if each.address.ip == ip)
    return Answer(
        verdict=f"{ip} {_standing_of(mesh, ip, found, seen)}",
        facts=tuple(facts),
        grounds=(
            *grounds(*(claim.since for _, claim in found)),
            *grounds(mesh.outpaced.get(ip), *silent, mesh.rejected),
        ),
        words=(f'"{ip}"',),
    )


def _standing_of(mesh: Mesh, ip: str, found: list[tuple[Peer, Claim]], seen: Circumstances) -> str:
    if found:
        names = dict.fromkeys(name_of(mesh, peer.identity) for peer, _ in found)
        return f"is where {listed(names)} is said to be"
    skews = [skew_of(mesh, who, seen) for who, skew in mesh.skewed.items() if skew.source == ip]
    if any(skews):
        return f"has the secret and is not answered: {listed(each for each in skews if each)}"
    silences = [each for each in unanswered(mesh, seen) if each.address.ip == ip]
    if silences:
        return f"answers no Hello: {silence(mesh, silences[0], seen)}"
    behind = [route for route in routes.used(mesh) if ipaddress.ip_address(ip) in network_of(route)]
    if behind:
        return f"is reached through the mesh: {behind[0]} is behind a peer, as `why {behind[0]}` says"
    if ip in seen.unopened():
        return "sends datagrams that our secret does not open: another mesh, or a node with a wrong secret"
    if ip in mesh.outpaced:
        return "has the secret and speaks a newer protocol: update wgmesh on this machine"
    if any(ip == prefix.partition("/")[0] for interface in mesh.interfaces for prefix in interface.prefixes):
        return "is this machine's own"
    if reason := objection(mesh, Endpoint(ip, 1)):
        return f"is never used as an endpoint, since it is {reason}"
    return "is nobody's: no peer is said to be there, and nothing was dropped from there of late"


def of_endpoint(mesh: Mesh, endpoint: Endpoint, seen: Circumstances) -> Answer:
    """A socket address: who is said to have WireGuard there, and what became of that."""
    facts, found = _claimed(mesh, seen, lambda claim: claim.endpoint == endpoint)
    if not found:
        there = _of_underlay(mesh, endpoint.ip, seen)
        reason = objection(mesh, endpoint)
        ever = f"would never be used, since it is {reason}" if reason else "is claimed by no peer"
        return Answer(f"{endpoint} {ever}; {there.verdict}", there.facts, there.grounds, b"", there.words)
    peer, claim = found[0]
    return Answer(
        verdict=f"{endpoint}, where {name_of(mesh, peer.identity)} is said to be, is {fate(mesh, peer, claim, seen)}",
        facts=tuple(facts),
        grounds=(*grounds(*(claim.since for _, claim in found)), *of_peer(mesh, peer, seen).grounds),
        identity=peer.identity,
        words=(str(endpoint), f'"ip":"{endpoint.ip}","port":{endpoint.port}'),
    )


def of_prefix(mesh: Mesh, network: Network, seen: Circumstances) -> Answer:
    """A network: the mesh's own, one that this machine is attached to, or one behind a peer."""
    attached = [i for i in mesh.interfaces if any(network_of(prefix) == network for prefix in i.prefixes)]
    announcing = [peer for peer in mesh.present_peers if str(network) in peer.routes]
    facts = tuple(
        ("refused", f"the route over {name_of(mesh, route.identity)}: {route.reason}")
        for route in routes.refused(mesh)
        if route.prefix == str(network)
    )
    return Answer(
        verdict=f"{network} {_standing_of_network(mesh, network, [i.name for i in attached], announcing, seen)}",
        facts=facts,
        grounds=grounds(mesh.joined, mesh.networked if attached else None, *(peer.updated for peer in announcing)),
        words=(f'"{network}"',),
    )


def _standing_of_network(
    mesh: Mesh, network: Network, attached: list[str], announcing: list[Peer], seen: Circumstances
) -> str:
    if network in _mesh_networks(mesh):
        hindered = overlap(mesh) if network.version == 4 else ""
        if hindered:
            return f"is the mesh's own, and left out on this node, since it overlaps the attached network {hindered}"
        members = counted(len(mesh.present_peers), "peer")
        return f"is the mesh's own, by its secret: this node and {members} have their addresses in it"
    if attached:
        return f"is attached to this machine, at {listed(attached)}"
    if owner := mesh.peers.get(routes.used(mesh).get(str(network), b"")):
        return f"goes to {name_of(mesh, owner.identity)}, which announces it: {of_peer(mesh, owner, seen).verdict}"
    if announcing:
        names = listed(name_of(mesh, peer.identity) for peer in announcing)
        reason = next(route.reason for route in routes.refused(mesh) if route.prefix == str(network))
        return f"is announced by {names}, and not used: {reason}"
    if mesh.settings and str(network) in mesh.settings.advertise_routes:
        return "is behind this node, which announces it"
    return "is unknown here: neither the mesh's, nor attached, nor announced by a peer"


def _mesh_networks(mesh: Mesh) -> tuple[Network, ...]:
    assert mesh.parameters
    return network_of(mesh.parameters.network), network_of(network_ipv6(mesh.parameters))


def _claimed(
    mesh: Mesh, seen: Circumstances, is_meant: Callable[[Claim], bool]
) -> tuple[list[Fact], list[tuple[Peer, Claim]]]:
    """The claims that are meant, those of connected peers first, and what became of each."""
    peers = sorted(mesh.present_peers, key=lambda peer: peer.connected is None)
    found = [(peer, claim) for peer in peers for claim in claims_of(peer) if is_meant(claim)]
    facts = [
        ("tried", f"{claim.endpoint} for {name_of(mesh, peer.identity)}: {fate(mesh, peer, claim, seen)}")
        for peer, claim in found
    ]
    return facts, found
