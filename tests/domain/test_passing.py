from tests.cast import ALICE, BOB, CAROL, DAVE, Member
from tests.playbook import given
from wgmesh.domain.identity import Identity
from wgmesh.domain.passing import PAGES, that_fit

CROWD = [Member(f"n{n}", Identity.from_seed(bytes([n, 99]) * 16), f"10.0.0.{n}") for n in range(100)]
STORY = given(*ALICE.joined()).given(BOB.discovered(), CAROL.discovered())


def test_what_is_known_goes_in_its_order_and_our_own_with_it() -> None:
    assert that_fit(STORY.mesh, (CAROL.key, DAVE.key, ALICE.key, BOB.key)) == (CAROL.key, ALICE.key, BOB.key)
    assert that_fit(STORY.mesh, ()) == ()


def test_no_more_than_four_pages_go_at_once() -> None:
    story = STORY.given(*(each.discovered() for each in CROWD))
    keys = [each.key for each in CROWD]
    fit = that_fit(story.mesh, keys)
    assert fit == tuple(keys[: len(fit)])
    per_page = len(fit) // PAGES
    assert len(fit) == per_page * PAGES < len(keys)
    assert len(that_fit(story.mesh, (ALICE.key, *keys))) < len(fit)
