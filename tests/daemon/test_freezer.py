"""A full disk stops decisions and nothing else: what was dropped is counted, and told when there is room again."""

import os
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from tests.cast import ALICE, BOB, SECRET
from wgmesh.daemon.freezer import RETRY_PAUSE, Freezer
from wgmesh.domain.errors import LogFull
from wgmesh.domain.events import Event, LogGap
from wgmesh.domain.inputs import Leave, Networked, Stop
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.records import GENESIS, Record
from wgmesh.node import Keyring, Node

NOON = 1_767_268_800_000


class Disk:
    """Room for a log and a ballast: while it is `full` neither can be written, but the ballast can be given up."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.full = False
        self.chain = GENESIS
        self.ballast = True
        self.ballast_makes_room = False

    def append(self, records: Sequence[Record]) -> None:
        if self.full:
            raise LogFull("no space")
        self.records += records

    def free(self) -> bool:
        had, self.ballast = self.ballast, False
        self.full = self.full and not (had and self.ballast_makes_room)
        return had

    def renew(self) -> None:
        self.ballast = True

    def events(self) -> list[Event]:
        return [record.event for record in self.records]


def running(disk: Disk) -> tuple[Node, Freezer]:
    keyring = Keyring(ALICE.identity, Keyring.of(bytes(32), SECRET).keys, ALICE.mesh, 1)
    node = Node(keyring, disk, Mesh(), os.urandom)
    node.turn([ALICE.start(), Networked((ALICE.interface,))], NOON, 0)
    return node, Freezer(disk.free, disk.renew)


def test_what_cannot_be_written_is_not_decided_and_is_counted_until_it_can_be() -> None:
    disk = Disk()
    node, freezer = running(disk)
    disk.full, before = True, node.mesh
    for awake in (1000, 2000):
        with pytest.raises(LogFull):
            freezer.turn(node, [BOB.says_hello(ALICE)], NOON + awake, awake)
    assert node.mesh == before
    assert (freezer.since, freezer.dropped) == (NOON + 1000, 2)
    disk.full = False
    with pytest.raises(LogFull):  # it is not yet time to try again
        freezer.turn(node, [BOB.says_hello(ALICE)], NOON + 3000, 3000)
    assert freezer.next_wakeup() == 1000 + RETRY_PAUSE
    turn = freezer.turn(node, [], NOON + 11_000, 1000 + RETRY_PAUSE)
    assert [record.event for record in turn.records] == [LogGap(3, NOON + 1000)]
    assert (freezer.since, freezer.dropped, freezer.next_wakeup()) == (None, 0, None)
    assert disk.ballast


def test_the_ballast_is_given_up_first_and_the_turn_taken_again() -> None:
    disk = Disk()
    node, freezer = running(disk)
    disk.full = disk.ballast_makes_room = True
    turn = freezer.turn(node, [BOB.says_hello(ALICE)], NOON, 1000)
    assert turn.outgoing
    assert freezer.since is None
    assert not disk.ballast


def test_a_disk_that_stays_full_at_the_retry_is_tried_again_later() -> None:
    disk = Disk()
    node, freezer = running(disk)
    disk.full = True
    for awake in (1000, 1000 + RETRY_PAUSE):
        with pytest.raises(LogFull):
            freezer.turn(node, [BOB.says_hello(ALICE)], NOON + awake, awake)
    assert freezer.next_wakeup() == 1000 + 2 * RETRY_PAUSE
    assert freezer.dropped == 2


def test_a_daemon_may_be_stopped_on_a_full_disk_but_leaving_must_be_recorded() -> None:
    assert Freezer.ends([Stop("SIGTERM")])
    assert not Freezer.ends([Leave()])


def test_the_last_word_on_our_networks_waits_for_room_because_nobody_says_it_again() -> None:
    disk = Disk()
    node, freezer = running(disk)
    disk.full = True
    first, last = (Networked((replace(ALICE.interface, name=name),)) for name in ("eth1", "eth2"))
    for awake, told in ((1000, first), (2000, last), (3000, BOB.says_hello(ALICE))):
        with pytest.raises(LogFull):
            freezer.turn(node, [told], NOON + awake, awake)
    disk.full = False
    freezer.turn(node, [], NOON + RETRY_PAUSE, 1000 + RETRY_PAUSE)
    assert node.mesh.interfaces == last.interfaces
    freezer.turn(node, [first], NOON + RETRY_PAUSE, 1000 + RETRY_PAUSE)
    assert node.mesh.interfaces == first.interfaces
