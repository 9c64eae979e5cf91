from hypothesis import given
from hypothesis import strategies as st

from wgmesh.domain.envelope import Layer, capacity
from wgmesh.domain.messages import MOST_RECORDS, encode
from wgmesh.domain.pages import paged
from wgmesh.domain.peer_record import LARGEST_RECORD

LAYERS: tuple[Layer, ...] = ("exchange", "gossip")
RECORDS = st.lists(st.integers(0, LARGEST_RECORD).map(bytes), max_size=200)


@given(st.sampled_from(LAYERS), RECORDS, st.integers(1, 5))
def test_each_page_fits_a_datagram_and_none_is_left_out_before_the_last(
    layer: Layer, records: list[bytes], most: int
) -> None:
    pages = paged(layer, records, most)
    assert len(pages) <= most
    assert all(0 < len(page.records) <= MOST_RECORDS for page in pages)
    assert all(len(encode(page)) <= capacity(layer) for page in pages)
    sent = [signed for page in pages for signed in page.records]
    assert sent == records[: len(sent)]
    assert sent == records or len(pages) == most


def test_no_more_pages_than_it_takes() -> None:
    assert [len(page.records) for page in paged("gossip", [bytes(250)] * 9, 4)] == [4, 4, 1]
    assert [len(page.records) for page in paged("gossip", [bytes(900)] * 9, 4)] == [1, 1, 1, 1]
    assert [len(page.records) for page in paged("gossip", [b""] * 65, 4)] == [64, 1]
    assert paged("gossip", [], 4) == ()
