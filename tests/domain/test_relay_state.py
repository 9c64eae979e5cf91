from msgspec import msgpack

from wgmesh.domain.relay_state import Flow, Lease, Relaying, Trial, Wish


def test_what_is_in_mind_about_relays_begins_empty_and_can_be_recorded() -> None:
    assert not any(getattr(Relaying(), name) for name in Relaying.__struct_fields__)
    busy = Relaying(
        wishes={b"a": Wish(3, b"r", 1)},
        leases={b"b": Lease(b"r", 61000, 5)},
        relayed={b"b": Flow(1, 2, 3)},
        trials={b"b": Trial(7, 8, taken=9)},
        busy_until=10,
    )
    assert msgpack.decode(msgpack.encode(busy), type=Relaying) == busy
