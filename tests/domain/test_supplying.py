from dataclasses import replace

from msgspec import structs

from tests.cast import ALICE, BOB, CAROL, DAVE, Member
from tests.playbook import Playbook, given
from wgmesh.domain.effects import SendPage, SendReply
from wgmesh.domain.envelope import capacity
from wgmesh.domain.events import LayerResumed
from wgmesh.domain.identity import Identity
from wgmesh.domain.inputs import Due
from wgmesh.domain.messages import Page, Reply, encode
from wgmesh.domain.peer_record import ClaimedEndpoint
from wgmesh.domain.supplying import IN_FLIGHT, beside_own, newest
from wgmesh.domain.values import Endpoint

ALICE_IS_UP = given(*ALICE.joined()).given(LayerResumed("exchange"))


def crowd(size: int) -> list[Member]:
    return [
        Member(f"n{n}", Identity.from_seed((n + 77).to_bytes(32)), f"10.5.{n // 200}.{n % 200 + 1}")
        for n in range(size)
    ]


def sent(story: Playbook) -> list[SendPage]:
    return [effect for effect in story.effects if isinstance(effect, SendPage)]


def asked(story: Playbook, at: str = "1 s", number: int = 1, agrees: bool = False) -> Playbook:
    """Bob says Hello, is answered, and confirms."""
    story = story.when(BOB.says_hello(ALICE, number=number, agrees=agrees, **BOB.there()), at=at)
    return story.when(BOB.confirms(ALICE, **BOB.there()), at=at)


def test_who_lacks_records_gets_them_after_its_address_is_confirmed_the_newest_first() -> None:
    story = ALICE_IS_UP.given(CAROL.discovered()).given(DAVE.discovered())
    hello = story.when(BOB.says_hello(ALICE, **BOB.there()), at="1 s")
    assert sent(hello.until("2 s")) == []
    confirmed = hello.when(BOB.confirms(ALICE, **BOB.there()), at="2 s").until("3 s")
    newest_first = (DAVE.signed(DAVE.record()), CAROL.signed(CAROL.record()))
    assert sent(confirmed) == [SendPage("exchange", "", BOB.exchange, newest_first)]


def test_who_holds_the_same_gets_nothing() -> None:
    story = ALICE_IS_UP.given(CAROL.discovered())
    assert sent(asked(story, agrees=True).until("1 min")) == []
    hello = story.when(BOB.says_hello(ALICE, agrees=True, **BOB.there()), at="1 s")
    assert [effect.more for effect in hello.effects if isinstance(effect, SendReply)] == [()]


def test_who_holds_nobody_else_sends_no_empty_page() -> None:
    assert sent(asked(ALICE_IS_UP).until("1 min")) == []


def test_a_lan_gets_no_pages() -> None:
    story = ALICE_IS_UP.given(CAROL.discovered()).when(BOB.says_hello(ALICE), at="1 s").when(BOB.confirms(ALICE))
    assert sent(story.until("1 min")) == []


def test_row_34_one_full_sync_a_peer_in_ten_seconds() -> None:
    story = asked(ALICE_IS_UP.given(CAROL.discovered())).until("5 s")
    assert sent(asked(story, "6 s", number=2).until("8 s")) == []
    assert len(sent(asked(story, "12 s", number=3).until("13 s"))) == 1


def test_many_records_come_four_datagrams_at_a_time() -> None:
    members = crowd(100)
    story = ALICE_IS_UP.given(*(who.discovered() for who in members))
    story, passed = asked(story), []
    for now in range(1000, 9000, 50):
        story = story.until(f"{now} ms")
        pages = sent(story)
        assert len(pages) <= IN_FLIGHT
        assert all(len(encode(Page(page.records))) <= capacity("exchange") for page in pages)
        passed += [record for page in pages for record in page.records]
    assert passed == [who.signed(who.record()) for who in reversed(members)]
    assert story.state.session.supplies == {}


def test_a_reply_takes_along_what_fits_beside_our_own_record() -> None:
    full = tuple(ClaimedEndpoint("lan", "wg", Endpoint(f"2001:db8::{n}", 1)) for n in range(16))
    large = ALICE_IS_UP.given(*(who.discovered(who.record(endpoints=full, hostname="h" * 63)) for who in crowd(9)))
    small = ALICE_IS_UP.given(*(who.discovered() for who in crowd(9)))
    for story, fewest in ((large, 1), (small, 4)):
        more = beside_own(story.mesh, BOB.key)
        assert len(more) >= fewest
        own = ALICE.signed(ALICE.record())
        reply = Reply(BOB.key, 2**32 - 1, bytes(16), bytes(16), BOB.lan, own, more)
        assert len(encode(reply)) <= capacity("exchange")
    assert newest(small.mesh, crowd(9)[8].key)[0] == crowd(9)[7].key


def test_who_was_forgotten_for_good_meanwhile_is_left_out() -> None:
    story = asked(ALICE_IS_UP.given(CAROL.discovered()).given(DAVE.discovered()))
    without = {key: peer for key, peer in story.mesh.peers.items() if key != CAROL.key}
    state = structs.replace(story.state, mesh=structs.replace(story.mesh, peers=without))
    (page,) = sent(replace(story, state=state).until("3 s"))
    assert page.records == (DAVE.signed(DAVE.record()),)


def test_only_those_whose_time_has_come_get_their_next_pages() -> None:
    story = ALICE_IS_UP
    for who in crowd(60):
        story = story.given(who.discovered())
    first = asked(story).until("1 s")
    assert sent(first)
    later = first.when(CAROL.says_hello(ALICE, **CAROL.there()), at="1.001 s")
    later = later.when(CAROL.confirms(ALICE, **CAROL.there()), at="1.001 s").when(Due("page"), at="1.001 s")
    assert [effect.address for effect in sent(later)] == [CAROL.exchange] * IN_FLIGHT
