"""Figures of whole meshes in virtual time, against tests/budgets.toml: they repeat exactly, but the pace."""

import tomllib
from random import Random

from msgspec.structs import replace

from tests.simulation.convergence import missing
from tests.simulation.network import CALM
from tests.simulation.site import Site
from tests.simulation.swarm import Options, simulate
from tests.simulation.world import HOUR, MINUTE, SECOND
from tests.source import ROOT
from wgmesh.domain.secret import mint

BUDGETS: dict[str, float] = tomllib.loads((ROOT / "tests/budgets.toml").read_text("utf-8"))["simulation"]
# Times of a shared machine are gated at so many times the budget.
SLACK = 5


def started(seed: int, nodes: int, loss: float = 0.0) -> Site:
    """Nodes that start at one moment on one segment."""
    site = Site(seed, mint(Random(seed).randbytes(32)), ["192.168.1"])
    site.segments[0].weather = replace(CALM, loss=loss) if loss else CALM
    for _ in range(nodes):
        machine = site.add(site.segments[0])
        site.world.at(0, machine.start)
    return site


def seconds_until_all_well(site: Site, limit: int = 15 * MINUTE) -> float:
    """Looked at every 50 ms for two seconds, and twice a second from then on."""
    began = site.world.now
    while site.world.now < began + limit:
        site.world.run(site.world.now + (SECOND // 20 if site.world.now < began + 2 * SECOND else SECOND // 2))
        if not list(missing(site)):
            return (site.world.now - began) / SECOND
    raise AssertionError("; ".join(missing(site)))


def quantiles(seconds: list[float]) -> tuple[float, float]:
    """The median and the worst."""
    return sorted(seconds)[len(seconds) // 2], max(seconds)


def test_ten_nodes_on_one_lan_are_all_connected_within_a_second() -> None:
    median, worst = quantiles([seconds_until_all_well(started(seed, 10)) for seed in range(6)])
    print(f"\nten nodes, all pairs connected: p50 {median:.2f} s, worst {worst:.2f} s")
    assert median <= BUDGETS["connected_p50_seconds"]
    assert worst <= BUDGETS["connected_worst_seconds"]


def test_where_one_in_ten_datagrams_is_lost_it_takes_the_next_turns() -> None:
    median, worst = quantiles([seconds_until_all_well(started(seed, 10, loss=0.1)) for seed in range(6)])
    print(f"\nten nodes, 10 % loss, all pairs connected: p50 {median:.2f} s, worst {worst:.2f} s")
    assert median <= BUDGETS["lossy_p50_seconds"]
    assert worst <= BUDGETS["lossy_worst_seconds"]


def test_after_a_partition_of_ten_minutes_both_sides_are_one_again_within_seconds() -> None:
    healed = []
    for seed in range(3):
        site = started(seed, 10)
        seconds_until_all_well(site)
        sides = [machine.name for machine in site.machines[:5]], [machine.name for machine in site.machines[5:]]
        for one, other in (sides, sides[::-1]):
            site.segments[0].cuts |= {(a, b): 1 for a in one for b in other}
        site.world.run(site.world.now + 10 * MINUTE)
        assert any("silent" in sentence for sentence in missing(site))
        site.segments[0].cuts.clear()
        healed.append(seconds_until_all_well(site))
    print(f"\nhealed after 10 min in two halves: worst {max(healed):.2f} s")
    assert max(healed) <= BUDGETS["healed_seconds"]


def test_who_dies_is_shown_as_silent_when_its_session_is_over() -> None:
    site = started(1, 10)
    seconds_until_all_well(site)
    site.machines[0].die()
    dead = seconds_until_all_well(site)
    print(f"\na dead node shown as silent by all: {dead:.2f} s")
    assert dead <= BUDGETS["silent_seconds"]


def test_virtual_time_runs_faster_than_it_must() -> None:
    ten = simulate(Options(seed=1, nodes=10, duration=HOUR))
    hundred = simulate(Options(seed=1, nodes=100, duration=10 * MINUTE, segments=10))
    ratios = [each.virtual_seconds / each.cpu_seconds for each in (ten, hundred)]
    print(f"\nvirtual seconds a processor second: {ratios[0]:.0f} at 10 nodes, {ratios[1]:.0f} at 100 on ten segments")
    assert ratios[0] >= BUDGETS["ratio_at_10"] / SLACK
    assert ratios[1] >= BUDGETS["ratio_at_100"] / SLACK
