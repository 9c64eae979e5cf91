"""Records that are passed on, in pages: as many to a datagram as fit, in the order in which they were given."""

from collections.abc import Iterable

from wgmesh.domain.envelope import Layer, capacity
from wgmesh.domain.messages import MOST_RECORDS, Page

# msgpack: the array of the message, its tag, the array of records (16 bits); before each record its length (16 bits).
PAGE_BYTES = 5
RECORD_BYTES = 3


def paged(layer: Layer, records: Iterable[bytes], most: int) -> tuple[Page, ...]:
    """At most so many pages of signed records, for the largest datagram of the layer; the rest is left out."""
    room, pages = capacity(layer) - PAGE_BYTES, list[list[bytes]]()
    free = 0
    for signed in records:
        needed = RECORD_BYTES + len(signed)
        if needed > free or len(pages[-1]) == MOST_RECORDS:
            if len(pages) == most:
                break
            pages.append([])
            free = room
        pages[-1].append(signed)
        free -= needed
    return tuple(Page(tuple(page)) for page in pages)
