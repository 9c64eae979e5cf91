"""Whatever lies where a log should be, each verb that reads one ends with a sentence, and touches nothing."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.adapters.event_log import a_newer_log, change
from tests.cli import Said, run
from tests.cli.conftest import keep
from tests.pair_stories import WELL
from tests.stories import BETA, STORY, discovered, records
from wgmesh.domain import events as e
from wgmesh.domain.values import Endpoint

HOSTILE = "x\x1b[2J<script>alert(1)</script>\u202e"
SUBJECT = "beta"

VERBS: dict[str, list[str]] = {
    "status": ["status", "--state-dir", "LOG"],
    "status then": ["status", "--state-dir", "LOG", "--at", "5"],
    "peers": ["peers", "--state-dir", "LOG"],
    "peers show": ["peers", "--state-dir", "LOG", "show", SUBJECT],
    "peers count": ["peers", "--state-dir", "LOG", "count"],
    "config": ["config", "--state-dir", "LOG"],
    "events": ["events", "--state-dir", "LOG"],
    "events --json": ["events", "--state-dir", "LOG", "--json"],
    "events --raw": ["events", "--state-dir", "LOG", "--raw"],
    "events --verify": ["events", "--state-dir", "LOG", "--verify"],
    "events --to-test": ["events", "--state-dir", "LOG", "--to-test", "-o", "test_it.py"],
    "why": ["why", "--state-dir", "LOG", SUBJECT],
    "blame": ["blame", "--state-dir", "LOG"],
    "diff": ["diff", "--state-dir", "LOG", "5", "9"],
    "replay": ["replay", "LOG"],
    "replay --step": ["replay", "LOG", "--step"],
    "bisect": ["bisect", "LOG", "--good", "9", "connected", SUBJECT],
    "merge": ["merge", "LOG", "other"],
    "rehearse": ["rehearse", "--state-dir", "LOG"],
    "what-if": ["what-if", "LOG", "--set", "lan=off"],
    "bugreport": ["bugreport", "--state-dir", "LOG", "-o", "bundle.tar.gz"],
    "report": ["report", "LOG", "-o", "page.html"],
    "tables": ["tables", "LOG", "-o", "tables.db"],
}


def torn(place: Path) -> None:
    """The beginning of the file is whole, and nothing behind it."""
    path = keep(place) / "events.db"
    pages = path.read_bytes()
    path.write_bytes(pages[:4096] + bytes(255 for _ in pages[4096:]))


def truncated(place: Path) -> None:
    path = keep(place) / "events.db"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def foreign(place: Path) -> None:
    place.mkdir(0o700)
    with closing(sqlite3.connect(place / "events.db")) as connection, connection:
        connection.execute("CREATE TABLE songs (title)")


def empty(place: Path) -> None:
    """A log of no records."""
    keep(place, ())


def of_no_bytes(place: Path) -> None:
    place.mkdir(0o700)
    (place / "events.db").touch()


def a_directory(place: Path) -> None:
    (place / "events.db").mkdir(0o700, parents=True)


def edited(place: Path) -> None:
    """Its seventh record says something that is none of its kind."""
    change(keep(place) / "events.db", "UPDATE stored_events SET topic = 'PeerLeft.1' WHERE originator_version = 7")


def of_a_newer_version(place: Path) -> None:
    place.mkdir(0o700)
    a_newer_log(place / "events.db", 3)


def look(place: Path) -> dict[str, Said]:
    """What each verb says of what is there, while nothing there is changed."""
    path = place / "events.db"
    before = path.read_bytes() if path.is_file() else b""
    keep(place.parent / "other", WELL)
    said = {name: run(*(str(place) if word == "LOG" else word for word in words)) for name, words in VERBS.items()}
    assert (path.read_bytes() if path.is_file() else b"") == before
    return said


def is_a_sentence(said: Said) -> bool:
    """Is that exit 1, and one line that says what is wrong?"""
    lines = said.err.splitlines()
    return said.exit_code == 1 and len(lines) == 1 and lines[0].startswith("wgmesh: ") and "Traceback" not in said.err


@pytest.mark.parametrize(
    "make", [torn, truncated, foreign, empty, of_no_bytes, a_directory], ids=lambda make: make.__name__
)
def test_where_nothing_can_be_read_each_verb_ends_with_one_sentence(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    make(tmp_path / "log")
    said = look(tmp_path / "log")
    assert [name for name, each in said.items() if not is_a_sentence(each)] == []
    assert [name for name, each in said.items() if each.out] == []


@pytest.mark.parametrize("make", [edited, of_a_newer_version], ids=lambda make: make.__name__)
def test_of_a_log_with_a_record_that_cannot_be_read_the_rest_is_shown(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    make(tmp_path / "log")
    said = look(tmp_path / "log")
    assert [name for name, each in said.items() if each.exit_code > 1 or "Traceback" in each.err] == []
    assert said["events --raw"].exit_code == 0
    assert "cannot be read by this wgmesh" in said["events"].err
    assert said["events"].out


def test_an_edited_log_does_not_verify_and_one_of_a_newer_version_does(tmp_path: Path) -> None:
    for make, exit_code, text in ((edited, 1, "record 7 is bad"), (of_a_newer_version, 0, "unreadable here")):
        make(tmp_path / make.__name__)
        said = run("events", "--state-dir", str(tmp_path / make.__name__), "--verify")
        assert (said.exit_code, text in said.err) == (exit_code, True)


def test_what_others_call_themselves_steers_no_terminal_and_no_page(tmp_path: Path) -> None:
    hostile = records(
        (3800, "lan", discovered(BETA, HOSTILE, "192.168.1.17")),
        (3801, "lan", e.PeerRefused(bytes(range(32)), HOSTILE, HOSTILE)),
        (3802, "lan", e.HelloUnanswered(bytes(range(32)), HOSTILE, "lan", Endpoint("192.168.1.9", 1))),
        (3803, "lan", e.LayerSuspended("lan", HOSTILE)),
        after=len(STORY),
    )
    said = look(keep(tmp_path / "log", (*STORY, *hostile)))
    said["why it"] = run("why", "--state-dir", str(tmp_path / "log"), HOSTILE)
    for name, each in said.items():
        assert "Traceback" not in each.err, name
        assert "\x1b" not in each.both, name
        assert "\u202e" not in each.both or name == "events --json", name
    page = (tmp_path / "page.html").read_text()
    assert "<script>alert" not in page
    assert "\x1b" not in page
