from wgmesh.domain.events import CATALOGUE
from wgmesh.domain.silence_events import DaemonMissed, DaemonReturned, HelloUnanswered


def test_who_ought_to_answer_and_does_not_is_in_the_catalogue() -> None:
    silent = [event for event in CATALOGUE if event.__module__.endswith("silence_events")]
    assert silent == [HelloUnanswered, DaemonMissed, DaemonReturned]
