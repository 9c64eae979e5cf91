"""Ages come from what changed before our eyes, on a clock that never steps."""

from wgmesh.adapters.wireguard.traffic import Ages, Counters
from wgmesh.domain.device import Traffic
from wgmesh.domain.values import SECOND

BEN = bytes([1]) * 32


class Bench:
    """Ages with a clock that is set by hand, in ms."""

    def __init__(self) -> None:
        self.now = 1000 * SECOND
        self.ages = Ages(lambda: self.now)

    def see(self, handshake: int = 0, rx_bytes: int = 0, tx_bytes: int = 0) -> Traffic:
        [traffic] = self.ages.traffic([Counters(BEN, handshake, rx_bytes, tx_bytes)])
        return traffic

    def see_nobody(self) -> None:
        assert self.ages.traffic([]) == ()


def test_of_what_was_before_us_we_know_that_it_was_and_not_when() -> None:
    bench = Bench()
    assert bench.see(handshake=5, rx_bytes=100, tx_bytes=7) == Traffic(BEN, True, None, None, 100, 7)
    bench.now += SECOND
    assert bench.see(handshake=5, rx_bytes=100, tx_bytes=7) == Traffic(BEN, True, None, None, 100, 7)


def test_an_age_is_the_time_since_the_change_was_seen() -> None:
    bench = Bench()
    bench.see(handshake=5, rx_bytes=100)
    bench.now += SECOND
    assert bench.see(handshake=9, rx_bytes=100).handshake_age == 0
    bench.now += 3 * SECOND
    seen = bench.see(handshake=9, rx_bytes=132)
    assert (seen.handshake_age, seen.received_age) == (3 * SECOND, 0)


def test_a_peer_that_came_while_we_looked_shook_hands_now_even_before_the_first_look_at_it() -> None:
    bench = Bench()
    bench.see_nobody()
    bench.now += SECOND
    assert bench.see(handshake=9, rx_bytes=92) == Traffic(BEN, True, 0, 0, 92, 0)


def test_a_handshake_time_that_went_back_is_a_change_like_any_other() -> None:
    bench = Bench()
    bench.see(handshake=10**18)
    assert bench.see(handshake=5).handshake_age == 0


def test_a_peer_that_was_put_back_has_given_no_sign() -> None:
    bench = Bench()
    bench.see(handshake=5, rx_bytes=100)
    assert bench.see() == Traffic(BEN)
    bench.see_nobody()
    assert bench.see() == Traffic(BEN)
    bench.now += SECOND
    assert bench.see(handshake=6).handshake_age == 0


def test_what_we_sent_is_no_sign_of_the_peer() -> None:
    bench = Bench()
    bench.see()
    assert bench.see(tx_bytes=148) == Traffic(BEN, False, None, None, 0, 148)
