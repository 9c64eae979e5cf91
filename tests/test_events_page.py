"""The page on events says what the code says."""

from tests.events_page import PAGE, page
from wgmesh.domain.events import CATALOGUE


def test_the_page_is_what_the_catalogue_makes() -> None:
    assert PAGE.read_text() == page(), "run `python -m tests.events_page`"


def test_every_event_and_its_bound_is_on_it() -> None:
    text = page()
    assert [event.__name__ for event in CATALOGUE if f"\n## {event.__name__}\n" not in text] == []
    assert text.count("at most") >= len(CATALOGUE)


def test_a_field_is_described_by_what_it_holds() -> None:
    text = page()
    for line in (
        "| `identity` | key, 32 bytes |",
        "| `endpoints` | list of [ClaimedEndpoint](#claimedendpoint) |",
        "| `counts` | object of number by text |",
        "| `kind` | `lan` or `reflexive` or `static` |",
    ):
        assert line in text
