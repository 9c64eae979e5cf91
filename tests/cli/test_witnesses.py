"""A log that was cut, or replaced by an old copy, is told from an honest one by what a peer saw of it."""

import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli import Said, run
from tests.cli.conftest import keep
from tests.stories import ALPHA, BETA, GAMMA, NOON, STORY, joined, records, started
from wgmesh.adapters.event_log.reader import LogReader
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.domain import events as e
from wgmesh.domain.folding import carried, fold
from wgmesh.projections.wording import key


def chain_of(node: Path, sequence: int) -> bytes:
    with LogReader(node / "events.db", running=False) as reader:
        chain = reader.chain_of(sequence)
    assert chain is not None
    return chain


def beta(tmp_path: Path, *heads: tuple[int, bytes]) -> Path:
    """The log of beta, which saw these heads of alpha's, and one of gamma's."""
    of_gamma = e.HeadWitnessed(GAMMA.key, 99, bytes(16))
    seen = [e.HeadWitnessed(ALPHA.key, through, head) for through, head in heads]
    events: list[e.Event] = [joined(BETA), started(), of_gamma, *seen]
    told = records(*((number, "gossip", event) for number, event in enumerate(events)))
    return keep(tmp_path / "beta", told)


def verify(*words: str) -> Said:
    return run("events", "--verify", "--state-dir", "alpha", *words)


def test_an_honest_log_has_all_that_was_seen_of_it(node: Path, tmp_path: Path) -> None:
    beta(tmp_path, (5, chain_of(node, 5)), (13, chain_of(node, 13)))
    said = verify("--witness", "beta")
    assert said.exit_code == 0
    assert said.out.splitlines()[1] == "a witness saw it 2 times, last up to record 13: all is there"
    found = json.loads(verify("--witness", "beta/events.db", "--json").out)
    assert found["witness"]["reason"] == ""
    assert (found["witness"]["seen"], found["witness"]["gone"], found["witness"]["last"]["through"]) == (2, 0, 13)
    assert "witness" not in json.loads(verify("--json").out)


def test_a_log_that_was_cut_is_told_from_it(node: Path, tmp_path: Path) -> None:
    beta(tmp_path, (5, chain_of(node, 5)), (13, chain_of(node, 13)))
    shutil.rmtree(node)
    keep(tmp_path / "alpha", STORY[:9])
    assert verify().exit_code == 0
    said = verify("--witness", "beta")
    assert said.exit_code == 1
    assert said.err == (
        "wgmesh: this is not the log that the witness saw: it ends at record 9, and not at record 13, of which the"
        " witness was told at 12:00:04.000: it was cut, or is an old copy\n"
    )
    assert verify("--witness", "beta", "--json").exit_code == 1


def test_an_old_copy_that_was_written_on_is_told_from_it(node: Path, tmp_path: Path) -> None:
    beta(tmp_path, (12, chain_of(node, 12)))
    shutil.rmtree(node)
    keep(tmp_path / "alpha", (*STORY[:9], *records(*[(60, "start", started(2))] * 9, after=9)))
    said = verify("--witness", "beta")
    assert said.exit_code == 1
    assert "its record 12 is not the one of which the witness was told at 12:00:03.000: an old copy" in said.err


def test_what_is_no_longer_in_the_log_is_counted_and_no_fault(tmp_path: Path) -> None:
    state = records((3800, "log", carried(fold(STORY))), after=len(STORY))
    node = keep(tmp_path / "alpha", (*STORY, *state))
    beta(tmp_path, (5, bytes(16)), (14, chain_of(node, 14)))
    with closing(EventLog.open(node / "events.db", at=NOON)) as log:
        log.begin_at(log.carried[-1])
    said = verify("--witness", "beta")
    assert said.exit_code == 0
    assert "saw it 2 times, last up to record 14: all is there, but for 1 of records that are no longer" in said.out


def test_lines_of_json_are_a_witness_too(node: Path, tmp_path: Path) -> None:
    beta(tmp_path, (13, chain_of(node, 13)))
    lines = run("events", "--state-dir", "beta", "--json", "--kind", "HeadWitnessed").out
    (tmp_path / "lines").write_text(lines)
    assert "saw it 1 times, last up to record 13: all is there" in verify("--witness", "lines").out


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{", "nothing is no log, and line 1 is none that `events --json` prints"),
        (b"\xff\n", "is no log, and line 1 is none"),
        (b'{"name":"HeadWitnessed","identity":"%s"}', "is no log, and line 1 is none"),
        (b"", "nothing saw nothing of this log: name the log of a peer"),
        (None, "nothing cannot be read: No such file or directory"),
    ],
)
def test_what_is_no_witness_is_a_sentence(content: bytes | None, sentence: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "nothing").write_bytes(content.replace(b"%s", key(ALPHA.key).encode()))
    said = verify("--witness", "nothing")
    assert said.exit_code == 1
    assert sentence in said.err


def test_a_peer_that_was_told_nothing_is_no_witness(node: Path, tmp_path: Path) -> None:
    beta(tmp_path)
    assert chain_of(node, 1)
    assert "beta saw nothing of this log" in verify("--witness", "beta").err
