"""Which pairs get through their NATs, of the four kinds that people know, with a third that both reach between them."""

import itertools

import pytest

from tests.simulation.machine import Machine
from tests.simulation.nat import SCOPES, Scope
from tests.simulation.site import Site
from tests.simulation.world import MILLISECOND, SECOND
from wgmesh.domain.secret import mint

SECRET = mint(bytes(range(32)))
EVERYBODY, ADDRESS, SOCKET = SCOPES
# Mapping and filtering, in the words of RFC 4787.
KINDS: dict[str, tuple[Scope, Scope]] = {
    "full cone": (EVERYBODY, EVERYBODY),
    "restricted": (EVERYBODY, ADDRESS),
    "port-restricted": (EVERYBODY, SOCKET),
    "symmetric": (SOCKET, SOCKET),
}
# Who gives each destination another port is reached only by who lets any port of an address in.
APART = (("port-restricted", "symmetric"), ("symmetric", "port-restricted"), ("symmetric", "symmetric"))
# Both know the third, and each other by its word, long before this; and a minute is the longest pause between probes.
ACQUAINTED, LATER = 10 * SECOND, 120 * SECOND


def site(one: str | None, other: str | None, seed: int = 1) -> Site:
    """Two machines behind such NATs (None: behind none) and a third on the Internet whom both know by address."""
    made = Site(seed, SECRET, ["192.168.1", "192.168.2", "192.168.3"])
    made.route([KINDS[kind] if kind else None for kind in (one, other)] + [None])
    for segment in made.segments:
        made.add(segment)
    for machine in made.machines[:2]:
        machine.acquaintances = made.machines[2:]
    for machine in made.machines:
        machine.start()
    return made


def are_connected(one: Machine, other: Machine) -> bool:
    peers = [
        me.daemon.mesh.peers.get(them.keyring.identity.key) for me, them in ((one, other), (other, one)) if me.daemon
    ]
    return len(peers) == 2 and all(peer is not None and peer.connected is not None for peer in peers)


def connects_after(made: Site, limit: int) -> float | None:
    """Seconds until the two are connected; None where they are not within the limit (µs)."""
    one, other, _ = made.machines
    while not are_connected(one, other):
        if made.world.now >= limit:
            return None
        made.world.run(made.world.now + 100 * MILLISECOND)
    return made.world.now / SECOND


@pytest.mark.parametrize(("one", "other"), list(itertools.product(KINDS, KINDS)))
def test_a_pair_is_connected_directly_or_not_as_its_nats_allow(one: str, other: str) -> None:
    apart = (one, other) in APART
    took = connects_after(site(one, other), LATER if apart else ACQUAINTED)
    print(f"\n{one} and {other}: {'not directly' if took is None else f'{took:.1f} s'}")
    assert (took is None) == apart


@pytest.mark.parametrize("kind", KINDS)
def test_who_is_on_the_internet_is_reached_from_behind_any_nat(kind: str) -> None:
    took = connects_after(site(None, kind), ACQUAINTED)
    print(f"\nnone and {kind}: {took} s")
    assert took is not None
