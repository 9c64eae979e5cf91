"""Bob and Carol are known to Alice, and go."""

from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL, DAVE, Member
from tests.playbook import Playbook, given, resting, span
from tests.told import left
from wgmesh.domain.events import (
    HeadWitnessed,
    PeerBanned,
    PeerConnected,
    PeerDiscovered,
    PeerExpired,
    PeerLeft,
    PeerRefused,
    PeersPurged,
    PeerUpdated,
)
from wgmesh.domain.facts import Tombstone
from wgmesh.domain.forgetting import AT_ONCE
from wgmesh.domain.inputs import Due, Input, Told
from wgmesh.domain.membership import MESH_FULL
from wgmesh.domain.mesh import fingerprint
from wgmesh.domain.peer_record import PeerRecord, SignedRecord
from wgmesh.domain.session import PEER_CAP
from wgmesh.domain.values import DAY, Incarnation

KNOWN = given(*ALICE.joined()).given(BOB.discovered(counter=(1, 7)), CAROL.discovered())
GONE = KNOWN.given(PeerExpired(BOB.key, DAY))
PURGED = GONE.when(Due("forget"), at="30 d")


def passed_on(who: Member, record: PeerRecord | None = None) -> Told:
    """Carol says that this is its record."""
    record = record or who.record()
    return Told("gossip", CAROL.lan, (SignedRecord(record, who.signed(record)),), CAROL.key)


def purges(story: Playbook) -> list[PeersPurged]:
    return [event for event in story.events if isinstance(event, PeersPurged)]


def test_who_was_forgotten_is_held_for_thirty_days_and_then_let_go() -> None:
    assert purges(GONE.when(Due("forget"), at="29 d 23 h")) == []
    assert purges(PURGED) == [PeersPurged((BOB.key,), ())]
    rest = [event for event in PURGED.events if not isinstance(event, PeersPurged)]
    PURGED.then(*rest, resting(PeersPurged((BOB.key,), ()), on=PeerExpired), cause="timer/forget")


def test_who_said_goodbye_is_let_go_thirty_days_later() -> None:
    said = GONE.given(left(BOB), at="10 d")
    assert purges(said.when(Due("forget"), at="39 d")) == []
    assert purges(said.when(Due("forget"), at="40 d")) == [PeersPurged((BOB.key,), ())]


def test_who_is_present_is_never_let_go_by_time() -> None:
    story = KNOWN.given(PeerConnected(BOB.key, BOB.wireguard), PeerConnected(CAROL.key, CAROL.wireguard))
    story.when(Due("forget"), at="400 d").then()


def test_nothing_stays_of_it_but_a_tombstone() -> None:
    story = KNOWN.given(HeadWitnessed(BOB.key, 7, bytes(16)), PeerExpired(BOB.key, DAY)).when(Due("forget"), at="30 d")
    mesh = story.mesh
    stone = Tombstone("bob", Incarnation(1, 2), Incarnation(1, 7), share_of(BOB), mesh.head)
    assert mesh.tombstones == {BOB.key: stone}
    assert (list(mesh.peers), mesh.witnessed, list(mesh.routed.values())) == ([CAROL.key], {}, [])
    assert mesh.digest == fingerprint(CAROL.signed(CAROL.record()))


def share_of(who: Member) -> bytes:
    return fingerprint(who.signed(who.record())).to_bytes(8)


def test_row_11_what_was_once_said_by_one_that_was_let_go_draws_nothing_and_brings_nothing_back() -> None:
    """Replays: what it said of itself, to whoever was there and to us; and from a member."""
    heard: tuple[Input, ...] = (
        BOB.says_hello(None, number=9, **BOB.there()),
        BOB.says_hello(ALICE, number=7),
        passed_on(BOB),
        passed_on(BOB, BOB.record(change=1)),
        BOB.announces(BOB.record(change=1)),
        BOB.announces(BOB.record(left=True)),
    )
    for replayed in heard:
        PURGED.when(replayed).then()


def test_a_newer_record_or_a_fresh_answer_brings_it_back() -> None:
    newer = BOB.record(boot=2, change=0)
    for heard in (passed_on(BOB, newer), BOB.says_hello(ALICE, number=8), BOB.replies(ALICE)):
        back = PURGED.when(heard)
        assert isinstance(back.events[0], PeerDiscovered)
        assert (back.mesh.peers[BOB.key].state, back.mesh.tombstones) == ("connecting", {})


def test_who_says_on_our_lan_what_it_said_then_is_asked() -> None:
    """It may have been away with its battery and its log full of us; what it answers shows that it lives."""
    asked = PURGED.when(BOB.announces())
    assert asked.effects == (ALICE_ASKS,)


ALICE_ASKS = given(*ALICE.joined()).when(BOB.announces()).effects[0]


def test_a_tombstone_stands_for_thirty_days() -> None:
    assert purges(PURGED.when(Due("forget"), at="59 d")) == []
    lapsed = PURGED.when(Due("forget"), at="60 d")
    assert purges(lapsed)[-1].lapsed == (BOB.key,)
    assert BOB.key not in lapsed.mesh.tombstones
    assert lapsed.when(passed_on(BOB)).events == (BOB.discovered(counter=(0, 0)),)


def test_many_are_let_go_little_by_little() -> None:
    story = given(*ALICE.joined(), *crowd(AT_ONCE + 2)).given(*(PeerExpired(each.identity, 1) for each in crowd(66)))
    first = story.when(Due("forget"), at="30 d")
    assert [len(event.purged) for event in first.events if isinstance(event, PeersPurged)] == [AT_ONCE]
    second = first.when(Due("forget"), at="30 d 10 min")
    assert [len(event.purged) for event in second.events if isinstance(event, PeersPurged)] == [2]


def crowd(size: int, **fields: object) -> list[PeerDiscovered]:
    one = CAROL.discovered()
    return [
        replace(
            replace(one, identity=b"i%31d" % n, public_key=b"p%31d" % n, ipv4="", ipv6=f"fd00::{n:x}"),
            signed=b"%d" % n,
            hostname="",
            **fields,
        )
        for n in range(size)
    ]


FULL = given(*ALICE.joined(), *crowd(PEER_CAP))


def proven(story: Playbook, *places: int) -> Playbook:
    return story.given(*(PeerConnected(b"i%31d" % n, BOB.wireguard) for n in places))


def test_row_28_in_a_full_mesh_a_newcomer_takes_the_place_of_who_was_not_reached_for_longest() -> None:
    story = proven(FULL, 0, 1).when(BOB.says_hello(ALICE), at="1 s")
    story.then(
        resting(PeersPurged((b"i%31d" % 2,), ()), on=PeerDiscovered), BOB.discovered(), *story.effects, cause="lan"
    )
    assert len(story.mesh.peers) == PEER_CAP


def test_row_28_who_is_gone_and_was_never_reached_goes_first() -> None:
    gone = [PeerExpired(b"i%31d" % n, 1) for n in range(900, 1000)]
    told = PeerUpdated(**{name: getattr(crowd(1)[0], name) for name in PeerDiscovered.__struct_fields__})
    story = proven(FULL.given(told), 900).given(*gone).when(BOB.says_hello(ALICE), at="1 s")
    [purge] = purges(story)
    assert purge.purged == tuple(b"i%31d" % n for n in range(901, 901 + AT_ONCE))


def test_row_28_nobody_whom_wireguard_ever_reached_makes_room_though_it_is_gone() -> None:
    story = proven(FULL, *range(PEER_CAP)).given(PeerExpired(b"i%31d" % 3, 1), PeerBanned(b"p%31d" % 4))
    story.when(BOB.says_hello(ALICE), at="1 s").then(PeerRefused(BOB.key, "bob", MESH_FULL))


def test_row_28_who_made_room_is_not_let_in_again_by_what_was_said_before() -> None:
    story = given(*ALICE.joined()).given(DAVE.discovered(), CAROL.discovered()).given(*crowd(PEER_CAP - 2))
    story = proven(story, *range(PEER_CAP - 2)).given(PeerConnected(CAROL.key, CAROL.wireguard))
    story = story.when(BOB.says_hello(ALICE), at="1 s")
    assert purges(story) == [PeersPurged((DAVE.key,), ())]
    story.when(passed_on(DAVE), at="2 s").then()


def test_a_goodbye_of_one_that_is_held_needs_no_room() -> None:
    story = given(*ALICE.joined()).given(CAROL.discovered()).given(*crowd(PEER_CAP - 1))
    gone = story.when(CAROL.announces(CAROL.record(change=9, left=True)), at="1 s")
    assert isinstance(gone.events[0], PeerLeft)


def test_what_is_old_is_old_by_our_running_life() -> None:
    assert span("30 d") == 30 * DAY
    assert purges(GONE.when(Due("forget"), at="1 h", clock_set="40 d")) == []
