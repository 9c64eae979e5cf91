"""What gossip costs and how soon it tells everybody: whole nodes in virtual time, against tests/budgets.toml."""

import tomllib
from statistics import median
from typing import Any

from tests.cast import ALICE, Member
from tests.node.test_lan import crowd
from tests.small_world import Machine, SmallWorld
from tests.source import ROOT
from wgmesh.domain.decide import step
from wgmesh.domain.draft import State
from wgmesh.domain.effects import SendDigest, SendGossip, SendRecords
from wgmesh.domain.envelope import SIZES
from wgmesh.domain.events import Event, PeerConnected
from wgmesh.domain.folding import evolve
from wgmesh.domain.identity import Identity
from wgmesh.domain.inputs import Due, Networked
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.records import Record
from wgmesh.domain.values import MINUTE, SECOND, Moment

BUDGETS: dict[str, Any] = tomllib.loads((ROOT / "tests" / "budgets.toml").read_text())["gossip"]
SMALLEST = SIZES["gossip"][0]


def formed(members: tuple[Member, ...] | list[Member]) -> SmallWorld:
    """They have met on a LAN, all are connected and hold the same; from now on nothing is heard but gossip."""
    world = SmallWorld(latency=20)
    world.start(*members)
    world.run("1 min")
    for machine in world.machines:
        assert sum(peer.connected is not None for peer in machine.mesh.present_peers) == len(members) - 1
    world.lost = lambda _: True
    return world


def moved(world: SmallWorld, machine: Machine, place: int) -> int:
    """The machine gets another address: ms until everybody has its new record."""
    interface = machine.member.interface
    machine.turn([Networked((Member("", machine.member.identity, f"10.3.{place}.1").interface, interface))])
    began, new = world.now, machine.mesh.incarnation
    others = [each for each in world.machines if each is not machine]
    while any(each.mesh.peers[machine.member.key].incarnation != new for each in others):
        world.run("10 ms")
        assert world.now - began < MINUTE, "it never came everywhere"
    return world.now - began


def test_news_is_everywhere_within_two_seconds_with_a_tenth_of_all_datagrams_lost() -> None:
    world = formed(crowd(10))
    world.lost_inside = lambda _: world.random.random() < 0.1
    took = []
    for place in range(20):
        took.append(moved(world, world.machines[place % 10], place))
        world.run("7 s")
    print(f"news_p50_seconds {median(took) / SECOND} news_worst_seconds {max(took) / SECOND}")
    assert median(took) <= BUDGETS["news_p50_seconds"] * SECOND
    assert max(took) <= BUDGETS["news_worst_seconds"] * SECOND


def bytes_a_minute(world: SmallWorld, minutes: int) -> float:
    """What each node says inside its tunnels when nothing is new."""
    before = len(world.whispers)
    world.run(f"{minutes} min")
    return sum(len(each.data) for each in world.whispers[before:]) / minutes / len(world.machines)


def test_ten_idle_nodes_say_next_to_nothing() -> None:
    spoken = bytes_a_minute(formed(crowd(10)), 30)
    print(f"idle_bytes_a_minute {spoken:.0f}")
    assert spoken <= BUDGETS["idle_bytes_a_minute"]


def in_a_mesh_of(size: int) -> State:
    """Alice, connected with all others of so many nodes."""
    events: list[Event] = list(ALICE.joined())
    for n in range(size - 1):
        each = Member("", Identity.from_seed(n.to_bytes(32)), f"10.1.{n // 250}.{n % 250 + 1}")
        events += [each.discovered(), PeerConnected(each.key, each.wireguard)]
    mesh = Mesh()
    for number, event in enumerate(events, start=1):
        mesh = evolve(mesh, Record(number, number, 0, "lan", (), event))
    return step(State(mesh), ALICE.start(boot=2), Moment(0, 0)).state


def test_a_thousand_nodes_cost_what_ten_do() -> None:
    """By symmetry a node answers as often as it asks."""
    for size in (10, 100, 1000):
        state, now, said = in_a_mesh_of(size), 0, 0
        while now < 61 * MINUTE:
            due = state.session.digest_due
            assert due is not None
            now = due
            done = step(state, Due("digest"), Moment(now, now, now.to_bytes(8)))
            state = done.state
            assert not [each for each in done.effects if isinstance(each, SendGossip | SendRecords)]
            digests = [each for each in done.effects if isinstance(each, SendDigest)]
            said += sum(1 + each.asks for each in digests) if now > MINUTE else 0
        spoken = said * SMALLEST / 60
        print(f"idle_bytes_a_minute {spoken:.0f} of {size} nodes")
        assert spoken <= BUDGETS["idle_bytes_a_minute"]


def test_after_a_goodbye_those_who_were_there_and_those_who_came_later_agree_again() -> None:
    first, second, third, late = crowd(4)
    world = SmallWorld()
    machines = world.start(first, second, third)
    world.run("1 min")
    machines[2].leave()
    world.run("10 s")
    (latest,) = world.start(late)
    world.run("1 min")
    alive = (*machines[:2], latest)
    assert [each.mesh.peers[third.key].state for each in alive] == ["left"] * 3
    before = len(world.wire)
    world.run("1 h")
    spoken = (len(world.wire) - before) / len(alive)
    print(f"after_goodbye_datagrams {spoken:.1f}")
    assert spoken <= BUDGETS["after_goodbye_datagrams"]
