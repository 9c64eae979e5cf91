from wgmesh.domain.events import CATALOGUE
from wgmesh.domain.own_events import CloneDetected, OwnRecordOutrun, RecordRenewed


def test_what_becomes_of_our_own_record_is_in_the_catalogue() -> None:
    ours = [event for event in CATALOGUE if event.__module__.endswith("own_events")]
    assert ours == [RecordRenewed, OwnRecordOutrun, CloneDetected]
