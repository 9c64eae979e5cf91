"""What is wrong, each in a sentence that says what to do: for a person at three in the morning.

A warning lasts as long as its cause; of what only happened, a record says so for a day. The records that these quote
are fetched by whoever reads the log: `cited` names them.
"""

from collections.abc import Iterator, Mapping

from wgmesh.domain.attached import overlap
from wgmesh.domain.events import DatagramsRejected
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.muteness import missed
from wgmesh.domain.peer_record import INCARNATION_END
from wgmesh.domain.records import Record
from wgmesh.domain.routes import refused
from wgmesh.domain.values import DAY, MINUTE, Ground
from wgmesh.projections.peers import Live
from wgmesh.projections.timeline import sentence
from wgmesh.projections.wording import counted, duration, key, name_of, named_by, skewed, trouble

# Two epochs: as long as strangers keep sending, there is a newer record of it.
REJECTED_FOR = 20 * MINUTE
# What fits on a screen; the rest is in the log.
MOST_OF_A_KIND = 3
FORWARDING = {"IPv4": "net.ipv4.ip_forward", "IPv6": "net.ipv6.conf.all.forwarding"}


def cited(mesh: Mesh, at: int) -> tuple[int, ...]:
    """The sequences of the records that the warnings at this moment (ms) quote."""
    grounds = (ground for ground, lasting in _notable(mesh) if ground and at - ground.at < lasting)
    return tuple(ground.sequence for ground in grounds)


def warnings(mesh: Mesh, at: int, *, running: bool, live: Live | None, quoted: Mapping[int, Record]) -> tuple[str, ...]:
    """All that is wrong at this moment (ms), the worst first. `quoted`: the records that are cited, as far as found."""
    found = (
        *_of_the_daemon(mesh, at, running, live),
        *_of_the_last_start(mesh),
        *_of_the_device(mesh, at),
        *_of_the_addresses(mesh),
        *_of_routes(mesh, live),
        *(trouble(name, layer.reason) for name, layer in mesh.layers.items() if layer.reason),
        *_of_others(mesh),
        *_of_silences(mesh, at),
        *_of_clocks(mesh, at),
        *_of_what_happened(mesh, quoted),
    )
    return found


def _notable(mesh: Mesh) -> tuple[tuple[Ground | None, int], ...]:
    cloned = mesh.clone.since if mesh.clone else None
    once = (cloned, mesh.recovered, mesh.gap, mesh.outrun, mesh.stepped)
    return (*((ground, DAY) for ground in once), (mesh.rejected, REJECTED_FOR))


def _of_the_daemon(mesh: Mesh, at: int, running: bool, live: Live | None) -> Iterator[str]:
    if running:
        if live and live.frozen:
            yield (
                f"the disk of the state directory is full for {duration(at - live.frozen.since)}: nothing new is"
                f" decided ({counted(live.frozen.dropped, 'input')} dropped), tunnels stay; make room on it"
            )
        if live and live.device is None and mesh.departed is None:
            yield "the interface is not there; it is made again within seconds, or the log says why not"
        return
    if mesh.departed is not None:
        yield f"this node left the mesh {duration(at - mesh.departed.at)} ago; `wgmesh join` brings it back"
    elif mesh.stopped is not None:
        yield f"the daemon stopped {duration(at - mesh.stopped.at)} ago and tunnels stay as they are; start it again"
    else:
        yield "the daemon is not running and did not end in good order; tunnels stay as they are: start it again"


def _of_the_last_start(mesh: Mesh) -> Iterator[str]:
    if mesh.incarnation.boot >= INCARNATION_END - 1:
        yield (
            "this node has no further start that others would believe: run `wgmesh leave`, then delete identity.seed,"
            " boot and events.db in its state directory to join as a new node"
        )


def _of_the_device(mesh: Mesh, at: int) -> Iterator[str]:
    if failure := mesh.failure:
        pairs = list(zip(failure.changes, failure.errors, strict=False))
        for change, error in pairs[:MOST_OF_A_KIND]:
            yield f"for {duration(at - failure.since.at)} the system refuses to {change}: {error}; it is tried again"
        yield from _more(len(pairs), "refused change", "DeviceChangeFailed")
    for public_key in mesh.foreign[:MOST_OF_A_KIND]:
        yield f"the interface has a peer that wgmesh did not put there, {key(public_key)}: it stays, remove it with wg"
    yield from _more(len(mesh.foreign), "foreign peer", "ForeignPeerSeen")


def _of_the_addresses(mesh: Mesh) -> Iterator[str]:
    assert mesh.parameters is not None
    if network := overlap(mesh):
        yield (
            f"the mesh's IPv4 range {mesh.parameters.network} overlaps the attached network {network}: IPv4 is left out"
            " here, IPv6 works; a mesh from `wgmesh init --subnet CIDR` with a range that is free everywhere cures it"
        )
    if not mesh.ipv4:
        yield "no IPv4 address of the mesh's range is left for this node: IPv6 works; a larger `init --subnet` cures it"


def _of_routes(mesh: Mesh, live: Live | None) -> Iterator[str]:
    for family, routes in _announced(mesh).items():
        if live and family in live.unforwarded:
            yield (
                f"this node announces {' '.join(routes)} and this machine forwards no {family}: nobody reaches what is"
                f" behind it until `sysctl -w {FORWARDING[family]}=1`"
            )
    unused = [each for each in refused(mesh) if each.accepted]
    for route in unused[:MOST_OF_A_KIND]:
        yield f"the route {route.prefix} behind {name_of(mesh, route.identity)} is not used: {route.reason}"
    if len(unused) > MOST_OF_A_KIND:
        yield f"{counted(len(unused), 'unused route')} in all: wgmesh peers --json"


def _announced(mesh: Mesh) -> dict[str, list[str]]:
    prefixes = mesh.settings.advertise_routes if mesh.settings else ()
    families: dict[str, list[str]] = {}
    for prefix in prefixes:
        families.setdefault("IPv6" if ":" in prefix else "IPv4", []).append(prefix)
    return families


def _of_others(mesh: Mesh) -> Iterator[str]:
    refused = list(mesh.refused.items())
    for identity, refusal in refused[-MOST_OF_A_KIND:]:
        yield f"{refusal.hostname or 'a node'} ({name_of(mesh, identity)}) is not let in: {refusal.reason}"
    yield from _more(len(refused), "refused node", "PeerRefused")
    newer = list(mesh.outpaced)
    for source in newer[-MOST_OF_A_KIND:]:
        yield f"{source} speaks a newer protocol: update wgmesh on this machine"
    yield from _more(len(newer), "newer node", "NewerPeerSeen")


def _of_silences(mesh: Mesh, at: int) -> Iterator[str]:
    for peer in mesh.present_peers:
        if since := missed(mesh, peer):
            silent = f"for {duration(at - since.at)} the daemon of {name_of(mesh, peer.identity)} says nothing"
            yield f"{silent}; its tunnel stays: start `wgmesh join` there"
    lately = [each for each in mesh.unanswered if at - each.since.at < DAY and each.layer in ("lan", "peer")]
    for each in lately[-MOST_OF_A_KIND:]:
        if each.layer == "lan":
            name = each.hostname or name_of(mesh, each.identity)
            yield f"{name} is heard on the LAN and does not answer: `wgmesh why {name}`"
        else:
            yield f"nobody answers at {each.address}, which {named_by(each.layer)} named: `wgmesh why {each.address}`"
    yield from _more(len(lately), "silent address", "HelloUnanswered")


def _of_clocks(mesh: Mesh, at: int) -> Iterator[str]:
    lately = [item for item in mesh.skewed.items() if at - item[1].since.at < DAY]
    for identity, skew in lately[-MOST_OF_A_KIND:]:
        off = skewed(name_of(mesh, identity), skew.source, skew.hours)
        yield f"{off}: set the wrong one, they do not meet over the exchange"
    yield from _more(len(lately), "clock that is off", "ClockSkewObserved")


def _of_what_happened(mesh: Mesh, quoted: Mapping[int, Record]) -> Iterator[str]:
    for ground, _ in _notable(mesh):
        record = quoted.get(ground.sequence) if ground else None
        if record is None:
            continue
        match record.event:
            case DatagramsRejected(counts) if "seal" not in counts:
                continue
            case DatagramsRejected():
                yield f"{sentence(mesh, record)}: another mesh or a wrong secret on this LAN?"
            case _:
                yield f"{sentence(mesh, record)} (record {record.sequence})"


def _more(number: int, noun: str, kind: str) -> Iterator[str]:
    if number > MOST_OF_A_KIND:
        yield f"{counted(number, noun)} in all: wgmesh events --kind {kind}"
