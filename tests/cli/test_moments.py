"""A moment of the log is what its records made up to then, with snapshots or without."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli import Said, run
from tests.cli.conftest import keep
from tests.stories import NOON, STORY, records
from wgmesh import __version__
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.cli.moments import Moment, folded, mesh_at, moment
from wgmesh.cli.reading import open_log
from wgmesh.domain import snapshot
from wgmesh.domain.errors import UsageError, WgmeshError
from wgmesh.domain.folding import carried, fold
from wgmesh.domain.values import HOUR, MINUTE, SECOND


def ask(verb: str, *words: str) -> Said:
    return run(*verb.split(), "--state-dir", "alpha", *words)


def with_snapshots(node: Path, *places: int) -> Path:
    """The same node, with snapshots of these records."""
    with closing(EventLog.open(node / "events.db", at=NOON)) as log:
        for place in places:
            (record,) = log.records(place - 1, place)
            state = snapshot.encode(fold(STORY[:place]))
            log.save_snapshot(place, record.chain, snapshot.shape(__version__), state)
    return node


@pytest.mark.parametrize("places", [(), (13,), (4, 9)])
def test_every_moment_is_what_the_records_up_to_it_make(node: Path, places: tuple[int, ...]) -> None:
    with open_log(with_snapshots(node, *places)) as reader:
        for sequence in range(1, len(STORY) + 1):
            assert folded(reader, sequence) == fold(STORY[:sequence])


def test_nothing_before_a_snapshot_is_read(node: Path) -> None:
    with closing(EventLog.open(node / "events.db", at=NOON)) as log:
        (fifth,) = log.records(4, 5)
        state = snapshot.encode(fold(STORY[:3]))
        log.save_snapshot(5, fifth.chain, snapshot.shape(__version__), state)
    with open_log(node) as reader:
        assert folded(reader, 5) == fold(STORY[:3])
        assert folded(reader, 4) == fold(STORY[:4])


@pytest.mark.parametrize(
    ("text", "sequence", "at"),
    [
        ("12:00:04", 6, NOON + 4 * SECOND),
        ("2026-11-22T12:30", 11, NOON + 30 * MINUTE),
        ("-59m", 12, NOON + HOUR + MINUTE),
        ("9", 9, NOON + 4390),
        (None, 13, NOON + 2 * HOUR),
        ("-1s", 13, NOON + 2 * HOUR - SECOND),
    ],
)
def test_a_moment_is_named_by_time_or_by_record(node: Path, text: str | None, sequence: int, at: int) -> None:
    with open_log(node) as reader:
        assert moment(reader, text) == Moment(sequence, at)


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize("verb", ["status", "peers", "peers show beta", "peers count", "config"])
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0", "the log begins at 12:00:00.000, with record 1: name a later moment"),
        ("-3h", "the log begins at 12:00:00.000, with record 1: name a later moment"),
        ("14", "the log has no record 14: its last is 13"),
        ("2", "up to record 2 this log tells of no node that this wgmesh can read: name a later moment, or update"),
    ],
)
def test_a_moment_that_there_is_not_is_a_sentence(verb: str, text: str, sentence: str) -> None:
    said = ask(verb, "--at", text)
    assert (said.exit_code, said.out) == (WgmeshError.exit_code, "")
    assert said.err.startswith(f"wgmesh: {sentence}")


@pytest.mark.usefixtures("node")
def test_what_is_no_moment_is_wrong_usage() -> None:
    assert ask("status", "--at", "yesterday").exit_code == UsageError.exit_code
    assert ask("status", "--at", "²").exit_code == UsageError.exit_code


@pytest.mark.usefixtures("node")
def test_each_verb_shows_what_was_true_then() -> None:
    status = json.loads(ask("status", "--json", "--at", "12:00:05").out)
    assert (status["sequence"], status["at"], status["running"]) == (9, NOON + 5 * SECOND, True)
    assert status["counts"] == {"known": 1, "connected": 1, "relayed": 0}
    assert [peer["name"] for peer in json.loads(ask("peers", "--json", "--at", "8").out)["peers"]] == ["beta"]
    assert json.loads(ask("peers", "--json", "--at", "8").out)["peers"][0]["state"] == "connecting"
    assert ask("peers --at 8 count").out == "1\n"
    assert ask("peers count", "--at", "10").out == "2\n"
    assert ask("peers show gamma", "--at", "10").out.startswith("gamma, connecting\n")
    assert "gamma" not in ask("config", "--at", "9").out
    assert "gamma" in ask("config", "--at", "10").out


def test_before_a_shortened_log_there_is_nothing(tmp_path: Path) -> None:
    state = records((3800, "log", carried(fold(STORY))), after=len(STORY))
    with closing(EventLog.open(keep(tmp_path / "alpha", (*STORY, *state)) / "events.db", at=NOON)) as log:
        log.begin_at(log.carried[-1])
    for text in ("13", "13:00"):
        said = ask("status", "--at", text)
        assert said.exit_code == 1
        assert said.err == "wgmesh: the log begins at 13:03:20.000, with record 14: name a later moment\n"
    with open_log(tmp_path / "alpha") as reader:
        assert mesh_at(reader, 14).peers == fold(STORY).peers
