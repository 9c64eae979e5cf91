"""Alice does not reach Bob: whom she asks to relay, what she makes of the answer, and when she asks the next."""

from tests.cast import BOB, CAROL, DAVE, ERIN
from tests.playbook import Playbook, span
from tests.relayed import GATE, PORT, alice, best_first, relayed, said, sampled, says
from wgmesh.domain import relaying
from wgmesh.domain.device import Traffic
from wgmesh.domain.effects import Sample, SendGossip
from wgmesh.domain.events import (
    LayerSuspended,
    PeerBanned,
    PeerConnected,
    PeerDisconnected,
    PeerRelayed,
    PeerUnrelayed,
    RelayPortChosen,
)
from wgmesh.domain.gossip_messages import Answer, Probe, Vouch
from wgmesh.domain.inputs import Due, Resumed, Sampled, Suspended
from wgmesh.domain.relay_messages import RelayAsk, RelayDenial, RelayGrant, RelayOffer
from wgmesh.domain.relay_state import Wish
from wgmesh.domain.values import Endpoint

BOTH = alice(CAROL, DAVE)
BEST, NEXT = best_first(BOTH, CAROL, DAVE)
ASK = RelayAsk(BOB.key, PORT)
# Something about the peers or layers changes, so that it is thought of whom to seek a relay for.
NEWS = Resumed("lan")


def asked(story: Playbook = BOTH) -> Playbook:
    """Five seconds after Alice met Bob the best relay is asked."""
    story = story.when(NEWS, at="1 s").until("5 s")
    assert said(story) == [(BEST.key, ASK)]
    return story


def granted(story: Playbook = BOTH) -> Playbook:
    return asked(story).when(says(BEST, RelayGrant(BOB.key, GATE)), at="5.1 s")


def in_use() -> Playbook:
    """Bob is reached through the best relay, and directly beside it, which is on trial."""
    story = relayed(BOTH.given(PeerConnected(BOB.key, BOB.wireguard)), BEST)
    return story.when(sampled(BEST), at="16 s").when(NEWS)


def taken_directly(story: Playbook) -> Playbook:
    """Three signs on the direct way."""
    for number in (1, 2, 3):
        story = story.when(Due("trial"), at=f"{16 + number} s")
        [probe] = [each.message for each in story.effects if isinstance(each, SendGossip) and each.to == BOB.key]
        assert isinstance(probe, Probe)
        story = story.when(says(BOB, Answer(probe.number)), at=f"{16.1 + number} s")
    return story


def wishes(story: Playbook) -> dict[bytes, Wish]:
    return story.state.session.relaying.wishes


def through(story: Playbook) -> bytes:
    passage = story.mesh.peers[BOB.key].relayed
    return passage.relay if passage else b""


def test_a_relay_is_asked_when_the_direct_way_had_its_time() -> None:
    asked()


def test_an_answer_that_does_not_come_is_asked_for_thrice_then_the_next_is_asked() -> None:
    story = asked().until("9 s")
    assert said(story) == [(BEST.key, ASK), (BEST.key, ASK), (NEXT.key, ASK), (NEXT.key, ASK)]


def test_who_denies_is_left_for_the_next_at_once_and_then_all_are_left_for_a_while() -> None:
    story = asked().when(says(BEST, RelayDenial(BOB.key)), at="5.1 s").until("5.1 s")
    assert said(story) == [(NEXT.key, ASK)]
    vain = story.when(says(NEXT, RelayDenial(BOB.key)), at="5.2 s").until("9.1 s")
    assert said(vain) == []
    assert wishes(vain)[BOB.key].rounds == 1
    assert said(vain.until("15 s"))[:4] == [(BEST.key, ASK)] * 3 + [(NEXT.key, ASK)]


def test_a_peer_that_nobody_reaches_is_asked_for_ever_more_rarely() -> None:
    nobody = alice().when(NEWS, at="1 s")
    assert said(nobody.until("2 h")) == []
    rounds = [nobody.until(at).state.session.relaying.wishes[BOB.key].rounds for at in ("1 h", "2 h")]
    assert rounds[1] - rounds[0] <= 6


def test_a_granted_relay_is_taken_once_it_shook_hands() -> None:
    story = granted().then(Sample())
    assert story.state.session.relaying.leases[BOB.key].relay == BEST.key
    silent = story.when(sampled(None, received_age=None, rx_bytes=0), at="5.2 s")
    assert not through(silent)
    early = story.when(sampled(BEST, received_age=span("5 s")), at="5.3 s")
    assert not through(early), "that was before the grant"
    story = story.when(sampled(BEST), at="5.5 s")
    assert story.events == (PeerRelayed(BOB.key, BEST.key, GATE),)
    assert wishes(story) == {}
    assert story.state.session.relaying.leases == {}
    assert story.mesh.peers[BOB.key].state == "connected"


def test_who_was_granted_a_relay_looks_often_for_a_while_whether_hands_were_shaken_through_it() -> None:
    story = asked().until("15 s").when(says(BEST, RelayGrant(BOB.key, GATE)), at="15.1 s")
    nothing = sampled(None, received_age=None, rx_bytes=0)
    assert story.when(nothing, at="15.2 s").state.session.sample_due == span("15.45 s")
    late = story.until("20 s").when(nothing, at="20.1 s")
    assert late.state.session.sample_due == story.until("20.1 s").state.session.sample_due


def test_a_grant_that_was_not_asked_for_is_nothing() -> None:
    for sender, peer in ((NEXT, BOB), (BEST, ERIN)):
        story = asked().when(says(sender, RelayGrant(peer.key, GATE)), at="5.1 s")
        assert story.state.session.relaying.leases == {}


def test_a_granted_relay_through_which_nothing_comes_is_left_for_the_next() -> None:
    story = granted().until("17.1 s")
    assert said(story)[:1] == [(NEXT.key, ASK)]
    later = story.until("2 min")
    assert (BEST.key, ASK) not in said(later)


def test_what_the_other_side_wants_is_asked_for_as_well() -> None:
    story = BOTH.when(says(NEXT, RelayOffer(BOB.key)), at="2 s")
    assert said(story) == [(NEXT.key, ASK)]
    story = story.when(says(NEXT, RelayGrant(BOB.key, GATE)), at="2.1 s").when(sampled(NEXT), at="2.3 s")
    assert through(story) == NEXT.key


def test_an_offer_of_nobody_s_or_of_who_cannot_relay_is_nothing() -> None:
    assert said(BOTH.when(says(NEXT, RelayOffer(ERIN.key)), at="2 s")) == []
    assert said(BOTH.given(PeerBanned(BOB.public_key)).when(says(NEXT, RelayOffer(BOB.key)), at="2 s")) == []
    assert said(BOTH.given(PeerDisconnected(NEXT.key, 1)).when(says(NEXT, RelayOffer(BOB.key)), at="2 s")) == []
    assert said(BOTH.given(RelayPortChosen(0)).when(says(NEXT, RelayOffer(BOB.key)), at="2 s")) == []


def test_an_offer_for_a_peer_that_is_connected_makes_it_doubted_and_is_taken() -> None:
    story = BOTH.given(PeerConnected(BOB.key, BOB.wireguard)).when(says(NEXT, RelayOffer(BOB.key)), at="2 s")
    assert list(story.state.session.watch.doubts) == [BOB.key]
    assert wishes(story.until("3.1 s")) == {}, "nobody needs it any more"
    story = story.when(says(NEXT, RelayGrant(BOB.key, GATE)), at="2.1 s").when(sampled(NEXT), at="2.3 s")
    assert through(story) == NEXT.key


def test_who_is_lost_as_a_relay_is_replaced_at_once() -> None:
    story = relayed(BOTH, BEST).given(PeerDisconnected(BEST.key, 1)).when(NEWS, at="16 s")
    assert PeerUnrelayed(BOB.key, BEST.key, "lost") in story.events
    assert said(story.until("16 s")) == [(NEXT.key, ASK)]


def test_a_relay_that_revokes_is_replaced_at_once() -> None:
    story = relayed(BOTH, BEST).when(says(BEST, RelayDenial(BOB.key)), at="16 s")
    assert PeerUnrelayed(BOB.key, BEST.key, "revoked") in story.events
    assert said(story.until("16 s")) == [(NEXT.key, ASK)]
    during = granted().when(says(BEST, RelayDenial(BOB.key)), at="5.2 s")
    assert during.state.session.relaying.leases == {}
    assert said(during.until("5.2 s")) == [(NEXT.key, ASK)]
    stranger = BOTH.when(says(BEST, RelayDenial(ERIN.key)), at="2 s")
    assert wishes(stranger) == {}


def test_who_is_gone_needs_no_relay() -> None:
    story = relayed(BOTH, BEST).given(PeerBanned(BOB.public_key)).when(NEWS, at="16 s")
    assert PeerUnrelayed(BOB.key, BEST.key, "gone") in story.events
    assert wishes(story) == {}


def test_a_relay_that_falls_silent_is_left() -> None:
    story = relayed(BOTH, BEST).when(sampled(BEST), at="16 s")
    quiet = story.when(sampled(BEST, tx_bytes=600), at="40 s")
    assert through(quiet) == BEST.key, "a keepalive wants no answer"
    left = story.when(sampled(BEST, tx_bytes=5000), at="37 s")
    assert PeerUnrelayed(BOB.key, BEST.key, "silent") in left.events
    assert said(left.until("37 s")) == [(NEXT.key, ASK)]
    dead = story.when(sampled(BEST, tx_bytes=600), at="200 s")
    assert PeerUnrelayed(BOB.key, BEST.key, "silent") in dead.events


def test_a_relay_that_the_other_side_changed_is_followed() -> None:
    story = relayed(BOTH, BEST).when(sampled(NEXT, rx_bytes=900, port=GATE + 1), at="16 s")
    assert story.events == (PeerRelayed(BOB.key, NEXT.key, GATE + 1),)
    elsewhere = relayed(BOTH, BEST).when(sampled(None), at="16 s")
    assert through(elsewhere) == BEST.key


def test_a_new_grant_of_the_same_relay_changes_nothing() -> None:
    story = relayed(BOTH, BEST).when(says(BEST, RelayOffer(BOB.key)), at="16 s")
    story = story.when(says(BEST, RelayGrant(BOB.key, GATE)), at="16.1 s").when(sampled(BEST), at="16.5 s")
    assert story.events == ()
    assert story.state.session.relaying.leases == {}


def test_whom_others_reach_and_we_do_not_gets_a_relay_beside_the_direct_way() -> None:
    story = BOTH.given(PeerConnected(BOB.key, BOB.wireguard))
    stuck = Traffic(BOB.public_key, True, 0, 0, 500, 500)
    busy = Traffic(BOB.public_key, True, 0, 0, 500, 9000)
    story = story.when(sampled(None, received_age=None, direct=stuck), at="1 s")
    doubted = story.when(sampled(None, received_age=None, direct=busy), at="21 s")
    [(suspect, doubt)] = doubted.state.session.watch.doubts.items()
    assert suspect == BOB.key
    vouched = doubted.when(says(CAROL, Vouch(BOB.key, doubt.number)), at="22 s")
    assert list(vouched.state.session.relaying.broken) == [BOB.key]
    assert said(vouched.until("22 s")) == [(BEST.key, ASK)]
    again = vouched.when(sampled(None, received_age=None, direct=busy), at="30 s")
    assert BOB.key not in again.state.session.watch.doubts, "that is known by now"
    story = vouched.until("22 s").when(says(BEST, RelayGrant(BOB.key, GATE)), at="22.1 s")
    assert through(story.when(sampled(BEST), at="23 s")) == BEST.key


def test_who_still_comes_through_a_relay_that_we_left_is_asked_for_a_sign_on_the_direct_way() -> None:
    story = BOTH.given(PeerConnected(BOB.key, BOB.wireguard))
    story = relayed(story, BEST).when(sampled(BEST), at="16 s").given(PeerUnrelayed(BOB.key, BEST.key, "silent"))
    quiet = story.when(sampled(BEST), at="30 s")
    assert quiet.state.session.watch.doubts == {}, "nothing came since"
    heard = story.when(sampled(BEST, rx_bytes=532), at="30 s")
    assert list(heard.state.session.watch.doubts) == [BOB.key]
    silent = story.given(PeerDisconnected(BOB.key, 1)).when(sampled(BEST, rx_bytes=532), at="30 s")
    assert silent.state.session.watch.doubts == {}, "there is no direct way"


def test_what_comes_through_a_relay_that_is_in_use_or_on_trial_raises_no_doubt() -> None:
    story = in_use()
    assert story.when(sampled(BEST, rx_bytes=532), at="30 s").state.session.watch.doubts == {}
    story = taken_directly(story)
    assert story.events[-1:] == (PeerUnrelayed(BOB.key, BEST.key, "direct"),)
    assert story.when(sampled(BEST, rx_bytes=564), at="30 s").state.session.watch.doubts == {}, "it is asked anyway"


def test_who_is_lost_on_the_direct_way_that_was_taken_is_reached_as_it_comes_through_the_relay() -> None:
    lost = taken_directly(in_use()).given(PeerDisconnected(BOB.key, 1))
    assert BOB.key in lost.state.session.relaying.trials, "what was taken is watched for an hour"
    assert lost.when(sampled(BEST, rx_bytes=564), at="30 s").events == (PeerRelayed(BOB.key, BEST.key, GATE),)


def test_who_comes_through_a_relay_and_is_not_reached_otherwise_is_reached_through_it() -> None:
    story = BOTH.when(sampled(BEST), at="2 s")
    assert story.when(sampled(BEST), at="30 s").events == (), "nothing came since"
    assert story.when(sampled(None, rx_bytes=532), at="30 s").events == (), "nobody knows how"
    heard = story.when(sampled(BEST, rx_bytes=532), at="30 s")
    assert heard.events == (PeerRelayed(BOB.key, BEST.key, GATE),)
    left = relayed(story, BEST).given(PeerUnrelayed(BOB.key, BEST.key, "revoked"), at="29 s")
    assert left.when(sampled(BEST, rx_bytes=532, received_age=span("2 s")), at="30 s").events == (), (
        "before it was left"
    )
    assert left.when(sampled(BEST, rx_bytes=532), at="30 s").events == (PeerRelayed(BOB.key, BEST.key, GATE),)


FAR = Endpoint("203.0.113.7", 7)


def flow(story: Playbook, *sent: tuple[int, int, int]) -> Playbook:
    """At such a second the first interface had received and sent so many bytes from and to Bob."""
    for second, rx_bytes, tx_bytes in sent:
        direct = Traffic(BOB.public_key, True, 0, 0, rx_bytes, tx_bytes)
        story = story.when(sampled(None, received_age=None, direct=direct), at=f"{second} s")
    return story


def test_a_direct_way_that_somebody_uses_is_looked_at_every_second_where_a_relay_could_take_its_place() -> None:
    far, near = PeerConnected(BOB.key, FAR), PeerConnected(BOB.key, BOB.wireguard)
    used = ((1, 500, 500), (11, 5000, 5000))
    story = flow(BOTH.given(far), *used)
    assert story.state.session.relaying.busy_until == span("41 s")
    for idle in (
        flow(BOTH.given(far), (1, 500, 500), (11, 532, 532)),
        flow(BOTH.given(near), *used),
        flow(BOTH.given(far, RelayPortChosen(0)), *used),
        flow(alice().given(far), *used),
    ):
        assert idle.state.session.relaying.busy_until == 0


def test_what_is_said_on_it_in_vain_for_three_seconds_has_the_peer_asked_for_a_sign() -> None:
    story = flow(BOTH.given(PeerConnected(BOB.key, FAR)), (1, 500, 500), (11, 5000, 5000), (13, 5000, 6000))
    assert story.state.session.watch.doubts == {}
    assert list(flow(story, (14, 5000, 6500)).state.session.watch.doubts) == [BOB.key]


def test_who_is_relayed_already_is_not_bypassed() -> None:
    story = relayed(BOTH, BEST)
    assert story.when(says(CAROL, Vouch(BOB.key, 1)), at="16 s").state.session.relaying.broken == {}


def test_without_gossip_or_a_second_interface_no_relay_is_sought() -> None:
    mute = BOTH.given(LayerSuspended("gossip", "off")).when(Suspended("lan", "x"), at="1 s")
    assert wishes(mute) == {}
    assert wishes(BOTH.given(RelayPortChosen(0)).when(NEWS, at="1 s")) == {}


def test_a_look_without_a_second_interface_says_nothing_of_it() -> None:
    story = relayed(BOTH, BEST)
    assert story.when(Sampled(sampled(None).sample), at="20 s").events == ()
    assert relaying.next_ask(story.state) is None


def test_a_lease_that_is_young_waits_while_another_is_given_up() -> None:
    story = alice(CAROL, DAVE, others=(BOB, ERIN)).when(NEWS, at="1 s").until("5 s")
    relay = {message.peer: to for to, message in said(story) if isinstance(message, RelayAsk)}
    first = next(who for who in (CAROL, DAVE) if who.key == relay[BOB.key])
    second = next(who for who in (CAROL, DAVE) if who.key == relay[ERIN.key])
    story = story.when(says(first, RelayGrant(BOB.key, GATE)), at="5.1 s")
    story = story.when(says(second, RelayGrant(ERIN.key, GATE)), at="6.5 s").until("17.2 s")
    assert list(story.state.session.relaying.leases) == [ERIN.key]


def test_a_doubt_about_somebody_else_brings_no_relay() -> None:
    stuck = Traffic(BOB.public_key, True, 0, 0, 500, 500)
    story = BOTH.when(sampled(None, received_age=None, direct=stuck), at="1 s")
    assert story.state.session.relaying.direct == {}, "who is not connected owes no answer"


def test_who_is_not_reached_though_others_reach_it_has_one_wish_and_none_without_a_second_interface() -> None:
    met = (PeerConnected(BOB.key, BOB.wireguard),)
    busy, stuck = (Traffic(BOB.public_key, True, 0, 0, 500, tx_bytes) for tx_bytes in (9000, 500))

    def vouched(story: Playbook) -> Playbook:
        story = story.given(*met).when(sampled(None, received_age=None, direct=stuck), at="1 s")
        story = story.when(sampled(None, received_age=None, direct=busy), at="21 s")
        doubt = story.state.session.watch.doubts[BOB.key]
        return story.when(says(CAROL, Vouch(BOB.key, doubt.number)), at="22 s")

    assert wishes(vouched(BOTH.given(RelayPortChosen(0)))) == {}
    offered = BOTH.given(*met).when(says(NEXT, RelayOffer(BOB.key)), at="0.5 s")
    assert list(wishes(offered)) == [BOB.key]


def test_what_the_other_side_wants_stays_a_wish_whatever_else_happens_and_is_one_wish() -> None:
    story = BOTH.given(PeerConnected(BOB.key, BOB.wireguard)).when(says(NEXT, RelayOffer(BOB.key)), at="2 s")
    wish = wishes(story)[BOB.key]
    story = story.when(Resumed("exchange"), at="2.1 s")
    doubt = story.state.session.watch.doubts[BOB.key]
    story = story.when(says(CAROL, Vouch(BOB.key, doubt.number)), at="2.2 s")
    assert wishes(story) == {BOB.key: wish}
    assert list(story.state.session.relaying.broken) == [BOB.key]
