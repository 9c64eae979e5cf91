from wgmesh.domain.events import CATALOGUE
from wgmesh.domain.relay_events import PeerRelayed, PeerUnrelayed, RelayClosed, RelayOpened, RelayPortChosen


def test_what_is_said_of_relays_is_in_the_catalogue() -> None:
    ours = [event for event in CATALOGUE if event.__module__.endswith("relay_events")]
    assert ours == [RelayPortChosen, PeerRelayed, PeerUnrelayed, RelayOpened, RelayClosed]
