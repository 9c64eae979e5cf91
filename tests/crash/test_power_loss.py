"""Power fails at every write and every sync: nothing that was acknowledged is lost, and the node goes on."""

import hashlib
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.sqlite import SQLiteAggregateRecorder
from msgspec import msgpack
from msgspec.structs import replace

from tests.adapters.event_log import change
from tests.crash.calls import recorded
from tests.crash.disk import Disk, Left
from tests.crash.life import Acknowledged, Life, check, live, live_briefly, made
from wgmesh.adapters.event_log import datastore
from wgmesh.adapters.event_log.reader import LogReader
from wgmesh.adapters.state_files import private
from wgmesh.daemon.home import LOG_NAME
from wgmesh.domain.errors import WgmeshError

# How many different states at least, and how long they may take (the figure itself is printed).
STATES = 1000
SECONDS = 30


Crash = tuple[Left, Acknowledged]
Mark = tuple[tuple[tuple[str, bytes], ...], Acknowledged]


def crashes_of(story: Callable[[Life], None], life: Life, chance: random.Random) -> list[Crash]:
    """Every different state that a crash may leave, at any moment of the story."""
    disk, found, contents = Disk(life.directory), dict[Mark, Crash](), dict[bytes, bytes]()

    def note() -> None:
        for left in disk.crashes(chance):
            digests = {name: hashlib.sha256(content).digest() for name, content in left.files.items()}
            mark = (tuple(sorted(digests.items())), life.acknowledged)
            if mark not in found:
                kept = {name: contents.setdefault(digests[name], content) for name, content in left.files.items()}
                found[mark] = Left(left.kind, kept), life.acknowledged

    disk.after = note
    with recorded(disk):
        story(life)
    return list(found.values())


def check_each(crashes: list[Crash], life: Life, place: Path, *, damaged: bool = False) -> None:
    for number, (left, acknowledged) in enumerate(crashes):
        directory = place / str(number)
        directory.mkdir(mode=0o700)
        left.put(directory)
        try:
            check(life, directory, acknowledged, damaged=damaged)
        except Exception as error:
            error.add_note(f"crash state {number}, {left.kind}, acknowledged {acknowledged}, in {directory}")
            raise
        shutil.rmtree(directory)


def test_nothing_acknowledged_is_lost_wherever_power_fails(place: Path) -> None:
    started = time.monotonic()
    life = Life(made(place / "node"))
    crashes = crashes_of(live, life, random.Random(1))
    assert life.home.node.mesh.dropped, "the story has the log shortened"
    check_each(crashes, life, place)
    seconds = time.monotonic() - started
    print(f"{len(crashes)} crash states in {seconds:.1f} s, {life.acknowledged.sequence} records")
    assert len(crashes) >= STATES
    assert seconds < 5 * SECONDS


def unsynced_commits(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(datastore, "PRAGMAS", ("PRAGMA synchronous=NORMAL",))


def unsynced_names(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(private, "sync_directory", lambda _: None)


def early_acknowledgement(patch: pytest.MonkeyPatch) -> None:
    whole = SQLiteAggregateRecorder._insert_events

    def all_but_the_last(self: SQLiteAggregateRecorder, c: Any, stored_events: Any, **how: Any) -> Any:
        return whole(self, c, stored_events[:-1] if len(stored_events) > 20 else stored_events, **how)

    patch.setattr(SQLiteAggregateRecorder, "_insert_events", all_but_the_last)


def snapshots_of_yesterday(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("wgmesh.domain.snapshot.encode", lambda mesh: msgpack.encode(replace(mesh, incarnation=(0, 0))))


@pytest.mark.parametrize(
    ("sabotage", "told"),
    [
        (unsynced_commits, "lost"),
        (unsynced_names, "a boot is given out twice"),
        (early_acknowledgement, "another mesh|lost|is missing|goes on at"),
        (snapshots_of_yesterday, "another mesh"),
    ],
)
def test_the_rig_sees_what_is_done_wrong(
    place: Path, monkeypatch: pytest.MonkeyPatch, sabotage: Callable[[pytest.MonkeyPatch], None], told: str
) -> None:
    def live_wrongly() -> None:
        life = Life(made(place / "node"))
        with monkeypatch.context() as patch:
            sabotage(patch)
            crashes = crashes_of(live, life, random.Random(1))
        check_each(crashes, life, place)

    with pytest.raises((AssertionError, WgmeshError), match=told):
        live_wrongly()


@pytest.mark.parametrize("goes_on_with", ["the beginning", "the end"])
def test_a_damaged_log_goes_on_with_what_is_sound_wherever_power_fails(place: Path, goes_on_with: str) -> None:
    life = Life(made(place / "node"))
    live(life)
    log = life.directory / LOG_NAME
    first, last = records_of(log)[0], life.acknowledged.sequence
    damaged, kept = (last - 2, last - 3) if goes_on_with == "the beginning" else (first, last)
    change(log, "UPDATE stored_events SET state = zeroblob(20) WHERE originator_version = ?", damaged)
    change(log, "DELETE FROM snapshots")
    # What was acknowledged before the damage is what verifies.
    life.acknowledged = Acknowledged(kept, life.acknowledged.boot)
    crashes = crashes_of(live_briefly, life, random.Random(2))
    assert life.home.node.mesh.recovered
    check_each(crashes, life, place, damaged=True)
    assert len(crashes) > 200


def records_of(log: Path) -> list[int]:
    with LogReader(log, running=False) as reader:
        return [record.sequence for record in reader.records()]
