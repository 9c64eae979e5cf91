"""What the core costs: counts in virtual time as they stand, times at five times, both against tests/budgets.toml."""

import timeit
import tomllib
from collections.abc import Callable
from typing import Any

from tests.cast import ALICE, BOB, CAROL
from tests.node.test_lan import crowd
from tests.playbook import NOON, given
from tests.sealed import announce, sealed
from tests.small_world import SmallWorld
from tests.source import ROOT
from wgmesh.domain.decide import step
from wgmesh.domain.values import HOUR, SECOND, Moment
from wgmesh.node import Turn
from wgmesh.node.reception import Arrival

BUDGETS: dict[str, Any] = tomllib.loads((ROOT / "tests" / "budgets.toml").read_text())
# Machines that run tests are shared: a time is a fault when it is off by this factor.
PATIENCE = 5


def microseconds(call: Callable[[], object]) -> float:
    return min(timeit.repeat(call, number=500, repeat=9)) / 500 * 1e6


def test_an_announcement_without_news_is_decided_in_microseconds() -> None:
    peers = [member.discovered() for member in crowd(100)]
    story = given(*ALICE.joined(), BOB.discovered(), *peers).when(BOB.announces(), at="1 s").then()
    now = Moment(NOON + 2000, 2000)
    heard = BOB.announces(agrees=True)
    took = microseconds(lambda: step(story.state, heard, now))
    print(f"step_microseconds {took:.1f}")
    assert took <= BUDGETS["core"]["step_microseconds"] * PATIENCE


def test_a_datagram_without_news_is_silence_in_microseconds() -> None:
    world = SmallWorld()
    alice, *_ = world.start(ALICE, BOB, CAROL)
    world.run("1 min")
    node, awake = alice.node, alice.awake
    assert node
    arrival = Arrival("lan", "eth0", BOB.lan, sealed(announce(BOB), at_least=1200))

    def silence() -> None:
        heard = node.receive(arrival, NOON + world.now, awake)
        assert node.turn([heard] if heard else [], NOON + world.now, awake) == Turn()

    took = microseconds(silence)
    print(f"silence_microseconds {took:.1f}")
    assert took <= BUDGETS["core"]["silence_microseconds"] * PATIENCE


def test_an_idle_node_with_two_peers_sleeps() -> None:
    world = SmallWorld()
    alice, *_ = world.start(ALICE, BOB, CAROL)
    world.run("5 min")
    before = alice.wakeups
    world.run("1 h")
    wakeups = (alice.wakeups - before) / (HOUR // SECOND)
    print(f"wakeups_a_second {wakeups:.3f}")
    assert wakeups <= BUDGETS["lan"]["wakeups_a_second"]


def test_ten_nodes_that_start_at_once_know_each_other_for_a_bounded_number_of_datagrams() -> None:
    world = SmallWorld()
    world.start(*crowd(10))
    world.run("10 ms")
    print(f"start_datagrams {len(world.wire)}")
    assert world.settled()
    assert len(world.wire) <= BUDGETS["lan"]["start_datagrams"]


def spoken(size: int) -> float:
    """Datagrams that each of so many nodes sends in an hour, when all has long been said."""
    world = SmallWorld()
    world.start(*crowd(size))
    world.run("10 min")
    before = len(world.wire)
    world.run("1 h")
    return (len(world.wire) - before) / size


def test_a_quiet_lan_is_quiet() -> None:
    pair, ten = spoken(2), spoken(10)
    print(f"pair_datagrams {pair:.1f} quiet_datagrams {ten:.1f}")
    assert pair <= BUDGETS["lan"]["pair_datagrams"]
    assert ten <= BUDGETS["lan"]["quiet_datagrams"]


def test_two_quiet_connected_nodes_write_a_record_an_hour() -> None:
    world = SmallWorld()
    alice, bob = world.start(ALICE, BOB)
    world.run("1 h")
    before = [len(machine.log.records) for machine in (alice, bob)]
    world.run("1 d")
    written = [len(machine.log.records) - size for machine, size in zip((alice, bob), before, strict=True)]
    print(f"quiet_records {written}")
    assert max(written) <= BUDGETS["lan"]["quiet_records"]
    assert [peer.state for machine in (alice, bob) for peer in machine.mesh.present_peers] == ["connected"] * 2
