"""A board that is a process: what it is told, what it is not, and what a visit hears when it dies."""

import base64
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.adapters.registry.github_server import REPOSITORY, Tracker
from tests.adapters.registry.test_board import TITLE, comments, entry, once, refused
from tests.adapters.registry.test_http import proxied, tracker
from tests.source import ROOT
from wgmesh.adapters.registry.lines import Place
from wgmesh.adapters.registry.worker import BoardWorker, concerning
from wgmesh.domain.values import SECOND
from wgmesh.domain.visiting import Close, Find, Make, Note, Put, Read, Search, Titled, Titles

__all__ = ["proxied", "tracker"]

CANARY = "canary-token"


@pytest.fixture
def board(tracker: Tracker) -> Iterator[BoardWorker]:
    board = worker(tracker)
    yield board
    board.end()


def worker(tracker: Tracker, token: str = "token-a", url: str = "", seconds: float = 30) -> BoardWorker:
    return BoardWorker(Place(url or tracker.url, REPOSITORY, TITLE, token), seconds)


def pid_of(board: BoardWorker) -> int | None:
    return board.pid


def while_asked(tracker: Tracker, board: BoardWorker, do: Callable[[int], None]) -> str:
    """The refusal of a visit whose process has this done to it while the server lets it wait."""
    asked, held = threading.Event(), threading.Event()

    def hold(*_: object) -> None:
        asked.set()
        held.wait(10)

    def interfere() -> None:
        assert asked.wait(10)
        do(board.pid or 0)

    tracker.faults.append(hold)
    thread = threading.Thread(target=interfere)
    thread.start()
    try:
        return str(refused(lambda: board.carry_out(Make(entry("a")))))
    finally:
        thread.join()
        held.set()


def test_what_a_visit_asks_for_is_carried_out_by_one_process_that_ends_with_it(board: BoardWorker) -> None:
    assert pid_of(board) is None
    assert board.carry_out(Find(1)) == Titles((), ends=True)
    pid = pid_of(board)
    assert board.carry_out(Make(entry("a"))) == 1
    assert board.carry_out(Put(1, 0, entry("a"))) is None
    assert board.carry_out(Read(1)) == [Note(1, entry("a"), 0)]
    assert board.carry_out(Search()) == Titles((Titled(1, entry("a")),), ends=True)
    assert board.carry_out(Close(1)) is None
    assert pid_of(board) == pid
    board.end()
    assert pid_of(board) is None
    assert not Path(f"/proc/{pid}").exists()


def test_hundreds_of_notes_pass_the_pipe(tracker: Tracker, board: BoardWorker) -> None:
    board.carry_out(Make(entry("a")))
    comments(tracker, 500)
    notes = board.carry_out(Read(1))
    assert isinstance(notes, list)
    assert len(notes) == 500


def test_the_next_visit_knows_what_did_not_change(tracker: Tracker, board: BoardWorker) -> None:
    board.carry_out(Make(entry("a")))
    for _ in range(3):
        assert board.carry_out(Find(1)) == Titles((Titled(1, entry("a")),), ends=True)
        board.end()
    assert tracker.statuses == [201, 200, 304, 304]


def test_a_refusal_says_why_and_for_how_long(tracker: Tracker, board: BoardWorker) -> None:
    tracker.faults.append(once((429, {"retry-after": "7"}, b"")))
    refusal = refused(lambda: board.carry_out(Find(1)))
    assert (str(refusal), refusal.wait) == ("the registry has had enough of us for now", 7 * SECOND)
    assert board.carry_out(Find(1)) == Titles((), ends=True)


def test_one_that_is_killed_is_a_refusal_and_what_it_was_at_is_not_done_twice(
    tracker: Tracker, board: BoardWorker
) -> None:
    board.carry_out(Find(1))
    tracker.requests.clear()
    trouble = while_asked(tracker, board, lambda pid: os.kill(pid, signal.SIGKILL))
    assert trouble == "the process that speaks HTTPS does not serve us: it ended without an answer"
    assert [method for method, _ in tracker.requests] == ["POST"]
    assert pid_of(board) is None
    tracker.faults.clear()
    assert board.carry_out(Find(1)) is not None


def test_one_that_hangs_is_a_refusal_in_bounded_time(tracker: Tracker) -> None:
    board = worker(tracker, seconds=2)
    began = time.monotonic()
    trouble = while_asked(tracker, board, lambda pid: os.kill(pid, signal.SIGSTOP))
    assert trouble == "the process that speaks HTTPS does not serve us: it did not answer within 2 s"
    assert time.monotonic() - began < 20
    assert pid_of(board) is None


def test_one_that_is_killed_between_two_visits_costs_no_more_than_its_memory(tracker: Tracker) -> None:
    board = worker(tracker, seconds=1)
    board.carry_out(Find(1))
    os.kill(board.pid or 0, signal.SIGSTOP)
    board.end()
    assert pid_of(board) is None
    board.carry_out(Find(1))
    board.end()
    assert tracker.statuses == [200, 200]


def test_one_that_cannot_be_started_is_a_refusal(tracker: Tracker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    trouble = str(refused(lambda: worker(tracker).carry_out(Find(1))))
    assert trouble == "the process that speaks HTTPS does not serve us: No such file or directory"


def test_row_41_the_token_is_in_neither_arguments_nor_environment(
    tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", CANARY)
    monkeypatch.setenv("WGMESH_SECRET", CANARY)
    monkeypatch.setenv("no_proxy", "*")
    board = worker(tracker, CANARY)
    board.carry_out(Find(1))
    proc = Path(f"/proc/{board.pid}")
    arguments, environment = ((proc / name).read_bytes() for name in ("cmdline", "environ"))
    board.end()
    assert tracker.seen_tokens == [CANARY]
    assert b"registry.serve" in arguments
    assert b"no_proxy=*" in environment
    assert CANARY.encode() not in arguments + environment


def test_of_the_environment_it_gets_what_concerns_https() -> None:
    ours = {
        "HTTPS_PROXY": "p",
        "no_proxy": "n",
        "SSL_CERT_FILE": "f",
        "GITHUB_TOKEN": "t",
        "HOME": "h",
        "all_proxy": "a",
    }
    assert concerning(ours) == {"HTTPS_PROXY": "p", "no_proxy": "n", "SSL_CERT_FILE": "f"}


def test_https_goes_through_the_proxy_and_by_the_certificates_of_our_environment(
    proxied: list[str], tracker: Tracker
) -> None:
    board = worker(tracker, CANARY, "https://registry.example")
    assert board.carry_out(Find(1)) == Titles((), ends=True)
    board.end()
    assert proxied == [f"registry.example:443 Basic {base64.b64encode(b'ada:pa ss').decode()}"]
    assert tracker.seen_tokens == [CANARY]


def test_who_asks_never_loads_what_speaks_https(tracker: Tracker) -> None:
    script = (
        "import sys\n"
        "import wgmesh.daemon.registry_visits\n"
        "from wgmesh.adapters.registry.worker import BoardWorker, Place\n"
        "from wgmesh.domain.visiting import Find\n"
        f"board = BoardWorker(Place({tracker.url!r}, {REPOSITORY!r}, 'title', ''))\n"
        "board.carry_out(Find(1)); board.end()\n"
        "sys.exit(any(name in sys.modules for name in ('urllib3', 'http.client', 'urllib.request')))"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0
    assert len(tracker.requests) == 1
