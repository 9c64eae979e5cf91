"""One node as its loop sees it: nothing is acted on that is not written, and a restart goes on where the log ends."""

from collections.abc import Sequence

import pytest
from msgspec import msgpack

from tests.cast import ALICE, BOB, CAROL, Member
from tests.playbook import NOON
from tests.sealed import announce, hello, sealed
from tests.small_world import Machine, SmallWorld
from wgmesh.domain.cadence import EPOCH
from wgmesh.domain.effects import Exit, RemoveInterface, Sample
from wgmesh.domain.errors import LogBroken, LogFull
from wgmesh.domain.events import DatagramsRejected, MeshLeft, NodeStarted, NodeStopped, PeerDiscovered
from wgmesh.domain.inputs import Due, Heard, Leave, Stop
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.own_record import own_record
from wgmesh.domain.records import GENESIS, Record
from wgmesh.node import Keyring, Node
from wgmesh.node.reception import Arrival


def a_machine() -> Machine:
    return SmallWorld().start(ALICE)[0]


def heard(machine: Machine, payload: bytes) -> Heard:
    assert machine.node
    found = machine.node.receive(Arrival("lan", "eth0", BOB.lan, sealed(payload)), NOON, machine.awake)
    assert isinstance(found, Heard)
    return found


def test_what_is_decided_is_in_the_log_before_it_is_said() -> None:
    written: list[Record] = []

    class Witness:
        """Sees how much was said of a turn when its records come."""

        said = 0
        chain = GENESIS

        def append(self, records: Sequence[Record]) -> None:
            assert self.said == 0
            written.extend(records)

    def entropy(size: int) -> bytes:
        Witness.said += 1
        return bytes(size)

    keyring = Keyring(ALICE.identity, a_machine().keyring.keys, ALICE.mesh, 1)
    node = Node(keyring, Witness(), Mesh(), entropy)
    turn = node.turn([ALICE.start()], NOON, 0)
    assert turn.records == tuple(written) != ()
    assert turn.outgoing != ()
    assert Witness.said > 0


def test_a_turn_without_news_writes_nothing() -> None:
    machine = a_machine()
    machine.arrive(sealed(hello(BOB, ALICE)), BOB.lan)
    size = len(machine.log.records)
    turn = machine.arrive(sealed(announce(BOB)), BOB.lan)
    assert (turn.records, turn.outgoing, turn.commands) == ((), (), ())
    assert len(machine.log.records) == size


def test_when_the_disk_is_full_the_turn_never_was() -> None:
    machine = a_machine()
    assert machine.node
    given = heard(machine, hello(BOB, ALICE))
    mesh, session, wire = machine.node.mesh, machine.node.session, len(machine.world.wire)
    machine.log.full = True
    with pytest.raises(LogFull):
        machine.turn([given])
    assert machine.node.mesh is mesh
    assert machine.node.session is session
    assert len(machine.world.wire) == wire
    machine.log.full = False
    turn = machine.turn([given])
    assert [type(record.event) for record in turn.records] == [PeerDiscovered]
    assert [record.sequence for record in turn.records] == [mesh.head.sequence + 1]
    assert len(turn.outgoing) == 1


def test_what_writes_nothing_is_decided_on_a_full_disk_too() -> None:
    machine = a_machine()
    machine.log.full = True
    assert machine.turn([Due("sample")]).commands == (Sample(),)


def test_a_broken_log_is_the_callers_to_know() -> None:
    class Broken:
        chain = GENESIS

        def append(self, records: Sequence[Record]) -> None:
            raise LogBroken(f"{len(records)} records could not be written")

    machine = a_machine()
    node = Node(machine.keyring, Broken(), Mesh(), bytes)
    with pytest.raises(LogBroken):
        node.turn([ALICE.start()], NOON, 0)
    assert node.mesh == Mesh()


def test_inputs_of_one_turn_are_decided_on_top_of_each_other_and_written_together() -> None:
    machine = a_machine()
    both = [heard(machine, hello(BOB, ALICE)), heard(machine, hello(CAROL, ALICE)), heard(machine, announce(BOB))]
    turn = machine.turn(both)
    assert [type(record.event) for record in turn.records] == [PeerDiscovered] * 2
    assert len(turn.outgoing) == 2


def test_after_a_restart_a_node_is_what_its_log_says_and_records_only_that_it_started() -> None:
    world = SmallWorld()
    alice, *_ = world.start(ALICE, BOB, CAROL)
    world.run("10 min")
    before, size, writes = alice.mesh, len(alice.log.records), alice.tunnel.writes
    alice.kill()
    world.run("10 s")
    alice.start()
    assert msgpack.encode(alice.mesh.peers) == msgpack.encode(before.peers)
    assert (alice.mesh.ipv4, alice.mesh.ipv6, alice.mesh.digest) == (before.ipv4, before.ipv6, before.digest)
    world.run("10 min")
    assert [type(event) for event in alice.events[size:]] == [NodeStarted]
    assert alice.tunnel.writes == writes, "WireGuard was not touched"


def test_the_time_in_which_a_node_is_down_does_not_count() -> None:
    machine = a_machine()
    machine.world.run("1 h")
    machine.stop()
    last = machine.log.records[-1].awake
    machine.world.run("90 d")
    machine.start()
    assert machine.log.records[-1].awake == machine.awake == last
    assert machine.log.records[-1].at == NOON + machine.world.now


def test_our_record_is_the_same_bytes_in_one_incarnation_whoever_is_met() -> None:
    world = SmallWorld()
    (alice,) = world.start(ALICE)
    assert alice.node
    before = alice.node._sender.signed_record(alice.mesh)
    world.start(BOB, CAROL)
    world.run("10 min")
    assert alice.knows(*world.machines)
    assert alice.node._sender.signed_record(alice.mesh) == before
    assert own_record(alice.mesh).incarnation == own_record(world.machines[0].mesh).incarnation


def test_a_stop_ends_the_process_and_a_leave_takes_the_interface_too() -> None:
    stopped = a_machine().turn([Stop("SIGTERM")])
    assert ([type(record.event) for record in stopped.records], stopped.commands) == ([NodeStopped], (Exit(),))
    left = a_machine().turn([Leave()])
    assert ([type(record.event) for record in left.records], left.commands) == ([MeshLeft], (RemoveInterface(),))
    assert len(left.outgoing) == 2


def test_what_was_rejected_is_told_once_an_epoch() -> None:
    machine = a_machine()
    machine.arrive(bytes(256), BOB.lan)
    machine.arrive(bytes(7), CAROL.lan)
    machine.world.run("9 min 59 s")
    assert machine.count(DatagramsRejected) == 0
    machine.world.run("1 s")
    (told,) = (event for event in machine.events if isinstance(event, DatagramsRejected))
    assert told == DatagramsRejected({"seal": 1, "size": 1}, (BOB.ip, CAROL.ip))
    machine.world.run("1 h")
    assert machine.count(DatagramsRejected) == 1
    assert machine.world.now > EPOCH


def test_what_an_adapter_dropped_is_counted_with_the_rest() -> None:
    machine = a_machine()
    assert machine.node
    machine.node.reject("flood", "", machine.awake, times=7)
    machine.world.run("10 min")
    assert DatagramsRejected({"flood": 7}, ("",)) in machine.events


def test_the_next_wakeup_is_the_earliest_of_all_that_waits() -> None:
    machine = a_machine()
    machine.world.run("1 h")
    assert machine.node
    quiet = machine.node.next_wakeup()
    assert quiet is not None
    machine.node.reject("flood", "", machine.awake - EPOCH + 1)
    assert machine.node.next_wakeup() == machine.awake + 1 < quiet


def test_a_node_that_never_started_waits_for_nothing() -> None:
    machine = a_machine()
    node = Node(machine.keyring, machine.log, Mesh(), bytes)
    assert node.next_wakeup() is None
    assert node.due(10**9) == ()
    assert node.turn([], NOON, 0).records == ()


def test_chance_is_secret_to_others_and_the_same_again_for_the_same_start() -> None:
    def next_word(*members: Member) -> list[int | None]:
        world = SmallWorld()
        machines = world.start(*members)
        world.run("5 min")
        return [machine.node.session.trickle.fires if machine.node else None for machine in machines]

    alices, bobs = next_word(ALICE, BOB)
    assert [alices, bobs] == next_word(ALICE, BOB)
    assert alices != bobs


def test_the_device_is_wished_at_the_moment_asked_for() -> None:
    machine = a_machine()
    assert machine.node
    machine.arrive(sealed(hello(BOB, ALICE)), BOB.lan)
    wished = []
    for time in ("0 s", "3 s", "6 s"):
        machine.world.run(time)
        wished.append(machine.node.desired(machine.awake).peers[0].endpoint)
    assert wished == [None, BOB.wireguard, None]
    assert machine.node.tried == {}
