"""One byte leaves for a mesh address, and what stands in its way is a reason, not an error."""

import socket

import pytest

from tests.adapters.machine import LOOPBACKS
from wgmesh.adapters.nudge import nudge


@pytest.mark.skipif(socket.AF_INET6 not in LOOPBACKS, reason="this machine has no IPv6")
def test_a_byte_arrives_at_the_address() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as listener:
        listener.bind(("::1", 0))
        listener.settimeout(5)
        assert nudge("::1", listener.getsockname()[1]) is None
        assert listener.recv(10) == b"\0"


def test_what_cannot_be_reached_is_told_as_a_reason() -> None:
    assert nudge("ff02::1%nowhere")
