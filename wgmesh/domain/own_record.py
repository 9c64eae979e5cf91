"""What this node says of itself: a pure function of the mesh, so that its bytes are the same after every restart."""

import ipaddress
from collections.abc import Iterator

from wgmesh.domain.facts import FAMILIES, WITNESSES, family_of
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.parameters import fingerprint
from wgmesh.domain.peer_record import MOST_ENDPOINTS, NO_IPV4, RELAY, RENDEZVOUS, ClaimedEndpoint, PeerRecord
from wgmesh.domain.values import Endpoint


def own_record(mesh: Mesh) -> PeerRecord:
    """Our peer record in our present incarnation; a goodbye once we left."""
    assert mesh.parameters
    assert mesh.settings
    return PeerRecord(
        identity=mesh.identity,
        incarnation=mesh.incarnation,
        life=mesh.life,
        generation=mesh.generation,
        parameters=fingerprint(mesh.parameters),
        exchange_port=mesh.exchange_port,
        listen_port=mesh.listen_port,
        hostname=mesh.settings.hostname,
        nonce=mesh.nonce,
        endpoints=own_endpoints(mesh),
        routes=mesh.settings.advertise_routes,
        capabilities=_capabilities(mesh),
        left=mesh.departed is not None,
    )


def _capabilities(mesh: Mesh) -> int:
    assert mesh.settings
    bits = ((NO_IPV4, not mesh.ipv4), (RENDEZVOUS, mesh.settings.gossip), (RELAY, mesh.settings.relay))
    return sum(bit for bit, holds in bits if holds)


def own_endpoints(mesh: Mesh) -> tuple[ClaimedEndpoint, ...]:
    """Where others can reach us, the likeliest first: what only one has seen so far stands last."""
    confirmed, unconfirmed = (tuple(_reflexive_endpoints(mesh, confirmed=each)) for each in (True, False))
    return (*_static_endpoints(mesh), *confirmed, *_lan_endpoints(mesh), *unconfirmed)[:MOST_ENDPOINTS]


def _reflexive_endpoints(mesh: Mesh, *, confirmed: bool) -> Iterator[ClaimedEndpoint]:
    """As what NATs show our two sockets. Of a hard one only the address is certain, so it is never confirmed."""
    for nat in mesh.nats.values():
        if nat.kind != "none" and (nat.kind == "easy") == confirmed:
            yield ClaimedEndpoint("reflexive", "wg", nat.endpoint)
    seen = [reflection.endpoint for reflection in mesh.reflected.values()]
    for family in FAMILIES:
        words = [endpoint for endpoint in seen if family_of(endpoint) == family]
        best = max(dict.fromkeys(words), key=words.count, default=None)
        if best is not None and (words.count(best) >= WITNESSES) == confirmed:
            yield ClaimedEndpoint("reflexive", "exchange", best)


def _static_endpoints(mesh: Mesh) -> Iterator[ClaimedEndpoint]:
    """Where the operator says that we are: WireGuard's port as said, the exchange's at the same addresses."""
    for endpoint in mesh.located:
        yield ClaimedEndpoint("static", "wg", endpoint)
    for ip in dict.fromkeys(endpoint.ip for endpoint in mesh.located if mesh.exchange_port):
        yield ClaimedEndpoint("static", "exchange", Endpoint(ip, mesh.exchange_port))


def _lan_endpoints(mesh: Mesh) -> Iterator[ClaimedEndpoint]:
    """Our WireGuard port on every address of every interface; link-local ones are for others to observe.

    The exchange is at the same addresses, under the port that the record names: it is not said again for each.
    """
    for interface in mesh.interfaces:
        for prefix in interface.prefixes:
            ip = ipaddress.ip_interface(prefix).ip
            if not ip.is_link_local and not ip.is_loopback:
                yield ClaimedEndpoint("lan", "wg", Endpoint(str(ip), mesh.listen_port))
