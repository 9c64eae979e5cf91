"""Time as a heap: one course, whatever was put there in which order."""

from tests.simulation.world import World


def test_what_is_due_first_happens_first_and_of_two_at_once_the_one_that_was_put_there_first() -> None:
    world, happened = World(1), list[tuple[str, int]]()
    for name, instant in (("late", 9), ("first", 5), ("second", 5)):
        world.at(instant, lambda name: happened.append((name, world.now)), name)
    world.run(5)
    assert happened == [("first", 5), ("second", 5)]
    world.run(20)
    assert happened[-1] == ("late", 9)
    assert (world.now, world.happened) == (20, 3)


def test_what_is_past_happens_now_and_never_before() -> None:
    world, instants = World(1), list[int]()
    world.run(10)
    world.at(3, lambda: instants.append(world.now))
    world.after(2, lambda: instants.append(world.now))
    world.run(12)
    assert instants == [10, 12]


def test_a_stream_of_chance_depends_on_the_seed_and_its_purpose_alone() -> None:
    one, other = World(1), World(1)
    other.chance("b").random()
    assert one.chance("a").random() == other.chance("a").random()
    assert len({World(seed).chance(purpose).random() for seed in (1, 2) for purpose in ("a", "b")}) == 4
