"""Row 23: members say that peers are at 8.8.8.8. Alice begins all handshakes here, for her key is the lowest."""

from collections import Counter
from dataclasses import replace

from tests.cast import ALICE, BOB, Member
from tests.playbook import Playbook, given
from wgmesh.domain.draft import State
from wgmesh.domain.endpoints import TURN, UNCONFIRMED_PAUSE
from wgmesh.domain.events import LayerResumed, PeerBanned, PeerConnected, PeerDisconnected, PeerDiscovered, PeerLeft
from wgmesh.domain.identity import Identity
from wgmesh.domain.inputs import Due, Introduced, Told
from wgmesh.domain.peer_record import ClaimedEndpoint, SignedRecord
from wgmesh.domain.sparing import TURNS_A_SECOND, tried
from wgmesh.domain.values import SECOND, Endpoint
from wgmesh.projections.desired_device import desired_device

VICTIM = "8.8.8.8"
BEGUN = "2 s"


def crowd(size: int) -> list[Member]:
    """Members whose keys are all above Alice's, the lowest first."""
    everybody = (Member(f"n{n}", Identity.from_seed(n.to_bytes(32)), "192.168.1.9") for n in range(100, 400))
    return sorted((who for who in everybody if who.public_key > ALICE.public_key), key=lambda it: it.public_key)[:size]


def claims(who: Member, *where: Endpoint) -> PeerDiscovered:
    return who.discovered(who.record(endpoints=tuple(ClaimedEndpoint("reflexive", "wg", each) for each in where)))


def knowing(*events: PeerDiscovered) -> Playbook:
    """Alice knows these since just now."""
    return given(*ALICE.joined(), *events).when(Due("turn"), at="0 s")


def trying(story: Playbook) -> list[Endpoint]:
    """What is on the device, as far as it is tried on hearsay."""
    where = tried(story.state.session)
    device = desired_device(story.mesh, story.now, where)
    assert sorted(map(str, where.values())) == sorted(str(it.endpoint) for it in device.peers if it.endpoint)
    return list(where.values())


def test_one_address_is_tried_for_six_seconds_a_minute_whoever_claims_it_and_everybody_has_a_turn() -> None:
    story = knowing(*(claims(who, Endpoint(VICTIM, 1000 + n)) for n, who in enumerate(crowd(5))))
    assert UNCONFIRMED_PAUSE == 2 * SECOND
    begun: list[tuple[int, Endpoint]] = []
    for second in range(2, 8 * 60):
        story = story.until(f"{second} s")
        found = trying(story)
        assert len(found) <= 1
        if found and (not begun or begun[-1][1] != found[0] or second - begun[-1][0] >= 60):
            begun.append((second, found[0]))
        assert not found or second - begun[-1][0] < TURN // SECOND
    assert [second for second, _ in begun] == list(range(2, 8 * 60, 60))
    assert len(Counter(where for _, where in begun)) == 5


def test_so_many_turns_begin_in_a_second_and_the_rest_waits() -> None:
    story = knowing(*(claims(who, Endpoint(f"203.0.113.{n}", 7)) for n, who in enumerate(crowd(45))))
    counts = [len(trying(story.until(at))) for at in ("1.999 s", BEGUN, "2.1 s", "2.5 s", "3 s", "5.4 s")]
    assert counts == [0, TURNS_A_SECOND, 11, 15, 20, 44]


def test_a_turn_that_ended_in_a_handshake_was_no_burden() -> None:
    first, second = crowd(2)
    home = [Endpoint(VICTIM, port) for port in (1, 2)]
    story = knowing(claims(first, home[0]), claims(second, home[1])).until(BEGUN)
    assert trying(story) == [home[0]]
    for gone in (
        PeerBanned(first.public_key),
        PeerLeft(first.key, first.record(change=9).incarnation, b"goodbye"),
    ):
        assert trying(story.given(gone).when(Due("turn"), at="3 s")) == []
    connected = story.given(PeerConnected(first.key, home[0])).when(Due("turn"), at="3 s")
    assert tried(connected.state.session) == {second.key: home[1]}


def test_what_a_peer_answered_from_is_its_own_and_tried_in_its_time() -> None:
    peers = crowd(3)
    met = [who.observed(Endpoint(VICTIM, port)) for port, who in enumerate(peers, start=1)]
    story = given(*ALICE.joined(), *(claims(who) for who in peers), *met).when(Due("turn"), at="0 s")
    assert tried(story.state.session) == {}
    endpoints = [peer.endpoint for peer in desired_device(story.mesh, 0, {}).peers]
    assert sorted(str(each) for each in endpoints) == [f"{VICTIM}:{port}" for port in (1, 2, 3)]


def test_hearsay_waits_while_the_peer_is_tried_where_it_answered() -> None:
    [peer] = crowd(1)
    said, met = Endpoint(VICTIM, 1), Endpoint("192.168.1.9", 2)
    story = given(*ALICE.joined(), claims(peer, said), peer.observed(met)).when(Due("turn"), at="0 s")
    assert tried(story.state.session) == {}
    assert tried(story.until("5.999 s").state.session) == {}
    assert tried(story.until("6 s").state.session) == {peer.key: said}


def test_two_claims_of_one_peer_at_one_address_take_turns() -> None:
    [peer] = crowd(1)
    ports = [Endpoint(VICTIM, port) for port in (1, 2)]
    story = knowing(claims(peer, *ports))
    found = [trying(story.until(at)) for at in (BEGUN, "8 s", "1 min 2 s", "1 min 8 s", "2 min 2 s")]
    assert found == [[ports[0]], [], [ports[1]], [], [ports[0]]]


def test_claims_at_two_addresses_are_tried_one_after_the_other() -> None:
    [peer] = crowd(1)
    both = [Endpoint(VICTIM, 1), Endpoint("9.9.9.9", 1)]
    story = knowing(claims(peer, *both))
    assert [trying(story.until(at)) for at in (BEGUN, "7.999 s", "8 s", "14 s")] == [[both[0]]] * 2 + [[both[1]], []]


def test_who_was_connected_once_is_tried_at_its_last_address_as_often_as_it_takes() -> None:
    [peer] = crowd(1)
    proven, said = Endpoint(VICTIM, 1), Endpoint("9.9.9.9", 1)
    story = knowing(claims(peer, proven, said)).given(PeerConnected(peer.key, proven), at="1 s")
    silent = story.given(PeerDisconnected(peer.key, 181_000), at="5 min").when(Due("turn"))
    assert tried(silent.state.session) == {}
    assert tried(silent.until("5 min 36 s").state.session) == {peer.key: said}
    assert desired_device(silent.mesh, silent.now, {}).peers[0].endpoint == proven


def test_a_start_tries_what_is_known_at_once() -> None:
    [peer] = crowd(1)
    story = knowing(claims(peer, Endpoint(VICTIM, 1))).until("4 min")
    assert trying(story) == []
    again = replace(story, state=State(story.mesh)).when(ALICE.start(boot=2))
    assert trying(again) == [Endpoint(VICTIM, 1)]


def far_record() -> SignedRecord:
    record = BOB.record(endpoints=(ClaimedEndpoint("reflexive", "wg", Endpoint("203.0.113.2", 9)),))
    return SignedRecord(record, BOB.signed(record))


def test_hearsay_waits_for_the_end_of_a_burst_of_probes() -> None:
    story = given(*ALICE.joined()).given(LayerResumed("port")).when(Told("gossip", BOB.lan, (far_record(),)), at="1 s")
    assert not story.until("5900 ms").state.session.trying
    assert story.until("6100 ms").state.session.trying


def test_a_turn_that_was_agreed_with_a_peer_begins_when_it_was_said() -> None:
    far = far_record()
    word = Introduced(BOB.key, ALICE.key, far.record, far.signed, False, True)
    story = given(*ALICE.joined()).given(LayerResumed("port"), LayerResumed("gossip")).when(word, at="1 s")
    assert not story.until("2400 ms").state.session.trying
    assert story.until("2600 ms").state.session.trying
