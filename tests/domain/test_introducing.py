"""Bob tells Alice of ever more nodes, all of them well signed, and none of them ever there."""

import dataclasses

from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL, DAVE, ERIN, Member
from tests.playbook import Playbook, given, span
from wgmesh.domain.allowance import Allowance
from wgmesh.domain.draft import State
from wgmesh.domain.events import IntroducerCurbed, PeerConnected
from wgmesh.domain.inputs import Told
from wgmesh.domain.introducing import BY_ALL, BY_ONE
from wgmesh.domain.peer_record import SignedRecord
from wgmesh.domain.session import EPOCH_CAP, Introducer
from wgmesh.domain.values import DAY

KNOWN = given(*ALICE.joined()).given(BOB.discovered(), PeerConnected(BOB.key, BOB.wireguard))
OF_BOB, OF_CAROL = Introducer(BOB.key), Introducer(source=CAROL.ip)


def tells_of(teller: Member, *whom: Member) -> Told:
    return Told("gossip", teller.lan, tuple(SignedRecord(w.record(), w.signed(w.record())) for w in whom), teller.key)


def having(story: Playbook, left: int, by: Introducer = OF_BOB, in_all: int = BY_ALL) -> Playbook:
    """So many it may still tell us of now, and all together."""
    session = story.state.session
    introduced = {**session.introduced, by: Allowance(left * DAY // BY_ONE, story.now)}
    session = replace(session, introduced=introduced, newcomers=Allowance(in_all * (DAY // BY_ALL), story.now))
    return dataclasses.replace(story, state=State(story.mesh, session))


def test_row_28_what_one_tells_of_is_counted() -> None:
    story = KNOWN.when(tells_of(BOB, CAROL, DAVE), at="1 s")
    session = story.state.session
    assert session.introduced == {OF_BOB: Allowance((BY_ONE - 2) * (DAY // BY_ONE), span("1 s"))}
    assert session.newcomers == Allowance((BY_ALL - 2) * (DAY // BY_ALL), span("1 s"))


def test_row_28_who_tells_of_more_than_one_may_is_named_and_not_listened_to() -> None:
    story = having(KNOWN, 1).when(tells_of(BOB, CAROL, DAVE, ERIN))
    assert story.events == (CAROL.discovered(counter=(0, 0)), IntroducerCurbed(BOB.key, ""))
    assert list(story.mesh.peers) == [BOB.key, CAROL.key]


def test_news_of_who_is_known_already_costs_nothing() -> None:
    newer = BOB.record(change=5)
    told = Told("gossip", BOB.lan, (SignedRecord(newer, BOB.signed(newer)),), BOB.key)
    assert having(KNOWN, 0).when(told).mesh.peers[BOB.key].incarnation == newer.incarnation


def test_others_are_listened_to_all_the_same() -> None:
    story = having(KNOWN, 0).when(CAROL.says_hello(ALICE))
    assert CAROL.discovered() in story.events
    assert having(KNOWN, 0, by=OF_CAROL).when(CAROL.says_hello(ALICE)).events == (IntroducerCurbed(b"", CAROL.ip),)


def test_in_a_day_it_may_tell_of_as_many_again() -> None:
    day = having(KNOWN, 0)
    assert day.when(tells_of(BOB, CAROL), at=f"{DAY // BY_ONE - 1} ms").events == (IntroducerCurbed(BOB.key, ""),)
    assert day.when(tells_of(BOB, CAROL), at=f"{DAY // BY_ONE} ms").mesh.held(CAROL.key)
    full = day.when(tells_of(BOB, CAROL), at="3 d")
    assert full.state.session.introduced[OF_BOB].saved == (BY_ONE - 1) * (DAY // BY_ONE)


def test_row_28_many_introducers_together_may_not_fill_the_log_either() -> None:
    story = having(KNOWN, BY_ONE, in_all=0).when(tells_of(BOB, CAROL))
    assert story.events == (IntroducerCurbed(BOB.key, ""),)


def test_it_is_said_once_a_day_and_of_a_few_in_an_epoch() -> None:
    story = having(KNOWN, 0, in_all=0).when(tells_of(BOB, CAROL))
    story.when(tells_of(BOB, DAVE)).then()
    for number in range(2 * EPOCH_CAP):
        told = replace(tells_of(BOB, CAROL), teller=b"", sender=replace(BOB.lan, ip=f"192.0.2.{number}"))
        story = story.when(told)
        assert len(story.events) == (number < EPOCH_CAP - 1)
    for at, said in (("23 h", ()), ("24 h", (IntroducerCurbed(BOB.key, ""),))):
        later = having(dataclasses.replace(story, now=span(at)), 0, in_all=0)
        assert later.when(tells_of(BOB, CAROL)).events == said
