from wgmesh.domain.events import CATALOGUE
from wgmesh.domain.finding_events import AnnouncerElected, NatDetected, RegistryEntryCreated, RegistryEntryFound


def test_what_is_said_of_being_found_is_in_the_catalogue() -> None:
    said = [event for event in CATALOGUE if event.__module__.endswith("finding_events")]
    assert said == [AnnouncerElected, NatDetected, RegistryEntryFound, RegistryEntryCreated]
