"""The drawing of the last datagrams."""

from tests.simulation.diagram import describe, draw
from tests.simulation.small_site import settled
from wgmesh.domain.envelope import seal


def test_the_last_datagrams_of_two_who_just_met_are_drawn() -> None:
    site, _ = settled(2, seconds=0)
    site.world.run(100_000)
    lines = draw(site.taps, site.envelope_key, site.name_of).splitlines()
    assert lines[0] == "sequenceDiagram"
    assert "  n0->>239.192.0.1: 0.000000 Announce" in lines
    said = [line.split()[-1] for line in lines[1:]]
    for word in ("Hello", "Reply", "Confirm", "Initiation", "Response", "Data"):
        assert word in said, word
    assert any(line.startswith("  n1->>n0: ") for line in lines)


def test_what_cannot_be_read_is_drawn_by_its_size_or_as_what_it_is_not() -> None:
    key = bytes(32)
    assert describe(bytes(256), key) == "256 bytes"
    assert describe(seal(key, "lan", b"\xc1", bytes(24)), key) == "sealed, schema"
    assert describe(None, key) == "NoneType"
