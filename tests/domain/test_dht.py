"""When a node walks the DHT: alone at once and ever more rarely; in a mesh two announce, and nobody looks."""

import hashlib
import itertools

from tests.cast import ALICE, BOB, EVERYBODY, Member
from tests.playbook import NOON, Playbook, given, span
from wgmesh.domain.dht import ANNOUNCE_PAUSE, CANDIDATES_AN_HOUR, FIRST_PAUSE, LONGEST_PAUSE, SPREAD
from wgmesh.domain.effects import LookUp, SendHello
from wgmesh.domain.electing import ELECTED
from wgmesh.domain.events import AnnouncerElected, LayerResumed, PeerConnected, PeerDisconnected
from wgmesh.domain.inputs import Due, Found, Leave, Networked, Resumed, Suspended
from wgmesh.domain.values import HOUR, Endpoint

NOW_HOUR = NOON // HOUR
ALONE = LookUp((NOW_HOUR, NOW_HOUR - 1, NOW_HOUR + 1), announce=True)
ALICE_IS_UP = given(*ALICE.joined()).when(Resumed("exchange")).when(Resumed("dht"))


def walks(story: Playbook, until: str, step: int = 100) -> list[tuple[int, LookUp]]:
    """Each walk until then, and when (ms)."""
    done = []
    for now in range(story.now, span(until) + 1, step):
        story = story.until(f"{now} ms")
        done += [(now, effect) for effect in story.effects if isinstance(effect, LookUp)]
    return done


def ranked() -> list[Member]:
    """Everybody, as the announcers are chosen."""
    return sorted(EVERYBODY, key=lambda who: hashlib.sha256(who.key).digest())


def in_a_mesh(who: Member) -> Playbook:
    """A node of five that are all connected."""
    story = given(*who.joined()).when(Resumed("dht"))
    for other in EVERYBODY:
        if other is not who:
            story = story.given(other.discovered(), PeerConnected(other.key, other.wireguard))
    return story


def test_who_is_alone_looks_at_once_under_three_hours_and_announces_under_the_present_one() -> None:
    (first, walk), *_ = walks(ALICE_IS_UP, "1 s")
    assert first <= SPREAD + 100
    assert walk == ALONE


def test_who_stays_alone_looks_ever_more_rarely() -> None:
    times = [at for at, _ in walks(ALICE_IS_UP, "2 h", step=1000)]
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert FIRST_PAUSE <= pauses[0] <= FIRST_PAUSE * 5 // 4 + 1000
    assert all(pause <= LONGEST_PAUSE * 5 // 4 + 1000 for pause in pauses)
    assert pauses[-1] >= LONGEST_PAUSE - 1000
    assert len(times) <= 20


def test_the_hour_is_that_of_the_wall_clock_at_the_walk() -> None:
    later = [walk for at, walk in walks(ALICE_IS_UP, "1 h 30 min", step=1000) if at > HOUR]
    assert later[0] == LookUp((NOW_HOUR + 1, NOW_HOUR, NOW_HOUR + 2), announce=True)


def test_two_of_a_mesh_announce_and_nobody_looks() -> None:
    elected = []
    for who in EVERYBODY:
        done = walks(in_a_mesh(who), "1 h", step=1000)
        assert all(walk == LookUp((walk.hours[0],), announce=True) for _, walk in done)
        elected += [who] if done else []
        assert len(done) in (0, 3)
    assert sorted(elected, key=ranked().index) == ranked()[:ELECTED]


def test_an_election_is_recorded_when_it_changes_something() -> None:
    first = ranked()[0]
    story = in_a_mesh(first).until("1 s")
    assert story.events == (AnnouncerElected(True),)
    assert story.mesh.announcer is not None
    others = [PeerDisconnected(other.key, 200_000) for other in EVERYBODY if other is not first]
    alone = story.given(*others).when(Networked((first.interface,)), at="2 s").until("1 h")
    assert AnnouncerElected(False) in alone.events
    assert alone.mesh.announcer is None


def test_who_loses_its_last_tunnel_looks_at_once() -> None:
    story = given(*ALICE.joined()).when(Resumed("dht")).given(BOB.discovered(), PeerConnected(BOB.key, BOB.wireguard))
    story = story.until("10 min").when(BOB.announces(BOB.record(change=9, left=True)), at="10 min 5 s")
    (first, _), *_ = walks(story, "11 min")
    assert first <= span("10 min 6 s")


def test_a_layer_that_cannot_work_and_a_node_that_left_walk_nowhere() -> None:
    assert walks(ALICE_IS_UP.when(Suspended("dht", "no port")), "10 s") == []
    assert walks(ALICE_IS_UP.when(Leave()), "10 s") == []
    assert walks(given(*ALICE.joined()), "10 s") == []


def test_other_networks_are_a_reason_to_look_again() -> None:
    story = ALICE_IS_UP.until("1 h")
    moved = story.when(Networked(()), at="1 h 1 s")
    assert walks(moved, "1 h 2 s")


def test_an_announcer_announces_while_others_still_know_it() -> None:
    done = walks(in_a_mesh(ranked()[0]), "3 h", step=1000)
    pauses = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(done)]
    assert all(pause <= ANNOUNCE_PAUSE * 5 // 4 + 1000 < span("30 min") for pause in pauses)


def test_what_the_dht_names_is_asked_who_it_is() -> None:
    address = Endpoint("203.0.113.7", 52000)
    story = ALICE_IS_UP.when(Found("dht", (address,)), at="1 s").until("2 s")
    asked = dict.fromkeys(effect.address for effect in story.effects if isinstance(effect, SendHello))
    assert list(asked) == [address]


def test_row_42_however_many_addresses_it_names_32_an_hour_are_asked() -> None:
    bogus = [Endpoint(f"198.51.100.{number}", 1000 + each) for each in range(4) for number in range(1, 250)]
    story = ALICE_IS_UP
    for start in range(0, len(bogus), 50):
        story = story.when(Found("dht", tuple(bogus[start : start + 50])), at=f"{1 + start} ms")
    asked = dict.fromkeys(effect.address for effect in story.until("59 min").effects if isinstance(effect, SendHello))
    assert len(asked) == CANDIDATES_AN_HOUR
    again = story.when(Found("dht", (bogus[0], bogus[-1])), at="59 min")
    assert bogus[-1] not in again.state.session.found
    later = story.when(Found("dht", (bogus[-1],)), at="1 h")
    assert bogus[-1] in later.state.session.found


def test_who_was_named_in_an_earlier_hour_and_never_answered_is_left_alone() -> None:
    bogus, named = Endpoint("198.51.100.7", 1000), Endpoint("203.0.113.7", 1)
    story = (
        ALICE_IS_UP.when(Found("dht", (bogus,)), at="1 s").when(Found("peer", (named,)), at="2 s").until("1 h 11 min")
    )
    left = [effect.address for effect in story.until("2 h").effects if isinstance(effect, SendHello)]
    assert bogus not in left
    assert named in left


def test_where_a_node_of_the_mesh_answered_it_is_tried_again_in_later_hours() -> None:
    story = ALICE_IS_UP.when(Found("dht", (BOB.exchange,)), at="1 s").until("2 s")
    story = story.when(BOB.replies(ALICE, **BOB.there()), at="2 s").until("1 h 11 min")
    assert BOB.exchange in [effect.address for effect in story.until("2 h").effects if isinstance(effect, SendHello)]


def test_a_walk_is_not_begun_before_its_time() -> None:
    story = ALICE_IS_UP.until("1 s")
    story.when(Due("walk"), at="2 s").then()
    given(*ALICE.joined()).when(Due("walk"), at="2 s").then()


def test_what_the_operator_names_is_not_counted() -> None:
    story = ALICE_IS_UP.when(Found("peer", (Endpoint("203.0.113.7", 1),)), at="1 s")
    assert story.state.session.walked_into == ()


def test_the_layer_is_told_by_its_records() -> None:
    assert ALICE_IS_UP.mesh.layers["dht"].reason == ""
    assert isinstance(ALICE_IS_UP.events[0], LayerResumed)
