"""What was ever written stays readable, and is never written differently."""

import pytest

from tests.golden import Line, missing_events, read_lines
from wgmesh.domain.records import EVENTS, GENESIS, decode, encode, link

LINES = read_lines()
NUMBERED = list(enumerate(LINES, start=1))
TOPICS = [line.topic for line in LINES]
CHAINS = (GENESIS, *(bytes.fromhex(line.chain) for line in LINES))


@pytest.mark.parametrize(("sequence", "line"), NUMBERED, ids=TOPICS)
def test_every_line_is_read(sequence: int, line: Line) -> None:
    decode(sequence, line.topic, CHAINS[sequence] + bytes(line.state))


@pytest.mark.parametrize(("sequence", "line"), NUMBERED, ids=TOPICS)
def test_no_line_was_changed_or_taken_out(sequence: int, line: Line) -> None:
    chain = link(CHAINS[sequence - 1], sequence, line.topic.encode(), bytes(line.state))
    assert chain == CHAINS[sequence], "golden lines are for ever: a changed event is a new version with an upcast"


def test_a_line_of_a_current_version_is_written_again_to_the_byte() -> None:
    for sequence, line in NUMBERED:
        if line.topic in EVENTS.topics.values():
            state = CHAINS[sequence] + bytes(line.state)
            assert encode(decode(sequence, line.topic, state), CHAINS[sequence - 1]).state == state


def test_every_event_has_a_line() -> None:
    assert not missing_events(), "run `python -m tests.golden` and keep what it appends to tests/golden/events.jsonl"


def test_no_version_has_two_lines() -> None:
    assert sorted(TOPICS) == sorted(dict.fromkeys(TOPICS))
