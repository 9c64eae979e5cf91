"""How soon a mesh knows and shows what is so, when its nodes know each other by address alone and in a chain."""

import os
import tomllib
from collections.abc import Callable
from functools import partial
from random import Random

from msgspec.structs import replace

from tests.simulation.convergence import missing
from tests.simulation.machine import Machine
from tests.simulation.network import CALM
from tests.simulation.site import Site
from tests.simulation.world import MINUTE, SECOND
from tests.source import ROOT
from wgmesh.domain.parameters import ipv4_of
from wgmesh.domain.secret import mint
from wgmesh.node import Keyring

BUDGETS: dict[str, float] = tomllib.loads((ROOT / "tests/budgets.toml").read_text("utf-8"))["acquaintance"]
# As many as a minute of one processor allows; more by hand.
MANY = int(os.environ.get("CHAIN_NODES", "30"))
SECRET = mint(bytes(range(32)))


def chain(seed: int, nodes: int, loss: float = 0.0) -> Site:
    """Each node stands on a segment of its own, and knows the one before it by address; all start at one moment."""
    site = Site(seed, mint(Random(seed).randbytes(32)), [f"192.168.{place + 1}" for place in range(nodes)])
    site.route([None] * nodes)
    site.middle.weather = replace(CALM, loss=loss) if loss else CALM
    for segment in site.segments:
        machine = site.add(segment)
        machine.acquaintances = site.machines[-2:-1]
        site.world.at(0, machine.start)
    return site


def knows(one: Machine, other: Machine) -> bool:
    return one.daemon is not None and other.keyring.identity.key in one.daemon.mesh.peers


def seconds_until(
    site: Site, holds: Callable[[Site], bool], step: int = SECOND // 10, limit: int = 30 * MINUTE
) -> float:
    """Looked at once a step."""
    began = site.world.now
    while not holds(site):
        assert site.world.now < began + limit, "; ".join(list(missing(site))[:8])
        site.world.run(site.world.now + step)
    return (site.world.now - began) / SECOND


def all_know_all(site: Site) -> bool:
    return all(knows(one, other) for one in site.machines for other in site.machines if one is not other)


def all_well(site: Site) -> bool:
    return not any(missing(site))


def quantiles(seconds: list[float]) -> tuple[float, float]:
    """The median and the worst."""
    return sorted(seconds)[len(seconds) // 2], max(seconds)


def cut_off(site: Site, one: Machine) -> list[tuple[str, str]]:
    others = [machine.name for machine in site.machines if machine is not one]
    pairs = [pair for other in others for pair in ((one.name, other), (other, one.name))]
    site.cut(pairs)
    return pairs


def shown_silent_by_all(gone: Machine, site: Site) -> bool:
    others = [machine.daemon for machine in site.machines if machine is not gone and machine.daemon]
    return all(not daemon.mesh.peers[gone.keyring.identity.key].connected for daemon in others)


def test_ten_nodes_in_a_chain_of_acquaintance_on_lossy_links_all_know_all() -> None:
    sites = [chain(seed, 10, loss=0.1) for seed in range(20)]
    median, worst = quantiles([seconds_until(site, all_know_all) for site in sites])
    print(f"\na chain of ten, 10 % loss, all know all: p50 {median:.1f} s, worst of 20 {worst:.1f} s")
    assert median <= BUDGETS["chain_of_10_p50_seconds"]
    assert worst <= BUDGETS["chain_of_10_worst_seconds"]


def test_many_nodes_in_a_chain_all_know_all() -> None:
    site = chain(1, MANY, loss=0.1)
    took = seconds_until(site, all_know_all, step=SECOND // 2)
    print(f"\na chain of {MANY}, 10 % loss, all know all: {took:.0f} s")
    assert took <= BUDGETS["chain_of_100_seconds"]


def test_where_four_of_five_datagrams_are_lost_a_mesh_still_forms_and_nobody_is_given_up() -> None:
    site = chain(1, 5, loss=0.8)
    took = seconds_until(site, all_know_all)
    site.world.run(site.world.now + 10 * MINUTE)
    site.calm()
    well = seconds_until(site, all_well)
    print(f"\na chain of five, 80 % loss, all know all: {took:.0f} s; all well {well:.0f} s after it ends")
    assert took <= BUDGETS["mostly_lost_seconds"]


def test_who_is_cut_off_is_shown_as_silent_by_all_and_again_as_connected_when_it_is_back() -> None:
    silent, back = [], []
    for seed in range(5):
        site = chain(seed, 10)
        seconds_until(site, all_well)
        site.world.run(site.world.now + MINUTE)
        gone = site.machines[seed]
        pairs = cut_off(site, gone)
        silent.append(seconds_until(site, partial(shown_silent_by_all, gone)))
        site.world.run(site.world.now + MINUTE)
        site.mend(pairs)
        back.append(seconds_until(site, all_well))
    print(f"\ncut off, shown as silent by nine: worst {max(silent):.1f} s; back, all well: worst {max(back):.1f} s")
    assert max(silent) <= BUDGETS["cut_off_seconds"]
    assert max(back) <= BUDGETS["back_seconds"]


def test_who_is_cut_off_from_many_is_shown_as_silent_by_all_as_soon() -> None:
    site = chain(1, MANY)
    site.world.run(MINUTE)
    gone = site.machines[MANY // 2]
    cut_off(site, gone)
    silent = seconds_until(site, partial(shown_silent_by_all, gone), step=SECOND // 2)
    print(f"\ncut off, shown as silent by {MANY - 1}: {silent:.1f} s")
    assert silent <= BUDGETS["cut_off_seconds"]


def test_who_is_cut_off_behind_a_dead_daemon_that_watched_it_is_shown_as_silent_as_soon() -> None:
    """The machine of the dead one goes on answering echoes, and stays connected."""
    silent = []
    for seed in range(3):
        site = chain(seed, 6)
        site.world.run(MINUTE)
        assert all_well(site)
        around = sorted(site.machines, key=lambda machine: machine.keyring.identity.key)
        watcher, gone = around[1], around[0]
        watcher.kill()
        site.world.run(site.world.now + seed * MINUTE)
        cut_off(site, gone)
        silent.append(seconds_until(site, partial(shown_silent_by_all, gone)))
        site.world.run(site.world.now + 10 * MINUTE)
        living = [machine.daemon for machine in around[2:] if machine.daemon]
        assert all(daemon.mesh.peers[watcher.keyring.identity.key].connected for daemon in living)
    print(f"\ncut off behind a dead daemon, shown as silent by all: worst {max(silent):.1f} s")
    assert max(silent) <= BUDGETS["cut_off_seconds"]


def test_after_a_partition_of_ten_minutes_two_halves_are_one_again() -> None:
    healed = []
    for seed in range(5):
        site = chain(seed, 10)
        seconds_until(site, all_well)
        names = [machine.name for machine in site.machines]
        pairs = [pair for a in names[::2] for b in names[1::2] for pair in ((a, b), (b, a))]
        site.cut(pairs)
        site.world.run(site.world.now + 10 * MINUTE)
        site.mend(pairs)
        healed.append(seconds_until(site, all_well))
    print(f"\nhealed after ten minutes in two halves: worst {max(healed):.1f} s")
    assert max(healed) <= BUDGETS["healed_seconds"]


def test_two_that_took_one_address_on_both_sides_of_a_partition_settle_it_once_for_all() -> None:
    site = Site(3, SECRET, [f"192.168.{place + 1}" for place in range(6)])
    site.route([None] * 6)
    seeds = dict(zip((1, 4), clashing(), strict=True))
    for place, segment in enumerate(site.segments):
        machine = site.add(segment, seed=seeds.get(place, b""))
        machine.acquaintances = site.machines[-2:-1]
    one, other = site.machines[1], site.machines[4]
    sides = [machine.name for machine in site.machines[:3]], [machine.name for machine in site.machines[3:]]
    pairs = [pair for a in sides[0] for b in sides[1] for pair in ((a, b), (b, a))]
    site.cut(pairs)
    for machine in site.machines:
        machine.start()
    site.world.run(10 * MINUTE)
    assert one.daemon
    assert other.daemon
    assert one.daemon.mesh.ipv4 == other.daemon.mesh.ipv4
    site.mend(pairs)
    took = seconds_until(site, all_well, step=SECOND)
    print(f"\none address on both sides of a partition, settled and all well: {took:.0f} s")
    assert took <= BUDGETS["settled_seconds"]
    owner = min((one, other), key=lambda machine: machine.keyring.identity.public_key)
    routed = [machine.daemon.mesh.routed for machine in site.machines if machine is not owner and machine.daemon]
    assert owner.daemon
    assert {table[owner.daemon.mesh.ipv4] for table in routed} == {owner.keyring.identity.key}


def clashing() -> tuple[bytes, bytes]:
    """Seeds of two identities whose first IPv4 address is the same."""
    chance, known = Random(7), dict[str, bytes]()
    while True:
        seed = chance.randbytes(32)
        keyring = Keyring.of(seed, SECRET)
        address = ipv4_of(keyring.parameters, keyring.identity.public_key, 0)
        if address in known:
            return known[address], seed
        known[address] = seed
