"""Old records go when what they made is carried along; a log near its cap begins later; nothing else changes."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import msgpack

from tests.cast import ALICE, BOB, SECRET
from wgmesh.adapters.event_log.verify import verify
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.daemon.retention import ASK_AGAIN, CARRY_PAUSE, Retention
from wgmesh.domain.events import LogCompacted, StateCarried
from wgmesh.domain.folding import fold
from wgmesh.domain.inputs import Carry, Compacted, Input, Networked, Resumed, Suspended
from wgmesh.domain.values import DAY, HOUR
from wgmesh.node import Keyring, Node

NOON = 1_767_268_800_000
KEEP = 30 * DAY
CAP = 64 * 1024 * 1024


class Life:
    """A node, its log and what holds the log to its bounds; `hour` by `hour`."""

    def __init__(self, path: Path, cap_bytes: int = CAP) -> None:
        self.path = path
        self.at = NOON
        self.awake = 0
        self.log = EventLog.open(path, at=NOON)
        keyring = Keyring(ALICE.identity, Keyring.of(bytes(32), SECRET).keys, ALICE.mesh, 1)
        self.node = Node(keyring, self.log, fold(self.log.records()), os.urandom)
        self.retention = Retention(self.log, KEEP, cap_bytes)
        self.wishes: list[Input] = []

    def turn(self, *inputs: Input) -> list[Input]:
        """A turn of the node with what is wished for, and what is wished for then."""
        self.node.turn([*self.wishes, *inputs], self.at, self.awake)
        self.wishes = self.retention.look(self.node.mesh, self.at)
        return self.wishes

    def hours(self, count: int) -> None:
        """The LAN comes and goes once an hour."""
        for _ in range(count):
            self.at, self.awake = self.at + HOUR, self.awake + HOUR
            self.turn(Suspended("lan", f"{self.at}"), Resumed("lan"))

    def names(self) -> list[str]:
        return [type(record.event).__name__ for record in self.log.records()]

    def check(self) -> None:
        """The log verifies, says where it begins, and makes the very mesh that the node has."""
        assert verify(self.path).reason == ""
        assert msgpack.encode(fold(self.log.records())) == msgpack.encode(self.node.mesh)


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    life = Life(tmp_path / "events.db")
    with closing(life.log):
        life.turn(ALICE.start(), Networked((ALICE.interface,)), BOB.says_hello(ALICE))
        yield life


def test_the_state_is_recorded_four_times_in_the_time_that_records_are_kept(life: Life) -> None:
    life.hours(30 * 24 - 1)
    assert life.names().count("StateCarried") == 3
    assert (life.log.beginning.sequence, life.node.mesh.dropped) == (0, 0)
    life.check()


def test_a_log_reaches_back_as_long_as_records_are_kept_and_a_quarter_more_at_most(life: Life) -> None:
    whole = None
    for _ in range(70):
        life.hours(24)
        first = next(life.log.records())
        whole = whole or first
        if first.sequence > 1:
            assert isinstance(first.event, StateCarried)
            assert KEEP <= life.at - first.at <= KEEP + KEEP // 4 + DAY
        life.check()
    assert life.node.mesh.dropped == life.log.beginning.sequence > 1000
    assert life.node.mesh.peers[BOB.key].discovered.sequence == 5
    assert "LogCompacted" in life.names()
    assert verify(life.path).records < 1900


def test_the_log_says_where_it_begins_and_why(life: Life) -> None:
    life.hours(24 * 40)
    last = [record for record in life.log.records() if isinstance(record.event, LogCompacted)][-1]
    assert isinstance(last.event, LogCompacted)
    assert (last.event.through, last.event.head) == (life.log.beginning.sequence, life.log.beginning.chain)
    assert last.cause == "log/keep"
    assert last.because == (last.event.through + 1,)


def test_near_its_cap_the_log_begins_later_and_goes_on(tmp_path: Path) -> None:
    cap = 512 * 1024
    life = Life(tmp_path / "events.db", cap)
    with closing(life.log):
        life.turn(ALICE.start(), Networked((ALICE.interface,)), BOB.says_hello(ALICE))
        for _ in range(40):
            life.at += HOUR
            for number in range(200):
                life.turn(Suspended("lan", f"reason {number}"))
            assert life.log.size_bytes < cap
            life.check()
        assert life.path.stat().st_size < cap
        causes = [record.cause for record in life.log.records() if isinstance(record.event, LogCompacted)]
        assert causes
        assert causes == ["log/cap"] * len(causes)
        assert next(life.log.records()).at > life.at - KEEP
        assert life.log.size_bytes > cap // 3, "and it keeps what it may"


def test_a_restart_changes_nothing_in_the_log_and_tells_what_was_not_told(tmp_path: Path) -> None:
    life = Life(tmp_path / "events.db")
    life.turn(ALICE.start())
    life.hours(24 * 40)
    life.log.begin_at(life.log.carried[-1])
    life.log.close()
    again = Life(life.path)
    with closing(again.log):
        again.at = life.at
        beginning = again.log.beginning
        assert beginning.sequence > again.node.mesh.dropped
        assert again.turn(ALICE.start(boot=2)) == [Compacted(beginning.sequence, beginning.chain, "start")]
        assert again.turn() == []
        assert again.node.mesh.dropped == beginning.sequence
        again.check()


def test_what_was_wished_for_is_wished_for_again_only_if_nothing_came_of_it(life: Life) -> None:
    life.at += KEEP // 4
    assert life.turn(Suspended("lan", "one")) == [Carry()]
    life.wishes = []  # a full disk dropped it
    assert life.turn(Suspended("lan", "two")) == []
    life.at += ASK_AGAIN
    assert life.turn(Suspended("lan", "three")) == [Carry()]
    assert life.turn() == []
    assert life.names()[-1] == "StateCarried"


def test_a_clock_that_was_set_back_puts_nothing_off_and_takes_nothing_out(life: Life) -> None:
    life.hours(24 * 20)
    before = verify(life.path).records
    life.at -= 365 * DAY
    assert life.turn(Suspended("lan", "set back")) == [Carry()]
    life.hours(24 * 10)
    assert verify(life.path).records > before
    life.check()


def test_a_log_of_nobody_yet_is_left_alone(tmp_path: Path) -> None:
    life = Life(tmp_path / "events.db")
    with closing(life.log):
        assert life.turn() == []


def test_while_nothing_is_written_nothing_is_looked_at(life: Life) -> None:
    life.at += KEEP
    assert life.turn() == []
    assert CARRY_PAUSE < KEEP
