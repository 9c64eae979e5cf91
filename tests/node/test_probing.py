"""A probe against a real node: it is answered, and the node is afterwards as it was before."""

from random import Random

import pytest

from tests.cast import ALICE, BOB, SECRET
from tests.playbook import NOON
from tests.sealed import reply, sealed
from tests.small_world import Machine, SmallWorld
from wgmesh.domain.envelope import open_datagram
from wgmesh.domain.keys import derive
from wgmesh.domain.messages import Announce, Confirm, Hello, decode, encode
from wgmesh.domain.secret import Secret, mint
from wgmesh.domain.values import HOUR, Endpoint
from wgmesh.node.probing import OTHER_HOURS, Answered, Probe
from wgmesh.node.sending import Outgoing

HERE = Endpoint("192.0.2.7", 40007)


def alice() -> Machine:
    """Her machine, with nobody else in the world."""
    world = SmallWorld(exchange=True)
    (machine,) = world.start(ALICE)
    return machine


def probe(secret: Secret = SECRET) -> Probe:
    return Probe(secret, Endpoint(ALICE.ip, 52000), Random(7).randbytes)


def answers(machine: Machine, datagram: bytes) -> list[Outgoing]:
    """What it sends back to where a datagram came from."""
    return [each for each in machine.arrive(datagram, HERE, "exchange").outgoing if each.address == HERE]


def test_a_node_of_the_mesh_says_who_it_is_and_nothing_of_the_probe_stays_with_it() -> None:
    machine, asker = alice(), probe()
    before = len(machine.log.records)
    hello = asker.hello(NOON)
    (answer,) = answers(machine, hello)
    answered = asker.read(answer.data)
    assert answered
    assert (answered.record.identity, answered.record.hostname) == (ALICE.key, "alice")
    assert (answered.number, answered.hours) == (0, 0)
    assert len(answer.data) <= len(hello)
    assert (machine.mesh.peers, len(machine.log.records)) == ({}, before)


def test_each_hello_is_told_from_the_one_before_by_its_answer() -> None:
    machine, asker = alice(), probe()
    hellos = [asker.hello(NOON) for _ in range(3)]
    read = [asker.read(answer.data) for hello in hellos for answer in answers(machine, hello)]
    assert [answered.number for answered in read if answered] == [0, 1, 2]


def test_another_secret_draws_silence() -> None:
    assert answers(alice(), probe(mint(bytes(32))).hello(NOON)) == []


@pytest.mark.parametrize("behind", [3, -5])
def test_a_node_in_another_hour_answers_the_tokens_of_its_own_and_writes_nothing(behind: int) -> None:
    machine, asker = alice(), probe()
    before, ours = len(machine.log.records), NOON - behind * HOUR
    assert answers(machine, asker.hello(ours)) == []
    read = list[Answered | None]()
    for hours in OTHER_HOURS:
        read += [asker.read(answer.data) for answer in answers(machine, asker.hello(ours, hours))]
        machine.world.run("20 ms")
    assert sorted(answered.hours for answered in read if answered) == [behind - 1, behind, behind + 1]
    assert len(machine.log.records) == before


def test_what_is_no_answer_to_its_question_is_nothing() -> None:
    asker = probe()
    asker.hello(NOON)
    unasked = sealed(reply(ALICE, BOB), "exchange")
    another = sealed(encode(Announce(ALICE.signed(ALICE.record()), bytes(8), 1)), "exchange")
    echo = sealed(encode(Confirm(BOB.key, 1, bytes(16))), "exchange")
    for datagram in (b"", bytes(512), unasked, another, echo, sealed(b"\\xc1", "exchange")):
        assert asker.read(datagram) is None


def test_an_answer_that_another_signed_is_nothing() -> None:
    asker = probe()
    hello = asker.hello(NOON)
    opened = open_datagram([(1, derive(SECRET).envelope_key)], "exchange", hello)
    assert opened
    asked = decode(opened[1])
    assert isinstance(asked, Hello)
    forged = reply(BOB, BOB, asked.challenge, signed=ALICE.signed(ALICE.record()))
    assert asker.read(sealed(forged, "exchange")) is None
    honest = reply(ALICE, BOB, asked.challenge)
    assert asker.read(sealed(honest, "exchange")) is not None
    broken = reply(ALICE, BOB, asked.challenge, signed=b"no record")
    assert asker.read(sealed(broken, "exchange")) is None
