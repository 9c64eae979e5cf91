"""A machine's clocks: steady ones drift, wall clocks are set."""

from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.clocks import Clock
from tests.simulation.world import DAY, MINUTE, SECOND, World


def test_without_drift_both_clocks_count_milliseconds() -> None:
    world = World(1)
    clock = Clock(world, 1000)
    world.run(3 * SECOND)
    assert (clock.steady(), clock.wall()) == (3000, 4000)


def test_setting_the_wall_clock_leaves_the_steady_one_alone() -> None:
    world = World(1)
    clock = Clock(world, 1000)
    world.run(SECOND)
    clock.step(-5000)
    assert (clock.steady(), clock.wall()) == (1000, -3000)


def test_a_hundred_parts_in_a_million_are_8640_ms_a_day_and_what_was_counted_stays() -> None:
    world = World(1)
    clock = Clock(world, 0)
    clock.drift(100)
    world.run(DAY)
    assert clock.steady() == 86_400_000 + 8640
    clock.drift(-100)
    world.run(2 * DAY)
    assert clock.steady() == 2 * 86_400_000


@given(st.integers(-200, 200), st.integers(0, 10 * MINUTE), st.integers(1, 10_000_000))
def test_the_instant_of_a_reading_is_the_first_that_shows_it(drift: int, start: int, ahead: int) -> None:
    world = World(1)
    world.run(start)
    clock = Clock(world, 0, drift)
    wanted = clock.steady() + ahead
    world.run(clock.instant(wanted))
    assert clock.steady() == wanted
    world.now -= 1
    assert clock.steady() < wanted
