"""A member that introduces thousands of nodes which are well signed and never there: threats, row 28."""

from random import Random

from tests.bounds import DAILY
from tests.simulation.small_site import SECRET, run, settled
from wgmesh.domain.events import IntroducerCurbed, PeerDiscovered, PeersPurged
from wgmesh.domain.inputs import Told
from wgmesh.domain.introducing import BY_ONE
from wgmesh.domain.parameters import fingerprint
from wgmesh.domain.peer_folding import TOMBSTONE_CAP
from wgmesh.domain.peer_record import ClaimedEndpoint, PeerRecord, SignedRecord, sign
from wgmesh.domain.session import PEER_CAP
from wgmesh.domain.values import Endpoint, Incarnation
from wgmesh.node import Keyring

MADE_UP = 1100


def made_up(number: int, chance: Random) -> SignedRecord:
    """Somebody with the secret and no machine; its address is one of our LAN where nobody lives."""
    keyring = Keyring.of(chance.randbytes(32), SECRET)
    record = PeerRecord(
        identity=keyring.identity.key,
        incarnation=Incarnation(7, 0),
        life=bytes(8),
        generation=1,
        parameters=fingerprint(keyring.parameters),
        exchange_port=0,
        listen_port=20_666,
        hostname=f"made-up-{number}",
        nonce=0,
        endpoints=(ClaimedEndpoint("lan", "wg", Endpoint(f"192.168.1.{200 + number % 50}", 20_666)),),
    )
    return SignedRecord(record, sign(record, keyring.identity))


def test_row_28_who_makes_up_thousands_of_nodes_pushes_nobody_out_and_fills_neither_memory_nor_log() -> None:
    site, (one, other, teller) = settled(3)
    assert one.daemon
    daemon, chance = one.daemon, Random(28)
    for _ in range(2):
        told = tuple(made_up(number, chance) for number in range(MADE_UP))
        site.checks.members.update({each.record.identity: each.record.hostname for each in told})
        daemon.put(Told("gossip", Endpoint("192.168.1.3", 1), told, teller.keyring.identity.key))
        run(site, 0.5)
    mesh = daemon.mesh
    assert len(mesh.peers) <= PEER_CAP
    assert len(mesh.tombstones) <= TOMBSTONE_CAP
    for each in (other, teller):
        assert mesh.peers[each.keyring.identity.key].connected
    events = [record.event for record in one.disk.read()]
    found = sum(isinstance(event, PeerDiscovered) for event in events)
    assert found <= BY_ONE + 2
    assert sum(isinstance(event, IntroducerCurbed) for event in events) == 1
    assert sum(isinstance(event, PeersPurged) for event in events) <= DAILY["PeersPurged"]
    newcomer = site.add(site.segments[0])
    newcomer.start()
    joined = newcomer.keyring.identity.key
    for _ in range(60):
        run(site, 0.5)
        if joined in daemon.mesh.peers and daemon.mesh.peers[joined].connected:
            break
    assert daemon.mesh.peers[joined].connected
