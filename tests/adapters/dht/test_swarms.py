from wgmesh.adapters.dht.swarms import INFOHASH_CAP, LIFE, PEERS_CAP, TOKEN_PERIOD, Swarms
from wgmesh.domain.values import Endpoint

HASH = b"h" * 20


def peer(number: int) -> Endpoint:
    return Endpoint("192.0.2.1", 1 + number)


def test_who_announced_is_told_for_half_an_hour_newest_first() -> None:
    swarms = Swarms(b"secret")
    swarms.put(HASH, peer(1), 0)
    swarms.put(HASH, peer(2), 10)
    assert swarms.peers(HASH, LIFE - 1) == [peer(2), peer(1)]
    assert swarms.peers(HASH, LIFE) == [peer(2)]
    assert swarms.peers(HASH, LIFE + 10) == []
    assert swarms.peers(b"other" * 4, 0) == []


def test_the_tables_are_bounded_and_the_oldest_goes_first() -> None:
    swarms = Swarms(b"secret")
    for number in range(PEERS_CAP + 1):
        swarms.put(HASH, peer(number), 0)
    assert len(swarms.peers(HASH, 0)) == PEERS_CAP
    assert peer(0) not in swarms.peers(HASH, 0)
    for number in range(INFOHASH_CAP):
        swarms.put(number.to_bytes(20), peer(1), 0)
    assert swarms.peers(HASH, 0) == []


def test_row_44_a_token_is_good_for_its_address_and_for_two_periods() -> None:
    swarms = Swarms(b"secret")
    token = swarms.token("192.0.2.1", 0)
    assert swarms.is_good(token, "192.0.2.1", 2 * TOKEN_PERIOD - 1)
    assert not swarms.is_good(token, "192.0.2.1", 2 * TOKEN_PERIOD)
    assert not swarms.is_good(token, "192.0.2.2", 0)
    assert not swarms.is_good(Swarms(b"another").token("192.0.2.1", 0), "192.0.2.1", 0)
    assert not swarms.is_good(b"", "192.0.2.1", 0)
