from wgmesh.domain.events import CATALOGUE
from wgmesh.domain.log_events import HeadWitnessed, LogCompacted, LogGap, LogRecovered, StateCarried


def test_what_is_said_of_the_log_is_in_the_catalogue() -> None:
    assert [event for event in CATALOGUE if event.__module__.endswith("log_events")] == [
        StateCarried,
        LogCompacted,
        LogRecovered,
        LogGap,
        HeadWitnessed,
    ]
