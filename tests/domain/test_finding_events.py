from wgmesh.domain.events import CATALOGUE
from wgmesh.domain.finding_events import AnnouncerElected


def test_what_is_said_of_being_found_is_in_the_catalogue() -> None:
    assert [event for event in CATALOGUE if event.__module__.endswith("finding_events")] == [AnnouncerElected]
