"""Which records are told, and that those to come are told at once."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli import run
from tests.cli.conftest import keep
from tests.source import ROOT
from tests.stories import BETA, NOON, STORY, records
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.domain import events as e
from wgmesh.domain.errors import UsageError
from wgmesh.domain.records import Record

ALL = list(range(1, len(STORY) + 1))
# What the design promises from commit to line; a busy machine is given five times as much.
TOLD_WITHIN_SECONDS = 0.2
PATIENCE = 5


def told(*words: str) -> list[int]:
    """The sequences that `wgmesh events WORDS…` prints for alpha."""
    said = run("events", "--state-dir", "alpha", "--json", *words)
    assert (said.exit_code, said.err) == (0, "")
    return [json.loads(line)["sequence"] for line in said.out.splitlines()]


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize(
    ("words", "sequences"),
    [
        ((), ALL),
        (("--limit", "2"), [12, 13]),
        (("--limit", "0"), []),
        (("--since", "13:00"), [12, 13]),
        (("--until", "12:00:04.118"), None),
        (("--until", "2026-11-22T12:00:04.118"), ALL[:7]),
        (("--since", "-1h"), [12, 13]),
        (("--kind", "PeerConnected"), [9, 11]),
        (("--kind", "peerconnected,PeersSighted", "--kind", "MeshJoined"), [1, 9, 11, 12]),
        (("--peer", "beta"), [7, 8, 9, 12]),
        (("--cause", "timer"), [12]),
        (("--cause", "timer/roll-call,network"), [4, 12]),
        (("--cause", "time"), []),
        (("--grep", "SILENT"), [13]),
        (("--grep", "connected with gamma"), [11]),
        (("--grep", "peerconnected", "--limit", "1"), [11]),
        (("--grep", "lan", "--cause", "network"), []),
        (("--limit", "1", "--until", "2026-11-22T12:30"), [11]),
        (("--limit", "99"), ALL),
        (("--since", "13:30"), []),
        (("--peer", "beta", "--kind", "PeerConnected", "--limit", "1"), [9]),
    ],
)
def test_only_what_is_asked_for_is_told(words: tuple[str, ...], sequences: list[int] | None) -> None:
    if sequences is None:
        assert run("events", "--state-dir", "alpha", *words).exit_code == UsageError.exit_code
    else:
        assert told(*words) == sequences


@pytest.mark.usefixtures("node")
def test_a_peer_or_an_event_that_there_is_not_is_refused() -> None:
    assert run("events", "--state-dir", "alpha", "--peer", "delta").exit_code == 1
    assert run("events", "--state-dir", "alpha", "--kind", "PeerFound").exit_code == 2


def test_a_record_of_another_day_has_its_date(tmp_path: Path) -> None:
    keep(tmp_path / "old", tuple(_days_earlier(record, 3) for record in STORY))
    assert run("events", "--state-dir", "old", "--limit", "1").out.startswith("2026-11-19 13:01:40.000  wireguard")


def _days_earlier(record: Record, days: int) -> Record:
    return Record(record.sequence, record.at - days * 86_400_000, record.awake, record.cause, (), record.event)


def test_what_peers_say_of_themselves_cannot_steer_the_terminal(tmp_path: Path) -> None:
    refused = e.PeerRefused(BETA.key, "x\x1b[2J\u202e", "it may not")
    keep(tmp_path / "odd", (*STORY, *records((3800, "lan", refused), after=len(STORY))))
    for words in (("events",), ("status",)):
        said = run(*words, "--state-dir", "odd").out
        assert "\x1b" not in said
        assert "\u202e" not in said
        assert "x\\x1b[2J\\u202e" in said


@contextmanager
def follower(directory: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """`wgmesh events --follow` in another process, which is told to end when the block ends."""
    argv = [sys.executable, "-m", "wgmesh", "events", "--follow", "--state-dir", str(directory), *words]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_a_record_is_told_within_moments_of_its_commit_without_a_daemon(node: Path) -> None:
    with follower(node, "--json", "--limit", "1") as process:
        assert json.loads(line_of(process))["sequence"] == len(STORY)
        log = EventLog.open(node / "events.db", at=NOON)
        took = []
        for number in range(5):
            time.sleep(0.1)
            log.append(records((3800, "lan", e.LayerSuspended("lan", str(number))), after=log.head.sequence))
            committed = time.monotonic()
            assert json.loads(line_of(process))["reason"] == str(number)
            took.append(time.monotonic() - committed)
        log.close()
    print(f"told {max(took) * 1000:.0f} ms after the commit, at the latest")
    assert max(took) < TOLD_WITHIN_SECONDS * PATIENCE
    assert sorted(took)[len(took) // 2] < TOLD_WITHIN_SECONDS


def test_following_survives_that_the_log_is_replaced(node: Path, tmp_path: Path) -> None:
    with follower(node, "--json", "--limit", "1") as process:
        line_of(process)
        another = keep(tmp_path / "another", STORY)
        log = EventLog.open(another / "events.db", at=NOON)
        log.append(records((3800, "log", e.LogRecovered("events.db.damaged-1", 14, 14)), after=len(STORY)))
        log.close()
        (another / "events.db").replace(node / "events.db")
        assert json.loads(line_of(process))["name"] == "LogRecovered"


def test_interrupting_it_is_how_it_ends(node: Path) -> None:
    with follower(node, "--limit", "1") as process:
        line_of(process)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (130, "")


def test_a_reader_that_has_seen_enough_is_no_error(node: Path) -> None:
    with follower(node) as process:
        line_of(process)
        assert process.stdout is not None
        process.stdout.close()
        log = EventLog.open(node / "events.db", at=NOON)
        log.append(records((3800, "lan", e.LayerSuspended("lan", "x")), after=log.head.sequence))
        log.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert process.returncode != 0
