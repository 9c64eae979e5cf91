"""Nodes that share the secret and a registry, and nothing else, meet by its notes; a hostile one troubles nobody."""

from tests.simulation.convergence import missing
from tests.simulation.nat import SCOPES
from tests.simulation.site import Site
from tests.simulation.world import HOUR, MINUTE, SECOND
from wgmesh.domain.secret import mint

SECRET = mint(bytes(range(32)))


def scattered(
    nodes: int,
    *,
    hidden: int = 0,
    hostile: bool = False,
    troubled: bool = False,
    crowded: bool = False,
    seed: int = 1,
) -> Site:
    """Each node on a segment of its own, the first so many behind NATs, and a registry; nothing is started."""
    site = Site(seed, SECRET, [f"192.168.{place + 1}" for place in range(nodes)])
    site.route([(SCOPES[0], SCOPES[-1]) if place < hidden else None for place in range(nodes)])
    site.serve_registry(hostile=hostile, troubled=troubled, crowded=crowded)
    for segment in site.segments:
        site.add(segment)
    return site


def start(site: Site, apart: int = 0) -> None:
    for place, machine in enumerate(site.machines):
        site.world.at(place * apart, machine.start)


def seconds_until_all_well(site: Site, within: int = 5 * MINUTE) -> float:
    began = site.world.now
    while any(missing(site)):
        assert site.world.now < began + within, "; ".join(missing(site))
        site.world.run(site.world.now + SECOND // 10)
    return (site.world.now - began) / SECOND


def test_nodes_that_share_a_registry_meet_within_seconds() -> None:
    site = scattered(4)
    start(site, apart=3 * SECOND)
    site.world.run(9 * SECOND)
    seconds = seconds_until_all_well(site)
    print(f"\nall of four connected after {seconds:.1f} s, by the registry alone")
    assert seconds <= 10


def test_nodes_that_make_the_issue_at_one_moment_end_up_in_one() -> None:
    for seed in range(5):
        site = scattered(3, seed=seed)
        start(site)
        site.world.run(SECOND)
        seconds_until_all_well(site, within=MINUTE)
        site.world.run(site.world.now + HOUR)
        entries = [each.daemon.mesh.entry for each in site.living if each.daemon]
        assert [entry.number for entry in entries if entry] == [1, 1, 1]


def test_who_comes_hours_later_finds_the_issue_that_others_have_buried() -> None:
    site = scattered(3, crowded=True)
    for place, machine in enumerate(site.machines):
        site.world.at((0, 10 * SECOND, 3 * HOUR)[place], machine.start)
    site.world.run(10 * SECOND)
    site.world.run(3 * HOUR)
    seconds = seconds_until_all_well(site)
    print(f"\nthe third connected after {seconds:.1f} s, by an issue that only a search finds")
    assert seconds <= 10
    assert [machine.daemon.mesh.entry.number for machine in site.machines] == [1, 1, 1]  # type: ignore[union-attr]


def test_a_troubled_registry_and_a_nat_only_take_longer() -> None:
    for seed in range(5):
        site = scattered(3, hidden=1, troubled=True, seed=seed)
        start(site, apart=20 * SECOND)
        site.world.run(41 * SECOND)
        seconds_until_all_well(site, within=90 * MINUTE)


def test_who_is_alone_with_liars_asks_them_seldom_and_a_lan_beside_them_does_not_notice() -> None:
    site = scattered(2, hostile=True)
    site.add(site.segments[0])
    start(site)
    site.world.run(10 * SECOND)
    near = [site.machines[place].daemon for place in (0, 2)]
    assert all(daemon and any(p.connected for p in daemon.mesh.peers.values()) for daemon in near)
    assert site.registry
    before = site.registry.requests
    site.world.run(4 * HOUR)
    assert site.registry.requests - before <= 4 * 3 * 6 * 5
