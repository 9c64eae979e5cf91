"""The process's side of the pipes: where first, then a line for each line, and an end that nobody hears."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator

import msgspec
import pytest

from tests.adapters.registry.github_server import REPOSITORY, Tracker, serving
from tests.adapters.registry.test_board import TITLE, entry, once
from tests.source import ROOT
from wgmesh.adapters.registry.lines import Asked, Outcome, Place, Recall
from wgmesh.adapters.registry.serve import Time, serve
from wgmesh.adapters.registry.worker import PROGRAM
from wgmesh.domain.values import SECOND
from wgmesh.domain.visiting import Find, Make, Put, Read


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    with serving() as tracker:
        yield tracker


def lines(tracker: Tracker, *asked: Asked, kept: bytes = b"") -> bytes:
    place = Place(tracker.url, REPOSITORY, TITLE, "token-a", kept)
    return b"".join(msgspec.json.encode(each) + b"\n" for each in (place, *asked))


def said(tracker: Tracker, *asked: Asked, kept: bytes = b"") -> list[Outcome]:
    answers = io.BytesIO()
    serve(io.BytesIO(lines(tracker, *asked, kept=kept)), answers)
    return [msgspec.json.decode(line, type=Outcome) for line in answers.getvalue().splitlines()]


def test_each_request_has_its_answer_and_a_second_lies_between_writes(tracker: Tracker) -> None:
    time = Time()
    began = time.now()[1]
    made, _, read = said(tracker, Make(entry("a")), Put(1, 0, entry("a")), Read(1))
    assert time.now()[1] - began >= SECOND
    assert (bytes(made.value), len(msgspec.json.decode(read.value))) == (b"1", 1)
    assert tracker.seen_tokens == ["token-a"] * 3


def test_a_refusal_is_an_answer_and_keeps_its_wait(tracker: Tracker) -> None:
    tracker.faults.append(once((429, {"retry-after": "7"}, b"")))
    refused, served = said(tracker, Find(1), Find(1))
    assert (refused.refused, refused.wait) == ("the registry has had enough of us for now", 7 * SECOND)
    assert served.refused is None


def test_what_one_process_kept_saves_the_next_the_same_answers(tracker: Tracker) -> None:
    *_, kept = said(tracker, Make(entry("a")), Find(1), Read(1), Recall())
    found, _ = said(tracker, Find(1), Read(1), kept=msgspec.json.decode(kept.value, type=bytes))
    assert tracker.statuses[-4:] == [200, 200, 304, 304]
    assert b'"titled":[{' in bytes(found.value)


def run(said: bytes, answers: int = subprocess.PIPE) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", PROGRAM]
    return subprocess.run(command, input=said, stdout=answers, stderr=subprocess.PIPE, cwd=ROOT, timeout=30, check=True)


def test_it_ends_with_its_caller_and_prints_nothing_else(tracker: Tracker) -> None:
    done = run(lines(tracker, Find(1)))
    assert msgspec.json.decode(done.stdout, type=Outcome).refused is None
    assert done.stderr == b""
    assert run(b"").stderr == b""


def test_where_nobody_takes_the_answer_any_more_it_ends_without_a_word(tracker: Tracker) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        assert run(lines(tracker, Find(1), Find(1)), write).stderr == b""
    finally:
        os.close(write)
    assert len(tracker.requests) == 1
