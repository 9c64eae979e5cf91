"""The power is back: many nodes start at one moment, and do not shout in chorus for ever. Threats, row 33."""

import os
import tomllib
from collections import Counter
from random import Random

import pytest
from msgspec.structs import replace

from tests.simulation.convergence import missing
from tests.simulation.network import CALM
from tests.simulation.site import Site
from tests.simulation.world import MILLISECOND, SECOND
from tests.source import ROOT
from wgmesh.domain.secret import mint

BUDGETS: dict[str, float] = tomllib.loads((ROOT / "tests/budgets.toml").read_text("utf-8"))["storm"]
# As many as four seconds of one processor allow; a hundred take a minute of it, by hand.
MANY = int(os.environ.get("STORM_NODES", "30"))
WINDOW = 50 * MILLISECOND


def many(seed: int = 1) -> Site:
    """On one segment, not started."""
    site = Site(seed, mint(Random(seed).randbytes(32)), ["192.168.1"])
    for _ in range(MANY):
        site.add(site.segments[0])
    return site


def start_all(site: Site) -> None:
    for machine in site.machines:
        site.world.at(0, machine.start)


def test_row_33_many_that_start_at_one_moment_are_all_connected_within_seconds() -> None:
    site = many()
    start_all(site)
    site.world.run(SECOND // 2)
    while any(missing(site)) and site.world.now < 60 * SECOND:
        site.world.run(site.world.now + SECOND // 2)
    seconds = site.world.now / SECOND
    print(f"\n{MANY} nodes that start at one moment, all pairs connected: {seconds:.1f} s")
    assert list(missing(site)) == []
    assert seconds <= BUDGETS["connected_seconds"]


@pytest.mark.parametrize("by_name", [False, True], ids=["announcements", "hellos"])
def test_row_33_who_is_not_heard_says_it_again_at_a_moment_of_its_own(by_name: bool) -> None:
    site = many()
    site.segments[0].weather = replace(CALM, loss=1.0)
    silent = site.machines[0]
    for machine in site.machines if by_name else ():
        machine.lan, machine.acquaintances = False, [silent]
    start_all(site)
    spoken, before = Counter[int](), site.segments[0].sent
    while site.world.now < 60 * SECOND:
        site.world.run(site.world.now + WINDOW)
        spoken[site.world.now], before = site.segments[0].sent - before, site.segments[0].sent
    repeated = Counter({moment: count for moment, count in spoken.items() if moment > WINDOW})
    most = max(repeated.values()) / (1 if by_name else 2)  # an announcement is said over IPv4 and IPv6
    print(f"\n{MANY} unheard: {sum(repeated.values())} datagrams in a minute, {most:.0f} nodes in the busiest 50 ms")
    assert sum(repeated.values()) > 2 * MANY
    assert most <= MANY / 2
