"""Every event has a figure that bounds it, and nothing else has one."""

from tests.bounds import DAILY
from wgmesh.domain.events import CATALOGUE


def test_every_event_is_bounded_and_in_the_order_of_the_catalogue() -> None:
    assert list(DAILY) == [event.__name__ for event in CATALOGUE]
    assert all(figure > 0 for figure in DAILY.values())
