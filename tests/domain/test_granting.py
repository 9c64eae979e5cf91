"""Alice relays: for Carol and Dave, both of whom she reaches, and who both ask for it."""

from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL, DAVE, ERIN
from tests.playbook import Playbook, resting
from tests.relayed import relay, said, says
from wgmesh.domain import granting
from wgmesh.domain.events import PeerDisconnected, RelayClosed, RelayOpened, SettingsChanged
from wgmesh.domain.inputs import Resumed, Unpassed
from wgmesh.domain.relay_messages import RelayAsk, RelayDenial, RelayGrant, RelayOffer

FIRST, SECOND = sorted((CAROL, DAVE), key=lambda who: who.key)
STORY = relay()


def opened(story: Playbook = STORY) -> Playbook:
    story = story.when(says(FIRST, RelayAsk(SECOND.key, 1001)), at="1 s")
    return story.when(says(SECOND, RelayAsk(FIRST.key, 1002)), at="2 s")


def pair(story: Playbook) -> RelayOpened:
    [event] = [each for each in story.events if isinstance(each, RelayOpened)]
    return event


def test_what_one_side_asks_for_is_offered_to_the_other_and_granted_when_it_asks_too() -> None:
    asked = STORY.when(says(FIRST, RelayAsk(SECOND.key, 1001)), at="1 s")
    assert said(asked) == [(SECOND.key, RelayOffer(FIRST.key))]
    assert asked.events == ()
    both = asked.when(says(SECOND, RelayAsk(FIRST.key, 1002)), at="2 s")
    event = pair(both)
    assert (event.first, event.second, event.first_port, event.second_port) == (FIRST.key, SECOND.key, 1001, 1002)
    assert event.first_gate != event.second_gate
    assert {event.first_gate, event.second_gate} <= set(granting.GATES)
    assert said(both) == [
        (SECOND.key, RelayGrant(FIRST.key, event.first_gate)),
        (FIRST.key, RelayGrant(SECOND.key, event.second_gate)),
    ]


def test_an_ask_that_is_said_again_is_granted_again_and_nothing_else() -> None:
    story = opened()
    again = story.when(says(FIRST, RelayAsk(SECOND.key, 1001)), at="3 s")
    assert (again.events, said(again)) == ((), [(FIRST.key, RelayGrant(SECOND.key, pair(story).second_gate))])


def test_an_ask_of_long_ago_is_offered_anew() -> None:
    story = STORY.when(says(FIRST, RelayAsk(SECOND.key, 1001)), at="1 s")
    late = story.when(says(SECOND, RelayAsk(FIRST.key, 1002)), at="12 s")
    assert (late.events, said(late)) == ((), [(FIRST.key, RelayOffer(SECOND.key))])


def test_who_listens_on_another_port_now_does_so_for_all_its_pairs() -> None:
    story = relay((CAROL, DAVE, ERIN))
    for one, other in ((CAROL, DAVE), (CAROL, ERIN)):
        story = story.when(says(one, RelayAsk(other.key, 1001)), at="1 s").when(says(other, RelayAsk(one.key, 1002)))
    before = dict(story.mesh.relaying)
    moved = story.when(says(CAROL, RelayAsk(DAVE.key, 2001)), at="3 s")
    assert len(moved.events) == 2
    for key, held in moved.mesh.relaying.items():
        name = "first" if held.first == CAROL.key else "second"
        port = {f"{name}_port": 2001}
        assert replace(held, since=before[key].since) == replace(before[key], **port)
    assert len(said(moved)) == 2, "the other side may have forgotten as well"
    back = moved.when(says(DAVE, RelayAsk(CAROL.key, 3001)), at="4 s")
    assert len(back.events) == 1


def test_a_member_has_one_gate_for_all_its_pairs() -> None:
    story = relay((CAROL, DAVE, ERIN))
    for one, other in ((CAROL, DAVE), (CAROL, ERIN)):
        story = story.when(says(one, RelayAsk(other.key, 1001)), at="1 s").when(says(other, RelayAsk(one.key, 1002)))
    gates = [
        gate for it in story.mesh.relaying.values() for gate in ((it.first, it.first_gate), (it.second, it.second_gate))
    ]
    assert len(set(gates)) == 3


def test_whom_it_does_not_reach_itself_it_denies() -> None:
    ask = says(CAROL, RelayAsk(BOB.key, 1001))
    denied = [(CAROL.key, RelayDenial(BOB.key))]
    assert said(STORY.when(ask, at="1 s")) == denied
    assert said(STORY.given(BOB.discovered()).when(ask, at="1 s")) == denied
    assert said(STORY.when(says(CAROL, RelayAsk(CAROL.key, 1)), at="1 s")) == [(CAROL.key, RelayDenial(CAROL.key))]


def test_a_node_that_is_not_willing_denies_and_closes() -> None:
    ask = says(CAROL, RelayAsk(DAVE.key, 1))
    assert said(relay(willing=False).when(ask, at="1 s")) == [(CAROL.key, RelayDenial(DAVE.key))]
    unwilling = opened().given(SettingsChanged(replace(ALICE.settings, relay=False)))
    closed = unwilling.when(Resumed("lan"), at="4 s")
    assert RelayClosed(FIRST.key, SECOND.key, "unwilling") in closed.events


def test_there_is_room_for_so_many_pairs_and_no_more() -> None:
    story = opened(relay((CAROL, DAVE, ERIN)))
    many = (RelayOpened(bytes([n]) * 32, bytes([n + 100]) * 32, 1, 2, 3, 4) for n in range(granting.PAIR_CAP - 1))
    full = story.given(*many).mesh
    assert not granting.is_willing(full, CAROL.key, ERIN.key)
    assert granting.is_willing(full, FIRST.key, SECOND.key), "what is granted already needs no room"
    busy = (RelayOpened(CAROL.key, bytes([n]) * 32, 1, 2, 3, 4) for n in range(granting.MEMBER_CAP))
    assert not granting.is_willing(STORY.given(*busy).mesh, CAROL.key, DAVE.key)


def test_when_one_of_them_is_lost_the_other_is_told() -> None:
    closed = opened().given(PeerDisconnected(FIRST.key, 1)).when(Resumed("lan"), at="9 s")
    assert RelayClosed(FIRST.key, SECOND.key, "lost") in closed.events
    assert said(closed) == [(SECOND.key, RelayDenial(FIRST.key))]


def test_who_is_reached_is_served_on() -> None:
    assert opened().when(Resumed("lan"), at="9 s").mesh.relaying


def test_what_is_idle_or_cannot_be_served_is_closed_and_both_are_told() -> None:
    story = opened()
    key = FIRST.key + SECOND.key
    closed = story.when(Unpassed((key, bytes(64)), "idle"), at="4 min")
    closed.then(resting(RelayClosed(FIRST.key, SECOND.key, "idle"), on=RelayOpened), *closed.effects)
    assert said(closed) == [(FIRST.key, RelayDenial(SECOND.key)), (SECOND.key, RelayDenial(FIRST.key))]
    assert closed.mesh.relaying == {}


def test_a_gate_that_another_member_has_is_not_given_twice() -> None:
    mesh = STORY.mesh
    first = granting._free_gate(mesh, CAROL.key, {})
    assert granting._free_gate(mesh, CAROL.key, {DAVE.key: first}) == (
        first + 1 if first + 1 in granting.GATES else granting.GATES[0]
    )
