"""blame, diff and bisect: from the log alone, in words and for programs."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli import run
from tests.cli.conftest import keep
from tests.stories import BETA, BETA_AT, GAMMA, NOON, STORY, records
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.domain import events as e
from wgmesh.domain.folding import carried, fold
from wgmesh.domain.values import Endpoint
from wgmesh.projections.wording import key

MOVED = Endpoint("192.168.1.99", 21820)
ROAMED = records((4000, "wireguard", e.PeerRoamed(BETA.key, MOVED, BETA_AT)), after=len(STORY))


def test_blame_names_record_time_cause_and_what_was_there(tmp_path: Path) -> None:
    keep(tmp_path / "alpha", (*STORY, *ROAMED))
    said = run("blame", "--state-dir", "alpha").out
    assert "ListenPort = 21820                                       # record 2, 12:00:00.001, start\n" in said
    assert f"record 14, 13:06:40.000, wireguard; before: {BETA_AT}\n" in said
    lines = json.loads(run("blame", "--state-dir", "alpha", "--json").out)["lines"]
    (endpoint,) = [line for line in lines if line["field"] == "Endpoint" and line["displaced"]]
    assert endpoint == {
        "peer": "YDRufJEaX2uhVBKRdMr+dbKUrDu9VUljL0jOxiZvhBA=", "field": "Endpoint", "value": str(MOVED),
        "sequence": 14, "at": NOON + 4_000_000, "cause": "wireguard", "displaced": str(BETA_AT),
    }  # fmt: skip
    assert str(MOVED) not in run("blame", "--state-dir", "alpha", "--at", "13").out


def test_blame_in_a_shortened_log_says_which_records_are_gone(tmp_path: Path) -> None:
    state = records((3800, "log", carried(fold(STORY))), after=len(STORY))
    with closing(EventLog.open(keep(tmp_path / "alpha", (*STORY, *state)) / "events.db", at=NOON)) as log:
        log.begin_at(log.carried[-1])
    said = run("blame", "--state-dir", "alpha")
    assert "# record 2, 12:00:00.001, no longer in the log\n" in said.out
    assert "before" not in said.out


@pytest.mark.usefixtures("node")
def test_diff_takes_moments_that_look_like_options() -> None:
    said = run("diff", "-65m", "-55m", "--state-dir", "alpha")
    assert said.out == (
        "12:55:00.000 (record 11) to 13:05:00.000 (record 13): 2 changed\n"
        "peers   gamma  state  connected -> silent\n"
        f"device  update peer {key(GAMMA.public_key)}: keepalive 25 s\n"
    )
    assert run("diff", "12", "--state-dir", "alpha").out.endswith(said.out.partition("\n")[2])
    assert run("diff", "11", "12", "--state-dir", "alpha").out.endswith(": nothing changed\n")


@pytest.mark.usefixtures("node")
def test_diff_tells_what_came_and_went_and_what_was_done_to_wireguard() -> None:
    said = run("diff", "9", "10", "--state-dir", "alpha").out
    assert "peers   gamma  state  + connecting\n" in said
    assert "device  add peer deJw3ylSxXuoNnuoYYwXj5/lDbJ5nTBOdOkY2YVoYUY=" in said
    assert "peers   gamma  state  - connecting\n" in run("diff", "10", "9", "--state-dir", "alpha").out
    found = json.loads(run("diff", "12", "13", "--state-dir", "alpha", "--json").out)
    silent, called = found.pop("changes")
    assert silent == {"topic": "peers", "subject": "gamma", "what": "state", "before": "connected", "after": "silent"}
    assert (called["topic"], called["after"]) == ("device", f"update peer {key(GAMMA.public_key)}: keepalive 25 s")
    assert found == {
        "schema_version": 1,
        "from": {"at": NOON + 3_600_000, "sequence": 12},
        "to": {"at": NOON + 3_700_000, "sequence": 13},
    }


@pytest.mark.usefixtures("node")
def test_diff_of_no_moment_is_refused() -> None:
    assert run("diff", "-3h", "-1m", "--state-dir", "alpha").exit_code == 1
    assert run("diff", "--wrong", "--state-dir", "alpha").exit_code == 2


def bisect(node: Path, *words: str) -> tuple[int, str, str]:
    said = run("bisect", str(node), *words)
    return said.exit_code, said.out, said.err


def test_bisect_finds_the_record(node: Path) -> None:
    line = "    13  13:01:40.000  wireguard  gamma is silent, no sign for 3 min 1 s\n"
    for asked in ("connected gamma", "connected >= 2"):
        until = f"`{asked}` was so up to record 12, and ended with this one:\n"
        assert bisect(node, "--good", "12", *asked.split()) == (0, until + line, "")
        assert bisect(node, "--good", "13:00", "--bad", "13", asked) == (0, until + line, "")
    assert json.loads(bisect(node, "--good", "-65m", "--bad", "-1m", "connected", ">=", "2", "--json")[1]) == {
        "schema_version": 1,
        "ceased": 1,
        "record": json.loads(run("events", "--state-dir", "alpha", "--json", "--limit", "1").out),
    }


def test_bisect_of_what_was_not_so_or_still_is_says_which(node: Path) -> None:
    assert bisect(node, "--good", "9", "connected", "gamma") == (
        1, "", "wgmesh: `connected gamma` does not hold behind record 9 either: name an earlier --good\n"
    )  # fmt: skip
    assert bisect(node, "--good", "9", "connected", "beta") == (
        1, "", "wgmesh: `connected beta` still holds behind record 13: name a later --bad\n"
    )  # fmt: skip
    assert bisect(node, "--good", "9", "connected")[0] == 2


def test_bisect_names_the_last_of_several(tmp_path: Path) -> None:
    told = (
        (3800, "wireguard", e.PeerDisconnected(BETA.key, 181_000)),
        (3900, "wireguard", e.PeerConnected(BETA.key, BETA_AT)),
        (4000, "wireguard", e.PeerDisconnected(BETA.key, 181_000)),
    )
    keep(tmp_path / "alpha", (*STORY, *records(*told, after=len(STORY))))
    _, out, _ = bisect(tmp_path / "alpha", "--good", "13", "connected", "beta")
    assert out == (
        "`connected beta` was so up to record 15, and ended with this one:\n"
        "    16  13:06:40.000  wireguard  beta is silent, no sign for 3 min 1 s\n"
        "it ceased to be so 2 times in between; this was the last\n"
    )
