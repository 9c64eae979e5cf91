"""Threat row 16 with whole nodes: wall clocks that are set change what is shown, and nothing else."""

import pytest

from tests.cast import ALICE, BOB
from tests.playbook import NOON
from tests.small_world import SmallWorld
from wgmesh.domain.events import ClockStepped, PeerConnected, PeerDisconnected, PeerExpired
from wgmesh.domain.inputs import Sampled
from wgmesh.domain.values import DAY, HOUR


@pytest.mark.parametrize("step", [-HOUR, 3650 * DAY])
def test_row_16_a_clock_that_is_set_tears_no_tunnel_down_and_forgets_nobody(
    step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = SmallWorld()
    alice, bob = world.start(ALICE, BOB)
    world.run("20 s")
    monkeypatch.setattr("tests.small_world.NOON", NOON + step)
    for machine in (alice, bob):
        machine.turn([Sampled(machine.tunnel.sample(world.now))])
    world.run("10 min")
    for machine in (alice, bob):
        assert machine.count(ClockStepped) == 1
        assert machine.count(PeerConnected) == 1
        assert machine.count(PeerDisconnected) == machine.count(PeerExpired) == 0
    world.check()
