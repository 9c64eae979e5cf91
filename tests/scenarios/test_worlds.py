"""The kept stories are what the simulator tells, and each has in it what it is called after."""

import pytest

from tests.scenarios import worlds
from wgmesh.domain import events as e
from wgmesh.domain.folding import fold

WHAT_HAPPENS = {
    "partition": e.PeerDisconnected,
    "collision": e.AddressCollisionResolved,
    "ban": e.PeerBanned,
    "relay": e.PeerRelayed,
}


@pytest.mark.parametrize("name", worlds.STORIES)
def test_a_story_is_kept_of_each_machine_and_tells_what_it_is_called_after(name: str) -> None:
    kept = {place: log for place, log in worlds.read() if place.startswith(name)}
    assert [f"{name}-{machine}" for machine in worlds.NAMES if f"{name}-{machine}" not in kept] == []
    assert any(isinstance(record.event, WHAT_HAPPENS[name]) for log in kept.values() for record in log)
    assert all(len(fold(log).peers) == len(kept) - 1 for log in kept.values())


@pytest.mark.parametrize("name", worlds.STORIES)
def test_the_simulator_still_tells_it(name: str) -> None:
    told = [record.event for machine in worlds.STORIES[name]() for record in machine.disk.read()]
    assert any(isinstance(event, WHAT_HAPPENS[name]) for event in told)
