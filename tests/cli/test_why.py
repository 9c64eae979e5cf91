"""Why, from the log alone: a first line that answers, and the records behind it."""

import json
from pathlib import Path

import pytest

from tests.cli import Said, run
from tests.cli.conftest import keep
from tests.stories import NOON, STORY, records
from wgmesh.domain import events as e
from wgmesh.domain.records import Record
from wgmesh.domain.values import HOUR


def why(*words: str) -> Said:
    return run("why", "--state-dir", "alpha", *words)


def shown(*words: str) -> list[int]:
    """The sequences of the records behind the answer."""
    return [record["sequence"] for record in json.loads(why("--json", *words).out)["records"]]


@pytest.mark.usefixtures("node")
def test_the_answer_as_an_object() -> None:
    found = json.loads(why("beta", "--json", "--at", "13:00").out)
    assert (found["schema_version"], found["at"], found["sequence"]) == (1, NOON + HOUR, 12)
    assert found["subject"] == "beta"
    assert found["verdict"] == "beta is connected for 59 min 55 s, directly at 192.168.1.17:21820"
    assert {fact["label"] for fact in found["facts"]} == {"heard", "sent", "tried"}
    first = found["records"][0]
    assert first == {
        "sequence": 9, "at": NOON + 4390, "name": "PeerConnected", "cause": "wireguard", "because": [],
        "sentence": "connected with beta at 192.168.1.17:21820",
    }  # fmt: skip


@pytest.mark.usefixtures("node")
def test_the_moment_decides_the_answer() -> None:
    assert why("beta", "--at", "8").out.startswith("beta is not connected: it is tried for the first time just now: ")
    assert why("gamma", "--at", "9").out.startswith("no peer called gamma was ever discovered: ")
    assert why("gamma").out.startswith("gamma is silent for 58 min 20 s, and the daemon of this node does not run")
    assert shown("beta", "--at", "8") == [8, 7]


@pytest.mark.usefixtures("node")
def test_other_records_are_limited_and_those_it_rests_on_are_not() -> None:
    assert shown("beta", "--limit", "0") == [9, 8, 7]
    assert shown("10.71.9.9") == []
    assert why("10.71.9.9").out == "10.71.9.9 is nobody's: no present peer of this mesh has it\n"


def test_what_a_record_rests_on_is_followed(tmp_path: Path) -> None:
    causes = {9: (8,), 8: (7, 4), 4: (2,)}
    keep(tmp_path / "alpha", tuple(_resting(record, causes.get(record.sequence, ())) for record in STORY))
    assert shown("beta", "--limit", "0") == [9, 8, 7, 4, 2]
    assert "connected with beta at 192.168.1.17:21820  (on 8)\n" in why("beta").out


def _resting(record: Record, because: tuple[int, ...]) -> Record:
    return Record(record.sequence, record.at, record.awake, record.cause, because, record.event)


def test_what_was_dropped_of_late_is_in_the_answer(tmp_path: Path) -> None:
    sealed = records((7000, "timer/rejections", e.DatagramsRejected({"seal": 9}, ("192.168.1.66",))), after=len(STORY))
    keep(tmp_path / "alpha", (*STORY, *sealed))
    assert why("192.168.1.66").out.startswith("192.168.1.66 sends datagrams that our secret does not open")


def test_names_cannot_steer_the_terminal(tmp_path: Path) -> None:
    odd = records((3800, "lan", e.PeerRefused(bytes(range(32)), "x\x1b[2J", "no\u202e")), after=len(STORY))
    keep(tmp_path / "alpha", (*STORY, *odd))
    said = why("x\x1b[2J")
    assert said.out.startswith("x\\x1b[2J is refused for 56 min 40 s: no\\u202e\n")
    assert "\x1b" not in said.out


@pytest.mark.usefixtures("node")
def test_a_moment_that_there_is_not_is_a_sentence() -> None:
    said = why("--at", "99", "beta")
    assert (said.exit_code, said.out) == (1, "")
