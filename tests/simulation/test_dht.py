"""Nodes that know nothing of each other but the secret meet through a DHT, whatever some of its nodes say."""

import tomllib

from msgspec.structs import replace

from tests.simulation.convergence import missing
from tests.simulation.network import CALM
from tests.simulation.site import Site
from tests.simulation.world import HOUR, MINUTE, SECOND
from tests.source import ROOT
from wgmesh.domain.dht import CANDIDATES_AN_HOUR
from wgmesh.domain.secret import mint

BUDGETS: dict[str, float] = tomllib.loads((ROOT / "tests/budgets.toml").read_text("utf-8"))["dht"]
MINUTE_MS = 60_000
SECRET = mint(bytes(range(32)))


def scattered(nodes: int, servers: int = 12, liars: int = 0, seed: int = 1) -> Site:
    """Each node on a segment of its own, and a DHT between them; nothing is started."""
    site = Site(seed, SECRET, [f"192.168.{place + 1}" for place in range(nodes)])
    site.route([None] * nodes)
    site.serve_dht(servers, liars)
    for segment in site.segments:
        site.add(segment)
    return site


def seconds_until_all_well(site: Site, within: int = 5 * MINUTE) -> float:
    began = site.world.now
    while any(missing(site)):
        assert site.world.now < began + within, "; ".join(missing(site))
        site.world.run(site.world.now + SECOND // 10)
    return (site.world.now - began) / SECOND


def start(site: Site, apart: int = 0) -> None:
    for place, machine in enumerate(site.machines):
        site.world.at(place * apart, machine.start)


def test_nodes_that_share_a_secret_and_a_dht_meet_within_seconds() -> None:
    site = scattered(4)
    start(site, apart=3 * SECOND)
    site.world.run(9 * SECOND)
    seconds = seconds_until_all_well(site)
    print(f"\nall of four connected after {seconds:.1f} s, by the DHT alone")
    assert seconds <= BUDGETS["met_seconds"]


def test_nodes_that_look_at_one_moment_meet_at_their_next_look() -> None:
    site = scattered(3)
    start(site)
    site.world.run(SECOND)
    seconds = seconds_until_all_well(site)
    print(f"\nall of three that looked at one moment connected after {seconds:.1f} s")
    assert seconds <= BUDGETS["met_at_once_seconds"]


def test_where_half_the_dht_lies_and_datagrams_are_lost_they_meet_in_the_hour_after_at_the_latest() -> None:
    for seed in range(3):
        site = scattered(3, servers=8, liars=8, seed=seed)
        assert site.dht
        site.middle.weather = replace(CALM, loss=0.1)
        start(site, apart=5 * SECOND)
        site.world.run(20 * MINUTE)
        for liar in site.dht.liars:
            del site.middle.hosts[liar.endpoint.ip]
        site.dht.liars = []
        seconds_until_all_well(site, within=75 * MINUTE)


def test_who_is_alone_among_liars_for_hours_asks_few_strangers_who_they_are() -> None:
    site = scattered(1, servers=4, liars=12)
    start(site)
    site.world.run(4 * HOUR)
    asked = site.checks.strangers_asked(site.machines[0])
    assert asked[0] > 0
    assert max(asked) <= CANDIDATES_AN_HOUR * 2


def test_clocks_fifty_minutes_apart_hide_nobody_at_any_time_of_the_hour() -> None:
    for phase in range(0, 60, 10):
        for ahead in (50, -50):
            site = scattered(3, servers=6)
            for machine in site.machines:
                machine.clock.step(phase * MINUTE_MS)
            site.machines[2].clock.step(ahead * MINUTE_MS)
            start(site, apart=12 * SECOND)
            site.world.run(36 * SECOND)
            states = [peer.state for each in site.living if each.daemon for peer in each.daemon.mesh.peers.values()]
            assert states == ["connected"] * 6, f"{phase} min past the hour, {ahead} min ahead: {states}"


def test_nodes_that_look_on_both_sides_of_a_full_hour_meet() -> None:
    site = scattered(2)
    for machine in site.machines:
        machine.clock.step(60 * MINUTE_MS - 2500)
    start(site, apart=4 * SECOND)
    site.world.run(5 * SECOND)
    assert seconds_until_all_well(site) <= BUDGETS["met_seconds"]


def test_a_connected_mesh_says_little_to_the_dht() -> None:
    site = scattered(5, servers=30)
    start(site, apart=SECOND)
    site.world.run(10 * MINUTE)
    assert site.dht
    before = site.dht.bytes
    site.world.run(site.world.now + 4 * HOUR)
    kilobytes = (site.dht.bytes - before) / 4000
    print(f"\nthe DHT of five connected nodes: {kilobytes:.1f} kB an hour, headers and answers included")
    assert not list(missing(site))
    assert 0 < kilobytes <= BUDGETS["connected_kilobytes_an_hour"]
