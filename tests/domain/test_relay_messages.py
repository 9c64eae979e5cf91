import pytest
from msgspec import msgpack

from wgmesh.domain.gossip_messages import decode_gossip, encode_gossip
from wgmesh.domain.packing import Malformed
from wgmesh.domain.relay_messages import RelayAsk, RelayDenial, RelayGrant, RelayMessage, RelayOffer

SMALLEST_DATAGRAM_HOLDS = 86
SOMEBODY = bytes(range(32))
WIRE: list[tuple[RelayMessage, list[object]]] = [
    (RelayAsk(SOMEBODY, 65535), [32, SOMEBODY, 65535]),
    (RelayOffer(SOMEBODY), [33, SOMEBODY]),
    (RelayGrant(SOMEBODY, 65535), [34, SOMEBODY, 65535]),
    (RelayDenial(SOMEBODY), [35, SOMEBODY]),
]


@pytest.mark.parametrize(("message", "wire"), WIRE)
def test_a_message_about_relays_fits_the_smallest_datagram_and_comes_back(
    message: RelayMessage, wire: list[object]
) -> None:
    assert encode_gossip(message) == msgpack.encode(wire)
    assert decode_gossip(encode_gossip(message)) == message
    assert len(encode_gossip(message)) <= SMALLEST_DATAGRAM_HOLDS


@pytest.mark.parametrize("fields", [[32, SOMEBODY, 0], [32, SOMEBODY, 65536], [33, b"short"], [34, SOMEBODY], [35]])
def test_what_is_no_such_message_is_malformed(fields: list[object]) -> None:
    with pytest.raises(Malformed, match="schema"):
        decode_gossip(msgpack.encode(fields))
