import pytest

from tests.cast import ALICE, BOB, CAROL, Member
from tests.playbook import Playbook, given, resting, span
from wgmesh.domain.device import FOREIGN_KEY, NO_KEY, Device, DevicePeer, DeviceSample, Traffic
from wgmesh.domain.draft import Draft
from wgmesh.domain.effects import SendHello
from wgmesh.domain.events import (
    ForeignPeerSeen,
    PeerConnected,
    PeerDisconnected,
    PeerDiscovered,
    PeerEndpointObserved,
    PeerExpired,
    PeerRoamed,
    PeersSighted,
    PeerUpdated,
    Sighting,
)
from wgmesh.domain.inputs import Due, Sampled, Woke
from wgmesh.domain.liveness import FOREIGN_CAP, SILENT_AFTER, heard_age, last_sign
from wgmesh.domain.values import Endpoint, Moment

ALICE_STARTS = given().when(ALICE.start()).given(ALICE.joined()[3])
KNOWN = ALICE_STARTS.given(BOB.discovered(), BOB.observed())
CONNECTED = KNOWN.given(PeerConnected(BOB.key, BOB.wireguard))
ELSEWHERE = Endpoint("203.0.113.7", 5)


def sampled(
    who: Member = BOB,
    handshake_age: int | None = 0,
    received_age: int | None = None,
    endpoint: Endpoint | None = BOB.wireguard,
    handshaken: bool = True,
) -> Sampled:
    """What WireGuard says when this is all that is on the device."""
    peer = DevicePeer(who.public_key, 1, endpoint)
    traffic = Traffic(who.public_key, handshaken, handshake_age, received_age, rx_bytes=148, tx_bytes=92)
    return Sampled(DeviceSample(Device(peers=(peer,)), (traffic,)))


def test_a_handshake_connects_and_rests_on_who_claimed_the_address() -> None:
    connected = PeerConnected(BOB.key, BOB.wireguard)
    KNOWN.when(sampled(), at="1 s").then(resting(connected, on=PeerEndpointObserved), cause="wireguard")
    by_record = ALICE_STARTS.given(BOB.discovered())
    by_record.when(sampled(), at="1 s").then(resting(connected, on=PeerDiscovered))
    roamed_here = KNOWN.when(sampled(endpoint=ELSEWHERE), at="1 s")
    roamed_here.then(resting(PeerConnected(BOB.key, ELSEWHERE), on=PeerDiscovered))


def test_a_handshake_on_a_known_claim_rests_on_the_newer_record_once_it_was_updated() -> None:
    newer = KNOWN.given(BOB.updated(BOB.record(change=3)))
    newer.when(sampled(endpoint=ELSEWHERE), at="1 s").then(resting(PeerConnected(BOB.key, ELSEWHERE), on=PeerUpdated))


@pytest.mark.parametrize(
    "sample",
    [
        sampled(handshaken=False, handshake_age=None),
        sampled(handshaken=False, received_age=0),
        sampled(handshake_age=None),
        sampled(handshake_age=SILENT_AFTER + 1),
        sampled(endpoint=None),
        Sampled(DeviceSample(None)),
    ],
    ids=["no handshake", "bytes alone", "not in this run", "too old", "no endpoint", "no device"],
)
def test_nothing_else_connects(sample: Sampled) -> None:
    KNOWN.when(sample, at="1 s").then()


def test_a_connected_peer_that_is_still_heard_is_no_event() -> None:
    for age in (0, SILENT_AFTER):
        CONNECTED.when(sampled(handshake_age=age), at="10 min").then()
        CONNECTED.when(sampled(handshake_age=SILENT_AFTER + 9, received_age=age), at="10 min").then()


def test_a_connected_peer_that_wireguard_followed_elsewhere_roamed() -> None:
    roamed = PeerRoamed(BOB.key, ELSEWHERE, BOB.wireguard)
    story = CONNECTED.when(sampled(endpoint=ELSEWHERE), at="1 s").then(resting(roamed, on=PeerConnected))
    back = PeerRoamed(BOB.key, BOB.wireguard, ELSEWHERE)
    story.when(sampled(), at="2 s").then(resting(back, on=PeerRoamed))


def test_who_moves_all_the_time_is_written_down_four_times_and_then_once_a_minute() -> None:
    story, moves = CONNECTED, list[int]()
    for second in range(1, 181):
        story = story.when(sampled(endpoint=ELSEWHERE if second % 2 else BOB.wireguard), at=f"{second} s")
        moves += [second for event in story.events if isinstance(event, PeerRoamed)]
    assert moves[:4] == [1, 2, 3, 4]
    assert len(moves[4:]) in (2, 3)
    settled = story.when(sampled(endpoint=Endpoint("203.0.113.9", 1)), at="6 min")
    assert [type(event) for event in settled.events] == [PeerRoamed], "in the end it is known where it is"


def test_who_gave_no_sign_for_three_minutes_is_silent_once() -> None:
    silent = PeerDisconnected(BOB.key, SILENT_AFTER + 1)
    quiet = sampled(handshake_age=SILENT_AFTER + 1, received_age=SILENT_AFTER + 9)
    story = CONNECTED.when(quiet, at="10 min").then(resting(silent, on=PeerConnected))
    story.when(quiet, at="11 min").then()


def test_after_a_restart_silence_is_counted_from_the_start() -> None:
    story = CONNECTED.when(ALICE.start(boot=2), at="1 h")
    never = sampled(handshake_age=None)
    story.when(never, at="1 h 3 min").then()
    story.when(never, at="1 h 3 min 1 ms").then(PeerDisconnected(BOB.key, SILENT_AFTER + 1))


def test_who_came_back_is_connected_again() -> None:
    silent = CONNECTED.given(PeerDisconnected(BOB.key, 181_000), at="10 min")
    silent.when(sampled(), at="11 min").then(PeerConnected(BOB.key, BOB.wireguard))


def test_a_sign_from_before_the_silence_connects_nobody() -> None:
    silent = CONNECTED.given(PeerDisconnected(BOB.key, 10_500), at="10 min")
    silent.when(sampled(handshake_age=60_000, received_age=1_000), at="10 min 1 s").then()
    silent.when(sampled(handshake_age=61_000, received_age=999), at="10 min 1 s").then(
        PeerConnected(BOB.key, BOB.wireguard)
    )


def test_the_last_sign_of_a_peer_is_the_last_that_was_sampled_or_that_it_connected() -> None:
    def told(story: Playbook) -> int:
        draft = Draft(story.state, Moment(0, story.now), "gossip")
        return last_sign(draft, story.mesh.peers[BOB.key])

    connected = KNOWN.given(PeerConnected(BOB.key, BOB.wireguard), at="1 min")
    assert told(connected) == span("1 min")
    assert told(connected.when(sampled(handshake_age=9_000), at="2 min")) == span("1 min 51 s")
    assert told(connected.when(sampled(handshake_age=90_000), at="2 min")) == span("1 min")
    assert told(connected.when(sampled(handshake_age=None), at="2 min")) == span("1 min")


def test_who_is_gone_is_neither_connected_nor_foreign() -> None:
    gone = CONNECTED.given(PeerDisconnected(BOB.key, 1), PeerExpired(BOB.key, 1))
    gone.when(sampled(), at="1 s").then()


def foreign(key: bytes = CAROL.public_key, preshared: int = FOREIGN_KEY) -> Sampled:
    traffic = Traffic(key)
    return Sampled(DeviceSample(Device(peers=(DevicePeer(key, preshared),)), (traffic,)))


def test_a_peer_that_we_did_not_put_there_is_told_once() -> None:
    for preshared in (FOREIGN_KEY, NO_KEY):
        story = ALICE_STARTS.when(foreign(preshared=preshared), at="1 s").then(ForeignPeerSeen(CAROL.public_key))
        story.when(foreign(preshared=preshared), at="6 s").then()


def test_an_unknown_peer_with_our_preshared_key_is_ours_and_older_than_our_log() -> None:
    ALICE_STARTS.when(foreign(preshared=1), at="1 s").then()


def test_a_crowd_of_foreign_peers_does_not_fill_the_log() -> None:
    crowded = ALICE_STARTS.given(*(ForeignPeerSeen(b"f%31d" % n) for n in range(FOREIGN_CAP)))
    crowded.when(foreign(), at="1 s").then()


def test_the_youngest_sign_counts() -> None:
    key = bytes(32)
    assert heard_age(Traffic(key)) is None
    assert heard_age(Traffic(key, handshake_age=7)) == 7
    assert heard_age(Traffic(key, handshake_age=7, received_age=3)) == 3
    assert heard_age(Traffic(key, handshake_age=7, received_age=9)) == 7


def test_the_roll_call_names_who_shook_hands_and_when_each_was_heard() -> None:
    story = CONNECTED.when(sampled(handshake_age=400), at="1 h").when(Due("roll-call"), at="1 h 5 s")
    story.then(PeersSighted((Sighting(BOB.key, 5_400, 148, 92),)), cause="timer/roll-call")
    restarted = CONNECTED.when(ALICE.start(boot=2), at="1 h").when(sampled(handshake_age=None), at="1 h")
    restarted.when(Due("roll-call")).then(PeersSighted((Sighting(BOB.key, -1, 148, 92),)))


def test_where_nobody_ever_shook_hands_no_roll_is_called() -> None:
    KNOWN.when(Due("roll-call"), at="1 h").then()
    KNOWN.when(sampled(handshaken=False, handshake_age=None), at="1 h").when(Due("roll-call")).then()
    gone = CONNECTED.when(sampled(), at="1 h").given(PeerExpired(BOB.key, 1))
    gone.when(Due("roll-call")).then()


def forgotten(story: Playbook, at: str) -> Playbook:
    return story.when(Due("forget"), at=at)


def test_who_was_never_reached_is_forgotten_after_an_hour() -> None:
    forgotten(KNOWN, "59 min 59.999 s").then()
    forgotten(KNOWN, "1 h").then(resting(PeerExpired(BOB.key, span("1 h")), on=PeerDiscovered), cause="timer/forget")


def test_row_11_a_peer_that_was_made_of_a_replay_stays_connecting_and_is_forgotten_after_an_hour() -> None:
    replayed = ALICE_STARTS.when(BOB.says_hello(None), at="1 s")
    assert replayed.mesh.peers[BOB.key].state == "connecting"
    gone = replayed.until("1 h 15 min")
    assert gone.mesh.peers[BOB.key].state == "expired"


def test_who_was_once_connected_is_forgotten_after_a_day_of_silence() -> None:
    silent = CONNECTED.given(PeerDisconnected(BOB.key, 181_000), at="10 min")
    forgotten(silent, "1 d 9 min 59.999 s").then()
    forgotten(silent, "1 d 10 min").then(PeerExpired(BOB.key, span("1 d")))


def test_row_17_a_weekend_asleep_forgets_nobody() -> None:
    """A laptop is closed on Friday with a silent peer in its list, and opened on Monday: a day is to come."""
    silent = CONNECTED.given(PeerDisconnected(BOB.key, 181_000), at="10 min")
    woken = silent.when(Woke(span("2 d")), at="2 d 1 h")
    forgotten(woken, "2 d 1 h 10 min").then()
    forgotten(woken, "3 d 9 min").then()
    forgotten(woken, "3 d 10 min").then(PeerExpired(BOB.key, span("1 d")))


def test_who_is_connected_is_never_forgotten() -> None:
    forgotten(CONNECTED, "90 d").then()


def test_who_is_heard_on_the_lan_is_not_forgotten_though_wireguard_never_reached_it() -> None:
    heard = KNOWN.when(BOB.announces(), at="50 min")
    forgotten(heard, "1 h 49 min").then()
    forgotten(heard, "1 h 50 min").then(PeerExpired(BOB.key, span("1 h")))


def test_a_fresh_start_gives_everybody_the_benefit_of_the_doubt() -> None:
    restarted = KNOWN.when(ALICE.start(boot=2), at="10 h")
    forgotten(restarted, "10 h 59 min").then()
    forgotten(restarted, "11 h").then(PeerExpired(BOB.key, span("1 h")))


def test_who_was_forgotten_is_found_again() -> None:
    gone = forgotten(KNOWN, "1 h")
    assert gone.mesh.present_peers == ()
    gone.when(BOB.announces(), at="2 h").then(SendHello("lan", "eth0", BOB.lan, BOB.key, 1))
