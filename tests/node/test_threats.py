"""The threat table against whole nodes; each test is named after its row. One datagram alone: test_reception."""

import base64
from collections import Counter
from random import Random

import msgspec
import pytest
from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL, DAVE, EVERYBODY, SECRET
from tests.sealed import announce, confirm, forged, hello, reply, sealed
from tests.small_world import Datagram, Machine, SmallWorld
from wgmesh.domain.envelope import open_datagram
from wgmesh.domain.events import NewerPeerSeen, PeerConnected, PeerDiscovered, PeerLeft, PeerUpdated
from wgmesh.domain.keys import derive
from wgmesh.domain.messages import Hello, Message, Page, decode
from wgmesh.domain.peer_record import ClaimedEndpoint
from wgmesh.domain.secret import mint
from wgmesh.domain.values import Endpoint, Incarnation
from wgmesh.node import Outgoing, Turn

NOWHERE = Endpoint("192.168.1.250", 4000)
SILENCE = Turn()


def a_pair(latency: int = 1) -> tuple[SmallWorld, Machine, Machine]:
    world = SmallWorld(latency)
    alice, bob = world.start(ALICE, BOB)
    world.run("1 min")
    return world, alice, bob


def outside(turn: Turn) -> list[Outgoing]:
    """What left over the networks of the machine; inside tunnels members may tell each other of it."""
    return [outgoing for outgoing in turn.outgoing if outgoing.layer != "gossip"]


def replay(recorded: list[Datagram], machine: Machine) -> None:
    """Everything that was ever on the wire again, from where it came and from somewhere else: it draws no byte."""
    for datagram in recorded:
        for source in (datagram.source, NOWHERE):
            assert machine.arrive(datagram.data, source) == SILENCE


def test_row_2_noise_draws_no_byte_fills_no_memory_and_a_valid_hello_is_still_answered() -> None:
    world, alice, _ = a_pair()
    noise = Random(7)
    for number in range(3000):
        size = noise.choice((256, 512, 1200, noise.randrange(1500)))
        source = Endpoint(f"10.{number % 256}.{number // 256}.1", 7)
        assert alice.arrive(noise.randbytes(size), source) == SILENCE
    (answer,) = outside(alice.arrive(sealed(hello(CAROL, ALICE)), CAROL.lan))
    assert answer.address == CAROL.lan
    assert alice.node
    assert len(alice.node._rejections._sources) == 64
    assert alice.node.session.sources.keys() == {BOB.ip, CAROL.ip}
    world.check()


def test_row_6_who_speaks_of_newer_things_is_told_once_and_its_tunnel_stays() -> None:
    world, alice, _ = a_pair()
    news = sealed(msgspec.msgpack.encode([77, {"colour": "red"}]))
    for _ in range(100):
        assert alice.arrive(news, BOB.lan).outgoing == ()
    world.run("1 h")
    assert alice.count(NewerPeerSeen) == 1
    assert alice.mesh.peers[BOB.key].state == "connected"


def test_row_9_what_we_said_ourselves_comes_back_as_nothing() -> None:
    world, alice, _ = a_pair()
    replay([datagram for datagram in world.wire if datagram.source == ALICE.lan], alice)
    assert ALICE.key not in alice.mesh.peers


@pytest.mark.parametrize("later", ["1 s", "1 h", "25 h"])
def test_row_11_a_replay_draws_no_byte_from_who_has_heard_it_or_something_later(later: str) -> None:
    world, alice, bob = a_pair()
    recorded = list(world.wire)
    world.run(later)
    before = {machine: msgspec.msgpack.encode(machine.mesh) for machine in (alice, bob)}
    for machine in (alice, bob):
        replay(recorded, machine)
        assert msgspec.msgpack.encode(machine.mesh) == before[machine]


def test_row_11_a_replay_draws_no_byte_after_the_receiver_was_killed() -> None:
    world, alice, _ = a_pair()
    recorded = list(world.wire)
    alice.kill()
    world.run("1 s")
    alice.start()
    replay(recorded, alice)
    world.run("10 s")
    replay(recorded, alice)


def test_row_11_who_never_heard_it_asks_at_most_and_makes_no_peer_of_a_replay() -> None:
    world, _, _ = a_pair()
    recorded = list(world.wire)
    later = SmallWorld()
    (dave,) = later.start(DAVE)
    later.run("1 s")
    received, sent = Counter[Endpoint](), Counter[Endpoint]()
    for _ in range(20):
        for datagram in recorded:
            received[datagram.source] += len(datagram.data)
            for answer in dave.arrive(datagram.data, datagram.source).outgoing:
                assert answer.address == datagram.source
                sent[datagram.source] += len(answer.data)
                assert sent[datagram.source] <= received[datagram.source]
    assert sent == {ALICE.lan: 1200, BOB.lan: 1200}
    later.run("1 h")
    assert dave.mesh.peers == {}


def test_row_12_a_hello_from_a_thousand_false_sources_is_answered_once() -> None:
    _, alice, _ = a_pair()
    captured = sealed(hello(CAROL, ALICE))
    answers = [outside(alice.arrive(captured, Endpoint(f"10.0.{n // 250}.{n % 250}", 7))) for n in range(1000)]
    ((answer,),) = [each for each in answers if each]
    assert answer.address == Endpoint("10.0.0.0", 7)
    assert len(answer.data) <= len(captured)


def test_row_13_an_old_record_of_a_peer_never_comes_back() -> None:
    world, alice, bob = a_pair()
    recorded = [datagram for datagram in world.wire if datagram.source == BOB.lan]
    bob.kill()
    bob.start()
    world.run("10 s")
    assert alice.mesh.peers[BOB.key].incarnation.boot == 2
    replay(recorded, alice)
    for payload in (announce(BOB), hello(BOB, ALICE, number=99), hello(BOB, None, number=99)):
        alice.arrive(sealed(payload), BOB.lan)
    assert alice.mesh.peers[BOB.key].incarnation.boot == 2
    assert alice.count(PeerUpdated) == 1


def test_row_18_nobody_says_goodbye_for_somebody_else() -> None:
    world, alice, bob = a_pair()
    (carol,) = world.start(CAROL)
    world.run("1 s")
    goodbye = BOB.record(change=9, left=True)
    for signed in (forged(BOB, goodbye, by=CAROL), BOB.signed(goodbye)[:-64] + bytes(64)):
        for payload in (announce(BOB, signed=signed), hello(CAROL, ALICE, number=50, signed=signed)):
            for source in (CAROL.lan, BOB.lan):
                assert alice.arrive(sealed(payload), source) == SILENCE
    assert alice.knows(bob, carol)
    assert alice.count(PeerLeft) == 0


def test_row_21_a_working_tunnel_is_not_redirected_by_what_a_member_says() -> None:
    world, alice, bob = a_pair()
    device = alice.tunnel.device
    hijacked = forged(BOB, BOB.record(change=9, endpoints=CAROL.record().endpoints), by=CAROL)
    for payload in (announce(BOB, signed=hijacked), hello(BOB, ALICE, number=50, signed=hijacked)):
        alice.arrive(sealed(payload), CAROL.lan)
    assert alice.arrive(sealed(announce(BOB)), CAROL.lan) == SILENCE
    moved = BOB.record(boot=1, change=9, endpoints=(ClaimedEndpoint("static", "wg", NOWHERE),))
    alice.arrive(sealed(hello(BOB, ALICE, number=60, signed=BOB.signed(moved))), BOB.lan)
    assert alice.mesh.peers[BOB.key].incarnation == Incarnation(1, 9)
    world.run("2 min")
    assert alice.tunnel.device == device
    assert alice.count(PeerConnected) == bob.count(PeerConnected) == 1


UNUSABLE = [
    "0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "192.168.1.255",
    "::", "::1", "ff02::1", "::ffff:127.0.0.1", ALICE.ipv4, ALICE.ipv6, CAROL.ipv4,
]  # fmt: skip


def test_row_22_a_record_full_of_nobodys_addresses_is_stored_and_none_is_ever_tried() -> None:
    world = SmallWorld()
    (alice,) = world.start(ALICE)
    claims = [
        ClaimedEndpoint("lan", "wg", Endpoint(ip, 51820)) for ip in UNUSABLE if not ip.startswith(("169", "fe80"))
    ]
    claims.append(ClaimedEndpoint("lan", "wg", Endpoint("192.0.2.1", 0)))
    record = BOB.record(endpoints=tuple(claims))
    alice.arrive(sealed(hello(BOB, ALICE, signed=BOB.signed(record))), BOB.lan)
    assert len(alice.mesh.peers[BOB.key].endpoints) == len(claims)
    for _ in range(50):
        world.run("1 min")
        assert alice.tunnel.device
        assert [peer.endpoint for peer in alice.tunnel.device.peers] == [None]
    world.check()


def test_row_37_who_has_another_secret_gets_no_byte_in_any_state() -> None:
    other = mint(bytes(32))
    world = SmallWorld()
    (alice,) = world.start(ALICE)

    def knocks() -> None:
        for payload in (announce(BOB), hello(BOB, ALICE), hello(BOB, None), reply(BOB, ALICE), confirm(BOB, ALICE)):
            assert alice.arrive(sealed(payload, secret=other, at_least=1200), BOB.lan) == SILENCE

    knocks()
    world.start(CAROL)
    knocks()
    world.run("1 h")
    knocks()
    alice.kill()
    alice.start()
    knocks()
    assert list(alice.mesh.peers) == [CAROL.key]
    assert [datagram for datagram in world.wire if datagram.target == BOB.lan] == []


def overdrawn(world: SmallWorld) -> list[Datagram]:
    """What somebody answered to an address from which not as many bytes had reached it before.

    A Hello is no answer: it goes where a member's signed record says that it is, and again when it was lost.
    """
    answers = [sent for sent in world.wire if sent.target and not isinstance(message(sent), Hello)]

    def total(datagrams: list[Datagram], source: Endpoint | None, target: Endpoint | None, until: int) -> int:
        return sum(len(d.data) for d in datagrams if (d.source, d.target) == (source, target) and d.at <= until)

    return [
        sent
        for sent in answers
        if total(answers, sent.source, sent.target, sent.at) > total(world.heard, sent.target, sent.source, sent.at)
    ]


def message(datagram: Datagram) -> Message | Page:
    opened = open_datagram([(1, derive(SECRET).envelope_key)], datagram.layer, datagram.data)
    assert opened
    return decode(opened[1])


@pytest.mark.parametrize("seed", range(1, 5))
def test_nobody_is_ever_answered_with_more_bytes_than_came_from_it(seed: int) -> None:
    world = SmallWorld(latency=3, seed=seed)
    world.lost = lambda _: world.random.random() < 0.3
    machines = world.start(*EVERYBODY)
    for machine in machines * 3:
        world.run("3 s")
        machine.kill()
        world.run("1 s")
        machine.start()
    world.lost = lambda _: False
    world.run("10 min")
    assert world.settled()
    assert len([datagram for datagram in world.wire if datagram.target]) > 100
    assert overdrawn(world) == []


def test_row_60_no_secret_is_in_any_record() -> None:
    world = SmallWorld()
    machines = world.start(ALICE, BOB, CAROL)
    world.run("10 min")
    machines[1].leave()
    world.run("2 h")
    written = b"".join(msgspec.json.encode(record) for machine in machines for record in machine.log.records)
    for machine in machines:
        keys = machine.keyring.keys
        secrets = [machine.keyring.private_key(), keys.psk, keys.envelope_key, keys.membership_key, keys.gossip_key]
        for secret in secrets:
            forms = (secret.hex().encode(), base64.b64encode(secret), base64.urlsafe_b64encode(secret)[:43])
            assert not [form for form in forms if form in written]
    assert ALICE.identity.key.hex().encode() not in written
    assert base64.b64encode(ALICE.identity.key) in written, "or the search would find nothing at all"


def test_row_19_a_record_makes_the_wireguard_key_and_never_says_one() -> None:
    _, alice, _ = a_pair()
    (discovered,) = (event for event in alice.events if isinstance(event, PeerDiscovered))
    assert discovered.public_key == BOB.public_key
    assert BOB.public_key not in discovered.signed
    assert replace(discovered, public_key=CAROL.public_key) != discovered
