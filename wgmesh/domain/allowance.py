"""How often a thing may be done: so many at once, and then one in so many ms. What is not used is saved up to that."""

from msgspec import Struct


class Allowance(Struct, frozen=True):
    """`saved`: ms that count towards the next, when it was last `counted` (`awake`)."""

    saved: int
    counted: int


def spend(held: Allowance | None, now: int, at_once: int, pause: int) -> Allowance | None:
    """What is left after one more; None where it may not be done. Who has spent nothing yet has all of `at_once`."""
    full = at_once * pause
    saved = full if held is None else min(full, held.saved + now - held.counted)
    return Allowance(saved - pause, now) if saved >= pause else None
