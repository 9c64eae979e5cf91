import pytest

from tests.cast import BOB, CAROL
from tests.relayed import alice
from wgmesh.domain.events import PeerRelayed, PeerUnrelayed, RelayClosed, RelayOpened, RelayPortChosen
from wgmesh.domain.relay_folding import RelayEvent
from wgmesh.projections.relay_sentences import relay_sentence

MESH = alice(CAROL).mesh
PAIR = (BOB.key, CAROL.key)

SENTENCES: list[tuple[RelayEvent, str]] = [
    (RelayPortChosen(23456), "relayed tunnels, if any, use UDP port 23456"),
    (PeerRelayed(*PAIR, 61001), "bob is reached through carol, which cannot read it"),
    (PeerUnrelayed(*PAIR, "direct"), "bob is reached directly, no longer through carol: the direct way has held"),
    (PeerUnrelayed(*PAIR, "silent"), "nothing comes from bob through carol any more"),
    (PeerUnrelayed(*PAIR, "lost"), "carol, through which bob was reached, is not reached itself"),
    (PeerUnrelayed(*PAIR, "revoked"), "carol does not relay to bob any more"),
    (PeerUnrelayed(*PAIR, "gone"), "bob is gone, and with it the way through carol"),
    (RelayOpened(*PAIR, 1, 2, 3, 4), "relays ciphertext between bob and carol"),
    (RelayClosed(*PAIR, "idle"), "no longer relays between bob and carol: neither said anything for three minutes"),
]


@pytest.mark.parametrize(("event", "sentence"), SENTENCES)
def test_what_the_log_says_of_relays_is_a_sentence(event: RelayEvent, sentence: str) -> None:
    assert relay_sentence(MESH, event) == sentence
