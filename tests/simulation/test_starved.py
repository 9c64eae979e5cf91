"""A short run of the model in which one daemon of many is starved; `starved.py` says how the long one is begun."""

from tests.simulation.starved import Ring
from wgmesh.domain.values import HOUR, MINUTE


def test_a_starved_daemon_among_a_hundred_is_doubted_all_the_time_and_nobody_is_called_silent() -> None:
    ring = Ring(100, seed=1)
    ring.run(2 * HOUR)
    print(f"\n200 node-hours: {dict(ring.events)}")
    assert ring.events["PeerDisconnected"] == 0
    assert ring.events["due watch"] > 2 * 60


def test_who_is_gone_in_that_model_is_called_silent() -> None:
    """Otherwise the model would prove nothing."""
    ring = Ring(100, seed=2)
    ring.run(MINUTE)
    ring.unplug(ring.starved)
    ring.run(2 * MINUTE)
    assert ring.events["PeerDisconnected"] > 0
