"""What must come true when nothing goes wrong any more: liveness, in bounded virtual time."""

from collections.abc import Iterator

from tests.simulation.daemon import TURN
from tests.simulation.machine import Machine
from tests.simulation.marks import sometimes
from tests.simulation.site import Site
from tests.simulation.visits import PLACE
from tests.simulation.world import SECOND
from wgmesh.domain import routes
from wgmesh.domain.electing import ELECTED
from wgmesh.domain.session import PEER_CAP, SOURCE_CAP

# A ping that needs a handshake through a relay first, and another try of it.
ANSWERED_WITHIN = 8 * SECOND
# Who is not within an hour of another's clock cannot show it a token.
HOUR_MS = 3_600_000
# Meshes that already are meshes look under the present hour only: with such clocks it is mostly the same.
ONE_HOUR_MOSTLY_MS = 600_000


def groups(site: Site) -> list[list[Machine]]:
    """The living, each with all of whom it can learn: by its LAN, by --peer, and through those who do."""
    found: list[list[Machine]] = []
    for machine in site.living:
        met = [group for group in found if any(_can_meet(site, machine, other) for other in group)]
        found = [group for group in found if group not in met] + [[machine, *(each for group in met for each in group)]]
    return found


def _can_meet(site: Site, one: Machine, other: Machine) -> bool:
    """Does either learn where the other is, without a third?"""
    by_lan = one.lan and other.lan and bool(site.ways(one, other))
    named = (other in one.acquaintances and site.can_name(one, other)) or (
        one in other.acquaintances and site.can_name(other, one)
    )
    in_time = abs(one.wall() // HOUR_MS - other.wall() // HOUR_MS) <= 1
    if _are_apart(one, other):
        return False
    return (
        by_lan
        or (named and in_time)
        or _meet_in_dht(site, one, other)
        or (in_time and _meet_in_registry(site, one, other))
    )


def _meet_in_registry(site: Site, one: Machine, other: Machine) -> bool:
    """Both leave notes where nobody lies, and one of them stands where the other can call it."""
    if site.registry is None or site.registry.hostile or not (one.registry and other.registry):
        return False
    if not (one.finds_way(PLACE) and other.finds_way(PLACE)):
        return False
    if not (
        (site.is_public(one) and site.can_name(other, one)) or (site.is_public(other) and site.can_name(one, other))
    ):
        return False
    sometimes("met_by_registry")
    return True


def _meet_in_dht(site: Site, one: Machine, other: Machine) -> bool:
    """Both walk it, and one of them stands where the other can call it.

    A mesh is found by what its two announcers say, and they find others who announce. With more nodes than these behind
    NATs, a mesh may be announced by none that can be called; with as many whose clocks are far from these two's, under
    another hour alone. Then nothing is demanded. Nor is it among liars: they can use up what a node asks in an hour.
    """
    if site.dht is None or site.dht.liars:
        return False
    are_out = all(each.dht and site.has_way_out(each) for each in (one, other))
    if not are_out or abs(one.wall() - other.wall()) > ONE_HOUR_MOSTLY_MS:
        return False
    hidden = [each for each in site.living if each.dht and not site.is_public(each)]
    astray = [each for each in site.living if each.dht and abs(each.wall() - one.wall()) > ONE_HOUR_MOSTLY_MS]
    is_callable = (site.is_public(one) and site.can_name(other, one)) or (
        site.is_public(other) and site.can_name(one, other)
    )
    if not is_callable or len(hidden) > ELECTED or len(astray) >= ELECTED:
        return False
    sometimes("met_by_dht")
    return True


def pairs(site: Site, met: list[list[Machine]] | None = None) -> Iterator[tuple[Machine, Machine]]:
    """All pairs that can learn of each other and have a tunnel, each both ways. `met`: the groups, where known."""
    for group in groups(site) if met is None else met:
        for one in group:
            for other in group:
                if one is not other and not _are_apart(one, other) and site.can_reach(one, other):
                    yield one, other


def relayed_pairs(site: Site) -> Iterator[tuple[Machine, Machine]]:
    """All pairs that may have no tunnel of their own and have a relay in common, each both ways."""
    if not any(machine.relays for machine in site.machines):
        return
    met = groups(site)
    direct = set(pairs(site, met))
    for group in met:
        relays = [each for each in group if each.relays]
        for one in relays:
            for other in relays:
                has_relay = any((one, relay) in direct and (other, relay) in direct for relay in relays)
                if one is not other and (one, other) not in direct and has_relay and not _are_apart(one, other):
                    yield one, other


def _are_apart(one: Machine, other: Machine) -> bool:
    return _has_banned(one, other) or _has_banned(other, one)


def _has_banned(one: Machine, other: Machine) -> bool:
    """An operator's last word may not have been heard: the node was down, or its disk full."""
    assert one.daemon
    return other.keyring.identity.public_key in one.daemon.mesh.banned


def missing(site: Site) -> Iterator[str]:
    """What has not come true yet, each in a sentence, told as it is found: who only asks whether takes the first."""
    met = groups(site)
    for one, other in pairs(site, met):
        yield from _of_a_pair(one, other)
        yield from _of_addresses(one, other)
        yield from _of_routes(one, other)
    for one, other in relayed_pairs(site):
        yield from _of_a_relayed_pair(one, other)
    yield from _of_the_dead(site)
    for group in met:
        yield from _of_records(group)


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


def _of_a_relayed_pair(one: Machine, other: Machine) -> Iterator[str]:
    assert one.daemon
    held = one.daemon.mesh.peers.get(other.keyring.identity.key)
    if held is None:
        yield f"{one.name} does not know {other.name}, which a relay reaches"
    elif held.connected is None and held.relayed is None:
        yield f"{one.name} shows {other.name} as {held.state}, and a relay reaches both"
    elif held.relayed:
        sometimes("relayed")


def unheard(site: Site) -> Iterator[str]:
    """Who does not answer a ping by the routes, of those that only a relay reaches; time passes meanwhile."""
    asked = list(relayed_pairs(site))
    heard = dict[str, list[str]]()
    for one, other in asked:
        assert other.daemon
        one.kernel.on_answer = heard.setdefault(one.name, []).append
        one.kernel.ping(other.daemon.mesh.ipv6)
    if asked:
        site.world.run(site.world.now + ANSWERED_WITHIN)
    for one, other in asked:
        assert other.daemon
        if other.daemon.mesh.ipv6 not in heard[one.name]:
            yield f"{one.name} pings {other.name} in vain"


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


def _of_addresses(one: Machine, other: Machine) -> Iterator[str]:
    assert one.daemon
    assert other.daemon
    if one.daemon.mesh.ipv4 and one.daemon.mesh.ipv4 == other.daemon.mesh.ipv4:
        yield f"{one.name} and {other.name} both have {one.daemon.mesh.ipv4}"


def _of_routes(one: Machine, other: Machine) -> Iterator[str]:
    device = one.wireguard.device
    for prefix in other.advertised if one.accepted and other.advertised != one.advertised else ():
        refused = any(each.prefix == prefix for each in routes.refused(one.daemon.mesh)) if one.daemon else True
        if refused:
            continue
        if device is None or prefix not in device.routes:
            yield f"{one.name} has no route to {prefix} behind {other.name}"
        else:
            sometimes("routed")


def _of_records(group: list[Machine]) -> Iterator[str]:
    first, *others = group
    digest = _digest(first)
    for other in others:
        if _digest(other) != digest:
            yield f"{other.name} holds other records than {first.name}"


def _digest(machine: Machine) -> bytes:
    assert machine.daemon
    return machine.daemon.digest


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
