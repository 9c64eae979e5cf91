"""The disk refuses the Nth operation, for every N: the node waits or ends with a sentence, and loses nothing."""

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from errno import EIO, EROFS
from itertools import count
from pathlib import Path

import pytest

from tests.crash.calls import recorded
from tests.crash.disk import WRITING, Disk, FaultAt, FullAt
from tests.crash.life import Life, check, happenings, live_briefly, live_on, made
from wgmesh.adapters.state_files.ballast import BALLAST_BYTES
from wgmesh.daemon.freezer import RETRY_PAUSE
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.events import LogGap


@pytest.fixture
def lived(place: Path) -> Life:
    """A node that has run and was stopped in good order; each try begins with a copy of it."""
    life = Life(made(place / "lived"))
    live_briefly(life)
    return life


def tries(lived: Life, place: Path) -> Iterator[tuple[int, Life, Disk]]:
    """The same node again and again, each time on a disk of its own."""
    for number in count(1):
        directory = place / f"node-{number}"
        shutil.copytree(lived.directory, directory)
        life = Life(directory, lived.at, lived.awake, lived.acknowledged, dict(lived.states), lived.identity)
        yield number, life, Disk(directory)
        shutil.rmtree(directory)


def check_left(life: Life, disk: Disk, place: Path) -> None:
    """The life ended here: what there is is good to go on from, whether it was the process that ended or the power."""
    for number, left in enumerate(disk.crashes(random.Random(1))):
        directory = place / f"left-{number}"
        left.put(made(directory))
        check(life, directory, life.acknowledged)
        shutil.rmtree(directory)


def ended(life: Life, story: Callable[[Life], None]) -> str:
    """The sentence with which the daemon ended, if it did, having let go of what it held."""
    try:
        story(life)
    except WgmeshError as error:
        with suppress(WgmeshError):
            life.let_go()
        return str(error)
    return ""


@pytest.mark.parametrize("contested", [False, True], ids=["the-ballast-makes-room", "nothing-makes-room"])
def test_a_full_disk_stops_decisions_and_tells_how_many_when_there_is_room(
    lived: Life, place: Path, contested: bool
) -> None:
    frozen = 0
    for number, life, disk in tries(lived, place):
        disk.refuse = full = FullAt(number, disk, contested=contested)
        with recorded(disk):
            sentence = ended(life, live_on)
            if not full.met:
                assert not sentence
                break
            assert not sentence or sentence.endswith("is full: make room on it"), sentence
            full.make_room()
            if sentence:  # a start needs a boot that is durable
                check_left(life, disk, place)
                continue
            gaps = recover_from_full(life)
            check_left(life, disk, place)
            life.let_go()
        assert gaps == ([life.dropped] if life.dropped else []), number
        assert contested or not life.dropped, "the ballast was room enough"
        frozen += bool(life.dropped)
    assert contested == (frozen > 20)


def recover_from_full(life: Life) -> list[int]:
    """There is room again: what the log says was dropped, by the first turn that goes on."""
    before = life.home.node.mesh.head.sequence
    dropped = life.dropped
    life.at, life.awake = life.at + RETRY_PAUSE, life.awake + RETRY_PAUSE
    life.turn(*next(happenings(1)))
    assert life.dropped == dropped, "it was tried again too late"
    if dropped:
        assert (life.directory / "ballast").stat().st_size == BALLAST_BYTES
    events = [record.event for record in life.home._log.records(after=before)]
    return [event.dropped for event in events if isinstance(event, LogGap)]


@pytest.mark.parametrize(
    ("error", "operations", "lasting"),
    [(EIO, WRITING, False), (EIO, ("sync",), True), (EIO, ("read",), False), (EROFS, WRITING, True)],
    ids=["one-write-fails", "no-sync-works-any-more", "one-read-fails", "the-disk-becomes-read-only"],
)
def test_a_disk_that_fails_ends_the_daemon_with_a_sentence(
    lived: Life, place: Path, error: int, operations: tuple[str, ...], lasting: bool
) -> None:
    ends = 0
    for number, life, disk in tries(lived, place):
        disk.refuse = fault = FaultAt(number, error, operations, lasting=lasting)
        with recorded(disk):
            sentence = ended(life, live_briefly)
            if not fault.met:
                assert not sentence
                break
            ends += bool(sentence)
            if lasting and error == EROFS:
                assert ended(life, live_briefly), "it starts on a disk that takes nothing"
        assert "full" not in sentence
        assert not life.dropped
        disk.refuse = lambda *_: None
        check_left(life, disk, place)
    print(f"{number - 1} operations refused, {ends} ended the daemon")
    assert ends > 10
