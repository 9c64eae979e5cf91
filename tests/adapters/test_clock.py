import time

from wgmesh.adapters.clock import Clock


def test_now_is_wall_clock_time_and_running_life_in_ms() -> None:
    clock = Clock()
    before_ms = time.clock_gettime_ns(time.CLOCK_REALTIME) // 1_000_000
    at, awake = clock.now()
    assert before_ms <= at <= before_ms + 1000
    assert 0 <= awake <= 1000


def test_running_life_goes_on_from_what_was_carried_over() -> None:
    clock = Clock(carried_over_ms=5_000_000)
    first = clock.awake()
    time.sleep(0.05)
    second = clock.awake()
    assert 5_000_000 <= first <= 5_001_000
    assert 50 <= second - first <= 1000
