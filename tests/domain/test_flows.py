from wgmesh.domain.device import Traffic
from wgmesh.domain.flows import QUIET, UNANSWERED, is_dead, is_unanswered, measure
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
