"""What must come true when nothing goes wrong any more: liveness, in bounded virtual time."""

from collections.abc import Iterator

from tests.simulation.daemon import TURN
from tests.simulation.machine import Machine
from tests.simulation.marks import sometimes
from tests.simulation.site import Site
from wgmesh.domain.session import PEER_CAP, SOURCE_CAP


def pairs(site: Site) -> Iterator[tuple[Machine, Machine]]:
    """All pairs that can reach each other, each both ways."""
    living = site.living
    for one in living:
        for other in living:
            if one is not other and site.ways(one, other):
                yield one, other


def missing(site: Site) -> Iterator[str]:
    """What has not come true yet, each in a sentence, told as it is found: who only asks whether takes the first."""
    for one, other in pairs(site):
        yield from _of_a_pair(one, other)
    yield from _of_the_dead(site)
    yield from _of_addresses(site)


def _of_a_pair(one: Machine, other: Machine) -> Iterator[str]:
    assert one.daemon
    assert other.daemon
    held = one.daemon.mesh.peers.get(other.keyring.identity.key)
    if held is None:
        yield f"{one.name} does not know {other.name}"
    elif held.state != "connected":
        yield f"{one.name} shows {other.name} as {held.state}"
    elif held.incarnation != other.daemon.mesh.incarnation:
        yield f"{one.name} knows {other.name} as of {held.incarnation}, not {other.daemon.mesh.incarnation}"


def _of_the_dead(site: Site) -> Iterator[str]:
    for dead in site.machines:
        if dead.dead:
            for one in site.living:
                assert one.daemon
                held = one.daemon.mesh.peers.get(dead.keyring.identity.key)
                if held is not None and held.connected:
                    yield f"{one.name} shows {dead.name}, which is dead, as connected"
                elif held is not None and held.disconnected:
                    sometimes("dead_shown")


def _of_addresses(site: Site) -> Iterator[str]:
    for one, other in pairs(site):
        assert one.daemon
        assert other.daemon
        if one.daemon.mesh.ipv4 and one.daemon.mesh.ipv4 == other.daemon.mesh.ipv4:
            yield f"{one.name} and {other.name} both have {one.daemon.mesh.ipv4}"


def unequal_digests(site: Site) -> list[str]:
    """The machines whose records differ from those of the first, where all have met all."""
    held = [_digest(machine) for machine in site.living]
    return [machine.name for machine, digest in zip(site.living, held, strict=True) if digest != held[0]]


def _digest(machine: Machine) -> dict[bytes, object]:
    assert machine.daemon
    mesh = machine.daemon.mesh
    known = {identity: peer.incarnation for identity, peer in mesh.peers.items()}
    known[mesh.identity] = mesh.incarnation
    return dict(sorted(known.items()))


def overgrown(site: Site) -> Iterator[str]:
    """Tables of a run that are beyond their caps, and queues that do not become empty."""
    for machine in site.living:
        assert machine.daemon
        session = machine.daemon.node.session
        tables = {"counters": PEER_CAP, "greeted": PEER_CAP, "heard": PEER_CAP, "sources": SOURCE_CAP}
        yield from (
            f"{machine.name}: {n} is beyond {cap}" for n, cap in tables.items() if len(getattr(session, n)) > cap
        )
        if machine.daemon.waiting > TURN:
            yield f"{machine.name}: {machine.daemon.waiting} inputs wait, more than a turn takes"
