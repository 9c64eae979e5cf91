from msgspec.structs import replace

from tests.cast import BOB
from wgmesh.domain.introduce import discover
from wgmesh.domain.peer import OBSERVED_CAP, Claim, Peer
from wgmesh.domain.values import Endpoint, Ground

FIRST, LATER, LAST = Ground(5, 1_000, 10), Ground(6, 2_000, 20), Ground(7, 3_000, 30)
ELSEWHERE = Endpoint("10.0.0.9", 7)


def bob() -> Peer:
    return discover(BOB.discovered(), "lan", FIRST)


def test_the_newest_observation_comes_first_and_an_old_one_is_dated_anew() -> None:
    peer = (
        bob().observe("lan", BOB.wireguard, FIRST).observe("lan", ELSEWHERE, LATER).observe("lan", BOB.wireguard, LAST)
    )
    assert peer.observed == (Claim(BOB.wireguard, "lan", "lan", LAST), Claim(ELSEWHERE, "lan", "lan", LATER))


def test_a_member_that_answers_from_ever_new_addresses_fills_no_memory() -> None:
    peer = bob()
    for port in range(100):
        peer = peer.observe("lan", Endpoint("10.0.0.9", port), FIRST)
    assert [claim.endpoint.port for claim in peer.observed] == list(range(99, 99 - OBSERVED_CAP, -1))


def test_a_peer_is_called_by_the_strongest_thing_known_of_it() -> None:
    connected = bob().connect(BOB.wireguard, LATER)
    silent = connected.disconnect(LAST)
    assert (connected.state, connected.proven, connected.proved) == ("connected", BOB.wireguard, LATER)
    assert (silent.state, silent.connected, silent.disconnected) == ("silent", None, LAST)
    assert (silent.connect(ELSEWHERE, LAST).state, silent.connect(ELSEWHERE, LAST).disconnected) == ("connected", None)
    assert replace(connected, expired=LAST).state == "expired"
    assert replace(connected, expired=LATER, left=LAST).state == "left"


def test_who_left_or_expired_is_in_store_only() -> None:
    assert bob().connect(BOB.wireguard, LATER).disconnect(LAST).present
    assert not replace(bob(), left=LAST).present
    assert not replace(bob(), expired=LAST).present
