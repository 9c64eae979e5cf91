from wgmesh.domain.allowance import Allowance, spend


def spent(times: list[int], at_once: int = 3, pause: int = 100) -> list[int]:
    """Of these moments, those at which it may be done."""
    held: Allowance | None = None
    done = []
    for now in times:
        left = spend(held, now, at_once, pause)
        if left is not None:
            held = left
            done.append(now)
    return done


def test_so_many_at_once_and_then_one_in_each_pause() -> None:
    assert spent([0, 0, 0, 0, 99, 100, 150, 199, 200]) == [0, 0, 0, 100, 200]


def test_what_is_not_used_is_saved_up_to_what_may_be_done_at_once() -> None:
    assert spent([0, 0, 0, 200, 200, 200, 10_000, 10_000, 10_000, 10_000]) == [0, 0, 0, 200, 200, *[10_000] * 3]
