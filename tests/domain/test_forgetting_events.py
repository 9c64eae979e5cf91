from wgmesh.domain.events import CATALOGUE
from wgmesh.domain.forgetting_events import IntroducerCurbed, PeersPurged


def test_what_is_said_of_being_let_go_is_in_the_catalogue() -> None:
    said = [event for event in CATALOGUE if event.__module__.endswith("forgetting_events")]
    assert said == [PeersPurged, IntroducerCurbed]
