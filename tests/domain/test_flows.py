from wgmesh.domain.device import Traffic
from wgmesh.domain.flows import ODD_AFTER, QUIET, UNANSWERED, carries_traffic, is_dead, is_odd, is_unanswered, measure
from wgmesh.domain.relay_state import Flow


def traffic(rx_bytes: int, tx_bytes: int) -> Traffic:
    return Traffic(bytes(32), True, 0, 0, rx_bytes, tx_bytes)


def test_the_mark_moves_with_what_is_received() -> None:
    first = measure(None, traffic(0, 10), 1_000)
    assert first == Flow(0, 10, 1_000)
    assert measure(first, traffic(0, 900), 9_000) is first
    assert measure(first, traffic(32, 900), 9_000) == Flow(32, 900, 9_000)


def test_what_was_sent_and_not_answered_for_twenty_seconds_is_unanswered() -> None:
    flow = Flow(100, 100, 0)
    assert is_unanswered(flow, traffic(100, 280), UNANSWERED)
    assert not is_unanswered(flow, traffic(100, 280), UNANSWERED - 1)
    assert not is_unanswered(flow, traffic(100, 279), UNANSWERED), "keepalives want no answer"
    assert not is_unanswered(flow, traffic(100, 100 + 7 * 32), 150_000), "however many there were"


def test_a_tunnel_without_the_handshake_that_is_due_is_dead() -> None:
    flow = Flow(100, 100, 0)
    assert is_dead(flow, traffic(100, 164), QUIET)
    assert not is_dead(flow, traffic(100, 164), QUIET - 1)
    assert is_dead(flow, traffic(100, 280), UNANSWERED)


def test_a_ping_a_second_is_traffic_and_our_own_gossip_is_none() -> None:
    flow = Flow(100, 100, 0)
    assert carries_traffic(flow, traffic(900, 100 + 10 * 128), 10_000)
    assert carries_traffic(flow, traffic(900, 100 + 2 * 128), 2_000)
    assert not carries_traffic(flow, traffic(900, 100 + 10 * 40), 10_000)
    assert not carries_traffic(flow, traffic(900, 100 + 128), 200), "a single packet"


def test_traffic_that_is_cut_short_is_odd_after_three_seconds_and_a_word_after_twenty() -> None:
    flow = Flow(100, 100, 0)
    assert is_odd(flow, traffic(100, 100 + 3 * 128), ODD_AFTER)
    assert not is_odd(flow, traffic(100, 100 + 3 * 128), ODD_AFTER - 1)
    assert not is_odd(flow, traffic(100, 100 + 208), ODD_AFTER)
    assert is_odd(flow, traffic(100, 100 + 208), UNANSWERED)
