"""Ways through NATs, for Alice, who begins handshakes, and for Bob, who waits for hers; Carol is between them."""

import itertools

from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL, DAVE, Member
from tests.playbook import Playbook, given, span
from wgmesh.domain.effects import AnswerProbe, SendIntroduction, SendProbe
from wgmesh.domain.endpoints import OUT_OF_STEP as ROLE_SWAP
from wgmesh.domain.endpoints import TURN, candidates, turn
from wgmesh.domain.events import (
    LayerResumed,
    NatDetected,
    PeerConnected,
    PeerDisconnected,
    PeerDiscovered,
    PeerEndpointObserved,
)
from wgmesh.domain.inputs import Ban, Due, Introduced, Leave, Networked, Probed, Reached, Resumed, Told
from wgmesh.domain.peer_record import ClaimedEndpoint, SignedRecord
from wgmesh.domain.punch import BURST, VOLLEY_PAUSE
from wgmesh.domain.punching import ADDRESSES, ANSWERS_AT_ONCE, FOUND_AGAIN, PAUSES, SEEN
from wgmesh.domain.values import MINUTE, SECOND, Endpoint, Incarnation
from wgmesh.projections.desired_device import desired_device

PORT, GOSSIP = LayerResumed("port"), LayerResumed("gossip")
ALICE_OUTSIDE, BOB_OUTSIDE = Endpoint("198.51.100.1", 20_001), Endpoint("203.0.113.2", 20_002)
ELSEWHERE = Endpoint("203.0.113.2", 55_555)


def behind_nat(who: Member, outside: Endpoint, change: int = 2, lan: str = "10.77.0.9") -> SignedRecord:
    """Its record, with an address of its own LAN, which is none of ours, and one that the Internet sees."""
    endpoints = (ClaimedEndpoint("lan", "wg", Endpoint(lan, outside.port)), ClaimedEndpoint("reflexive", "wg", outside))
    record = who.record(change=change, endpoints=endpoints)
    return SignedRecord(record, who.signed(record))


BOBS, ALICES = behind_nat(BOB, BOB_OUTSIDE), behind_nat(ALICE, ALICE_OUTSIDE)
CAROLS_TUNNEL = (CAROL.discovered(), PeerConnected(CAROL.key, CAROL.wireguard))


def told(*records: SignedRecord) -> Told:
    return Told("gossip", CAROL.lan, records, CAROL.key)


def up(us: Member, *also: LayerResumed) -> Playbook:
    """A node that is connected with Carol, and whose port works."""
    return given(*us.joined()).given(*(also or (PORT, GOSSIP)), *CAROLS_TUNNEL)


def volleys(story: Playbook, until: str) -> tuple[Playbook, list[tuple[int, Endpoint]]]:
    """What is probed until then, and when."""
    probes = []
    for now in range(story.now, span(until) + 1, 100):
        story = story.until(f"{now} ms")
        probes += [(now, effect.address) for effect in story.effects if isinstance(effect, SendProbe)]
    return story, probes


def asked(story: Playbook) -> list[SendIntroduction]:
    return [effect for effect in story.effects if isinstance(effect, SendIntroduction)]


def introduced(
    by: Member, to: Member, word: SignedRecord, *, can_probe: bool = True, is_answer: bool = False
) -> Introduced:
    return Introduced(by.key, to.key, word.record, word.signed, can_probe, is_answer)


def probe(of: Member, sender: Endpoint, number: int = 1, boot: int = 1) -> Probed:
    return Probed(of.key, sender, bytes(12), Incarnation(boot, number))


def endpoint_of(story: Playbook, peer: Member) -> Endpoint | None:
    device = desired_device(story.mesh, story.now, {})
    return next(each.endpoint for each in device.peers if each.public_key == peer.public_key)


def test_who_is_heard_of_is_probed_each_200_ms_for_5_s_at_all_its_addresses_and_then_ever_later() -> None:
    _, probes = volleys(up(ALICE).when(told(BOBS), at="1 s"), "5 min")
    times = [at - SECOND for at, address in probes if address.ip == "10.77.0.9"]
    burst = [at for at in times if at < BURST]
    assert burst == list(range(0, BURST, VOLLEY_PAUSE))
    later = [after - before for before, after in itertools.pairwise([burst[-1], *times[len(burst) :]])]
    for pause, least in zip(later, [*PAUSES, PAUSES[-1]], strict=False):
        assert least <= pause <= least * 5 // 4 + 200
    assert len(later) >= len(PAUSES)


def test_an_answered_probe_is_a_first_hand_claim_which_the_side_that_begins_tries_at_once() -> None:
    story = up(ALICE).when(told(BOBS), at="1 s").when(Reached(BOB.key, BOB_OUTSIDE, ALICE_OUTSIDE), at="1500 ms")
    seen, found = story.recent
    assert seen.event == NatDetected("unknown", ALICE_OUTSIDE, (BOB.key,), ()), "he says where he sees us"
    assert found.event == PeerEndpointObserved(BOB.key, "punch", BOB_OUTSIDE)
    assert (found.cause, found.because) == ("punch", (story.mesh.peers[BOB.key].updated.sequence,))
    assert endpoint_of(story, BOB) == BOB_OUTSIDE


def test_the_other_side_leaves_it_to_her_and_takes_the_role_out_of_step() -> None:
    story = up(BOB).when(told(ALICES), at="1 s").when(Reached(ALICE.key, ALICE_OUTSIDE, BOB_OUTSIDE), at="1 s")
    assert endpoint_of(story, ALICE) is None
    assert endpoint_of(replace_now(story, SECOND + ROLE_SWAP), ALICE) == ALICE_OUTSIDE


def replace_now(story: Playbook, now: int) -> Playbook:
    return Playbook(story.state, story.records, now)


def test_a_way_is_news_once_and_again_when_it_did_not_lead_to_a_handshake() -> None:
    found = Reached(BOB.key, BOB_OUTSIDE, ALICE_OUTSIDE)
    story = up(ALICE).when(told(BOBS), at="1 s").when(found).when(found, at="2 s").then()
    again = story.when(found, at=f"{SECOND + FOUND_AGAIN} ms")
    assert again.events == (PeerEndpointObserved(BOB.key, "punch", BOB_OUTSIDE),)


def test_what_was_seen_otherwise_is_news_when_it_is_found_to_be_a_way() -> None:
    story = up(ALICE).when(told(BOBS)).given(PeerEndpointObserved(BOB.key, "exchange", BOB_OUTSIDE))
    assert story.when(Reached(BOB.key, BOB_OUTSIDE, ALICE_OUTSIDE)).events


def test_hearsay_waits_for_the_end_of_the_burst_which_tells_more() -> None:
    story = up(ALICE).when(told(BOBS), at="1 s")
    assert not story.until("5900 ms").state.session.trying
    assert story.until("6100 ms").state.session.trying
    blind = up(ALICE, GOSSIP).when(told(BOBS), at="1 s")
    assert blind.until("3500 ms").state.session.trying


def test_a_neighbour_is_left_to_wireguard_and_probed_later_if_it_may_be_none() -> None:
    story = up(ALICE).when(told(SignedRecord(BOB.record(), BOB.signed(BOB.record()))), at="1 s")
    assert volleys(story, "1 min")[1] == []
    same_network = behind_nat(BOB, BOB_OUTSIDE, lan=BOB.ip)
    _, probes = volleys(up(ALICE).when(told(same_network), at="1 s"), "20 s")
    assert probes[0][0] == SECOND + ROLE_SWAP + TURN


def test_nobody_is_probed_who_is_connected_banned_or_gone_or_when_we_left() -> None:
    story = up(ALICE).when(told(BOBS), at="1 s")
    connected = story.given(PeerConnected(BOB.key, BOB_OUTSIDE)).when(Networked(()), at="2 s")
    for over in (connected, story.when(Ban(BOB.public_key), at="2 s"), story.when(Leave(), at="2 s")):
        fired = over.when(Due("punch"))
        assert fired.effects == ()
        assert not fired.state.session.punching.punches


def test_without_the_port_nobody_is_probed_and_without_gossip_nobody_is_asked_either() -> None:
    blind, probes = volleys(up(ALICE, GOSSIP).when(told(BOBS), at="1 s"), "1 min")
    assert probes == []
    deaf = given(*ALICE.joined(), *CAROLS_TUNNEL).when(told(BOBS), at="1 s")
    assert not deaf.state.session.punching.punches
    assert blind.when(Resumed("port"), at="1 min").until("61 s").effects


def test_a_probe_is_answered_and_its_source_is_probed_in_turn() -> None:
    story = up(ALICE).when(told(BOBS), at="1 s").until("30 s").when(probe(BOB, ELSEWHERE), at="30 s")
    story.then(AnswerProbe(BOB.key, ELSEWHERE, bytes(12)))
    assert SendProbe(BOB.key, ELSEWHERE) in story.until("30 s").effects


def test_the_last_few_sources_are_probed_and_no_more_addresses_than_a_few() -> None:
    many = tuple(ClaimedEndpoint("lan", "wg", Endpoint(f"10.77.{n}.9", 9)) for n in range(16))
    record = BOB.record(endpoints=many)
    story = up(ALICE).when(told(SignedRecord(record, BOB.signed(record))), at="1 s")
    sources = [Endpoint(f"203.0.113.{n}", 9) for n in range(6)]
    for number, source in enumerate(sources, start=1):
        story = story.when(probe(BOB, source, number))
    addresses = [effect.address for effect in story.until("1 s").effects if isinstance(effect, SendProbe)]
    assert addresses[:SEEN] == list(reversed(sources))[:SEEN]
    assert len(addresses) == ADDRESSES


def test_a_replayed_probe_draws_nothing() -> None:
    story = up(ALICE).when(told(BOBS), at="1 s").when(probe(BOB, ELSEWHERE, 5))
    for number, boot in ((5, 1), (4, 1), (9, 0)):
        story.when(probe(BOB, ELSEWHERE, number, boot)).then()
    assert story.when(probe(BOB, ELSEWHERE, 1, boot=2)).effects


def test_the_probe_of_one_whom_we_do_not_use_draws_nothing() -> None:
    up(ALICE).when(probe(BOB, ELSEWHERE)).then()
    up(ALICE).when(told(BOBS)).when(Ban(BOB.public_key)).when(probe(BOB, ELSEWHERE)).then()


def test_answers_to_one_node_are_few() -> None:
    story, answers = up(ALICE).when(told(BOBS), at="1 s"), 0
    for number in range(1, 100):
        story = story.when(probe(BOB, ELSEWHERE, number))
        answers += len(story.effects)
    assert answers == ANSWERS_AT_ONCE


def test_a_connected_peer_is_answered_and_not_looked_for() -> None:
    story = up(ALICE).when(told(BOBS)).given(PeerConnected(BOB.key, BOB_OUTSIDE)).when(probe(BOB, ELSEWHERE))
    story.then(AnswerProbe(BOB.key, ELSEWHERE, bytes(12)))
    assert BOB.key not in story.when(Networked(())).state.session.punching.punches
    heard = story.when(Reached(BOB.key, BOB_OUTSIDE, ALICE_OUTSIDE))
    assert heard.events == (NatDetected("unknown", ALICE_OUTSIDE, (BOB.key,), ()),)
    heard.when(Reached(BOB.key, BOB.wireguard, ELSEWHERE)).then()
    up(ALICE).when(Reached(BOB.key, BOB_OUTSIDE, ALICE_OUTSIDE)).then()


def test_a_source_that_is_nobodys_address_is_not_probed() -> None:
    story = up(ALICE).when(told(BOBS), at="1 s").when(probe(BOB, Endpoint(BOB.ipv4, 9)))
    assert story.state.session.punching.punches[BOB.key].seen == ()


def test_row_23_an_address_that_many_claim_gets_a_burst_a_minute() -> None:
    victim = Endpoint("8.8.8.8", 53)
    story = up(ALICE).when(told(*(behind_nat(who, victim) for who in (BOB, DAVE))), at="1 s")
    _, probes = volleys(story, "61 s")
    assert 25 <= sum(address == victim for _, address in probes) <= 50


def test_an_address_that_answered_is_no_third_partys() -> None:
    story, _ = volleys(up(ALICE).when(told(BOBS), at="1 s"), "7 s")
    assert BOB_OUTSIDE.ip in story.state.session.punching.targets
    after = story.when(Reached(BOB.key, BOB_OUTSIDE, ALICE_OUTSIDE))
    assert BOB_OUTSIDE.ip not in after.state.session.punching.targets


def test_all_together_are_probed_fifty_times_a_second() -> None:
    records = [
        replace(behind_nat(who, Endpoint(f"203.0.113.{place}", 9), lan=f"10.77.{place}.9"))
        for place, who in enumerate((BOB, DAVE), start=1)
    ]
    story = up(ALICE).when(told(*records), at="1 s")
    spent = story.until("3 s").state.session.punching.all
    assert spent is not None
    assert spent.counted == 3 * SECOND


def test_a_burst_begins_anew_when_the_peer_or_we_are_elsewhere() -> None:
    story = up(ALICE).when(told(BOBS), at="1 s").until("1 min")
    moved = behind_nat(BOB, ELSEWHERE, change=3)
    renewed = SignedRecord(
        replace(BOBS.record, incarnation=Incarnation(1, 4)),
        BOB.signed(replace(BOBS.record, incarnation=Incarnation(1, 4))),
    )
    began = {
        name: begun.state.session.punching.punches[BOB.key].began
        for name, begun in {
            "moved": story.when(told(moved), at="1 min"),
            "said the same again": story.when(told(renewed), at="1 min"),
            "we moved": story.when(Networked((replace(ALICE.interface, prefixes=("172.16.0.1/24",)),)), at="1 min"),
        }.items()
    }
    assert began == {"moved": MINUTE, "said the same again": SECOND, "we moved": MINUTE}


def test_a_third_is_asked_to_bring_us_together_at_once_and_ever_more_rarely() -> None:
    story, times = up(ALICE).when(told(BOBS), at="1 s"), []
    for now in range(SECOND, 10 * MINUTE, 1000):
        story = story.until(f"{now} ms")
        times += [now for ask in asked(story) if ask == SendIntroduction(CAROL.key, BOB.key, True, False)]
    pauses = [after - before for before, after in itertools.pairwise(times)]
    assert times[0] == SECOND
    assert len(times) <= 8
    assert pauses == sorted(pauses)


def test_who_could_ask_nobody_yet_asks_the_first_third_that_it_reaches_at_its_next_volley() -> None:
    alone = given(*ALICE.joined()).given(PORT, GOSSIP, CAROL.discovered()).when(told(BOBS), at="1 s")
    assert asked(alone) == []
    story = alone.until("2 s").given(PeerConnected(CAROL.key, CAROL.wireguard))
    story, asking = story.until(f"{2 * SECOND + VOLLEY_PAUSE} ms"), SendIntroduction(CAROL.key, BOB.key, True, False)
    assert asked(story) == [asking]
    assert asked(story.until("6 s")) == [], "and it is not asked twice"


def test_who_is_introduced_is_let_in_probed_at_once_and_told_that_we_look_too() -> None:
    story = up(BOB).when(introduced(CAROL, BOB, ALICES), at="1 s")
    assert isinstance(story.events[0], PeerDiscovered)
    assert asked(story) == [SendIntroduction(CAROL.key, ALICE.key, True, True)]
    assert SendProbe(ALICE.key, ALICE_OUTSIDE) in story.until("1 s").effects


def test_an_answer_is_not_answered_and_nobody_is_answered_twice_in_five_seconds() -> None:
    story = up(BOB).when(introduced(CAROL, BOB, ALICES, is_answer=True), at="1 s")
    assert asked(story) == []
    first = up(BOB).when(introduced(CAROL, BOB, ALICES), at="1 s").when(introduced(CAROL, BOB, ALICES), at="2 s")
    assert asked(first) == []


def test_an_introduction_between_volleys_brings_the_next_forward() -> None:
    story, _ = volleys(up(BOB).when(told(ALICES), at="1 s"), "60 s")
    assert SendProbe(ALICE.key, ALICE_OUTSIDE) in story.when(introduced(CAROL, BOB, ALICES)).until("60 s").effects


def test_who_looks_for_us_though_we_think_it_connected_finds_our_nat_open() -> None:
    story = up(BOB).when(told(ALICES), at="1 s").given(PeerConnected(ALICE.key, ALICE_OUTSIDE))
    assert SendProbe(ALICE.key, ALICE_OUTSIDE) in story.when(introduced(CAROL, BOB, ALICES), at="2 s").effects


def test_an_introduction_of_one_whom_we_keep_out_is_nothing() -> None:
    up(BOB).when(told(ALICES)).when(Ban(ALICE.public_key)).when(introduced(CAROL, BOB, ALICES)).then()
    other = replace(ALICES.record, parameters=bytes(8))
    story = up(BOB).when(introduced(CAROL, BOB, SignedRecord(other, ALICE.signed(other))))
    assert ALICE.key not in story.mesh.peers


def test_where_probes_cannot_be_the_higher_key_tries_first_and_the_lower_gets_through() -> None:
    bob = up(BOB, GOSSIP).when(introduced(CAROL, BOB, ALICES), at="1 s")
    assert asked(bob) == [SendIntroduction(CAROL.key, ALICE.key, False, True)]
    assert tries(bob) == {ALICE.key: ALICE_OUTSIDE}
    alice = up(ALICE).when(introduced(CAROL, ALICE, BOBS, can_probe=False, is_answer=True), at="1 s")
    assert tries(alice) == {}
    later = alice.until("2600 ms")
    assert tries(later) == {BOB.key: BOB_OUTSIDE}
    assert not [effect for effect in later.effects if isinstance(effect, SendProbe)]


def tries(story: Playbook) -> dict[bytes, Endpoint]:
    return {identity: each.endpoint for identity, each in story.state.session.trying.items()}


def test_who_said_that_it_cannot_be_probed_and_then_probes_can() -> None:
    story = up(ALICE).when(introduced(CAROL, ALICE, BOBS, can_probe=False, is_answer=True), at="1 s")
    assert (
        not story.until("20 s").when(probe(BOB, ELSEWHERE), at="20 s").state.session.punching.punches[BOB.key].is_mute
    )


def test_a_way_that_was_probed_comes_before_what_was_seen_otherwise_and_later() -> None:
    probed, guessed = Endpoint("203.0.113.9", 40001), Endpoint("203.0.113.9", BOB.wireguard.port)
    story = given(*ALICE.joined()).given(BOB.discovered(), PeerEndpointObserved(BOB.key, "punch", probed), at="1 s")
    story = story.given(PeerEndpointObserved(BOB.key, "exchange", guessed), at="2 s")
    assert [claim.endpoint for claim in candidates(story.mesh, story.mesh.peers[BOB.key])][:2] == [probed, guessed]
    assert turn(story.mesh, story.mesh.peers[BOB.key], story.now) == probed


def test_a_silent_peer_is_tried_where_a_probe_was_answered_by_one_side_first() -> None:
    probed = Endpoint("203.0.113.9", 40001)
    for us, them, pause in ((ALICE, BOB, 0), (BOB, ALICE, ROLE_SWAP)):
        story = given(*us.joined()).given(them.discovered(), PeerConnected(them.key, them.wireguard))
        story = story.given(
            PeerDisconnected(them.key, 200_000), PeerEndpointObserved(them.key, "punch", probed), at="1 min"
        )
        peer = story.mesh.peers[them.key]
        assert turn(story.mesh, peer, MINUTE + pause) == probed
        assert pause == 0 or turn(story.mesh, peer, MINUTE + pause - 1) != probed
