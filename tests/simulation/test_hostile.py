"""Those who mean harm do what they say: otherwise the runs with them would prove nothing."""

from collections import Counter

from tests.simulation.insiders import Insider
from tests.simulation.marks import reached
from tests.simulation.small_site import run, settled
from tests.simulation.strangers import Stranger
from wgmesh.domain.events import DatagramsRejected, PeerRefused


def test_a_stranger_with_noise_is_counted_and_gets_nothing() -> None:
    site, (one, _) = settled(2)
    noise = Stranger("x", 0, site.segments[0], site.world.chance("x"), replays=False, is_member=site.is_member)
    for _ in range(50):
        noise.act()
        run(site, 0.1)
    run(site, 700)
    assert noise.sent > 10_000
    assert noise.received == 0
    [rejected] = [each.event for each in one.disk.read() if isinstance(each.event, DatagramsRejected)]
    assert {"size", "seal", "off-link"} <= set(rejected.counts)


def test_a_stranger_that_replays_gets_no_byte_from_who_heard_it_before() -> None:
    site, (one, other) = settled(2)
    parrot = Stranger("x", 0, site.segments[0], site.world.chance("x"), replays=True, is_member=site.is_member)
    other.plug(other.nics[0], site.segments[0], "192.168.1.201/24")
    run(site, 5)
    assert parrot.captured
    before = len(one.disk.stored)
    for _ in range(100):
        parrot.act()
        run(site, 2)
    assert parrot.received == 0
    assert not any("Peer" in type(record.event).__name__ for record in one.disk.read(after=before))


def test_an_insider_becomes_a_peer_and_does_each_of_its_tricks() -> None:
    site, (one, _) = settled(2)
    insider = Insider(site, 0, site.segments[0])
    seen = Counter[str]()
    for _ in range(200):
        insider.act()
        run(site, 0.5)
        seen.update(reached)
    run(site, 600)  # of the oddities of one epoch only the first few are written down
    for _ in range(20):
        insider.babble()
        run(site, 0.5)
    seen.update(reached)
    assert one.daemon
    names = [peer.hostname for peer in one.daemon.mesh.peers.values()]
    assert any(name.startswith(("insider", "flood")) for name in names)
    assert any(isinstance(record.event, PeerRefused) for record in one.disk.read())
    for path in ("insider_admitted", "refused", "newer_protocol"):
        assert seen[path], path
