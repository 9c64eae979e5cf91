"""Alice wants nothing to do with Bob; Carol is let alone."""

from tests.cast import ALICE, BOB, CAROL
from tests.playbook import Playbook, given, resting
from wgmesh.domain.bans import BAN_CAP
from wgmesh.domain.device import Device, DevicePeer, DeviceSample, Traffic
from wgmesh.domain.effects import SendHello
from wgmesh.domain.events import PeerBanned, PeerConnected, PeerDiscovered, PeerUnbanned, PeerUpdated
from wgmesh.domain.inputs import Ban, Sampled, Unban
from wgmesh.projections.desired_device import desired_device

BAN, UNBAN = Ban(BOB.public_key), Unban(BOB.public_key)
CONNECTED = given(*ALICE.joined(), BOB.discovered(), CAROL.discovered(), PeerConnected(BOB.key, BOB.wireguard))


def keys(story: Playbook) -> list[bytes]:
    return [peer.public_key for peer in desired_device(story.mesh, story.now).peers]


def test_who_is_banned_is_off_the_device_at_once_and_back_when_it_is_let_in() -> None:
    assert keys(CONNECTED) == [BOB.public_key, CAROL.public_key]
    banned = CONNECTED.when(BAN, at="1 s").then(resting(PeerBanned(BOB.public_key), on=PeerDiscovered))
    assert keys(banned) == [CAROL.public_key]
    back = banned.when(UNBAN, at="2 s").then(resting(PeerUnbanned(BOB.public_key), on=PeerBanned))
    assert keys(back) == [BOB.public_key, CAROL.public_key]


def test_what_is_so_already_is_not_said_again() -> None:
    CONNECTED.when(UNBAN).then()
    CONNECTED.when(BAN).when(BAN).then()
    CONNECTED.when(Ban(ALICE.public_key)).then()


def test_a_node_bans_so_many_keys_and_no_more() -> None:
    full = CONNECTED.given(*(PeerBanned(number.to_bytes(32)) for number in range(BAN_CAP)))
    full.when(BAN).then()
    full.given(PeerUnbanned(bytes(32))).when(BAN).then(resting(PeerBanned(BOB.public_key), on=PeerDiscovered))


def test_its_hello_is_not_answered_and_its_record_is_stored_all_the_same() -> None:
    moved = BOB.record(change=7)
    banned = CONNECTED.when(BAN, at="1 s")
    banned.when(BOB.says_hello(ALICE, moved, number=2), at="2 s").then(
        resting(BOB.updated(moved, (1, 2)), on=PeerDiscovered)
    )
    assert [type(event) for event in CONNECTED.when(BOB.says_hello(ALICE, moved, number=2)).effects] != []


def test_a_stranger_that_was_banned_before_it_came_is_stored_and_not_answered() -> None:
    story = given(*ALICE.joined()).when(BAN).when(BOB.says_hello(None), at="1 s")
    assert [type(event) for event in story.events] == [PeerDiscovered]
    assert (story.effects, keys(story)) == ((), [])


def test_its_announcement_is_not_followed_and_its_answer_to_what_was_asked_before_leads_to_nothing() -> None:
    news = BOB.record(change=7)
    assert [type(effect) for effect in CONNECTED.when(BOB.announces(news)).effects] == [SendHello]
    banned = CONNECTED.when(BAN, at="1 s")
    banned.when(BOB.announces(news)).then()
    answered = banned.when(BOB.replies(ALICE, news))
    assert ([type(event) for event in answered.events], answered.effects) == ([PeerUpdated], ())
    banned.when(BOB.confirms(ALICE)).then()


def test_a_look_at_a_device_that_still_has_it_connects_nobody() -> None:
    device = Device(peers=(DevicePeer(BOB.public_key, 1, BOB.wireguard),))
    sampled = Sampled(DeviceSample(device, (Traffic(BOB.public_key, True, 10, 10, 1, 1),)))
    CONNECTED.when(BAN, at="1 s").when(sampled).then()


def test_a_ban_outlives_a_restart() -> None:
    again = CONNECTED.when(BAN, at="1 s").when(ALICE.start(boot=2), at="2 s").until("3 d")
    assert keys(again) == []
    assert [peer.identity for peer in again.mesh.listed_peers] == [BOB.key]
