"""What notes in the registry say: sealed like a datagram, one signed record each, judged one by one.

Whoever reads the registry or runs it sees bytes of one length. It may withhold notes and show old ones; a record
counts by its owner's signature and its incarnation, so old ones move nothing.
"""

from msgspec.structs import replace

from wgmesh.domain import messages, peer_record
from wgmesh.domain.envelope import open_datagram
from wgmesh.domain.inputs import Consulted
from wgmesh.domain.membership import is_news
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.packing import Malformed
from wgmesh.domain.peer_record import SignedRecord
from wgmesh.domain.selfhood import is_ahead
from wgmesh.domain.visiting import Visited
from wgmesh.node.keyring import Keyring
from wgmesh.node.rejections import Rejections

# Records that are taken from one visit; the others come with the next, or from those who are met.
NEWS_CAP = 32


class Notes:
    """Opens notes with the keyring. `now` is ms on `awake`."""

    def __init__(self, keyring: Keyring, rejections: Rejections) -> None:
        self._opens = ((keyring.generation, keyring.keys.envelope_key),)
        self._rejections = rejections
        self._rejected = 0

    def opened(self, entry: bytes) -> SignedRecord | None:
        """The record in a note, its signature not checked yet; None for what is no note of this mesh."""
        opened = open_datagram(self._opens, "registry", entry)
        if opened is None:
            return None
        try:
            page = messages.decode(opened[1])
            if not isinstance(page, messages.Page) or len(page.records) != 1:
                return None
            return SignedRecord(peer_record.decode(page.records[0]), page.records[0])
        except Malformed:
            return None

    def judge(self, mesh: Mesh, visited: Visited, host: str, now: int) -> Consulted:
        """What is new to us in what was read; what is wrong with the rest is counted, once as long as it stays."""
        stranger = visited.rejected - self._rejected
        if stranger > 0:
            self._rejections.count("note", host, now, stranger)
        self._rejected = visited.rejected
        consulted = Consulted(
            visited.number, visited.created, visited.wrote, trouble=visited.trouble, wait=visited.wait
        )
        return replace(consulted, passed=self._news(mesh, visited, host, now), missed=_missed(mesh, visited))

    def _news(self, mesh: Mesh, visited: Visited, host: str, now: int) -> tuple[SignedRecord, ...]:
        passed = list[SignedRecord]()
        for note in [note for note in visited.notes if _is_news(mesh, note)][:NEWS_CAP]:
            if peer_record.authentic(note.signed, note.record.identity):
                passed.append(note)
            else:
                self._rejections.count("signature", host, now)
        return tuple(passed)


def _is_news(mesh: Mesh, note: SignedRecord) -> bool:
    if note.record.identity == mesh.identity:
        return is_ahead(mesh, note.record)
    return is_news(mesh.peers.get(note.record.identity), note.record, note.signed)


def _missed(mesh: Mesh, visited: Visited) -> tuple[bytes, ...]:
    """Whose note says what we hold, though we gave them up."""
    held = ((note, mesh.peers.get(note.record.identity)) for note in visited.notes)
    same = [peer for note, peer in held if peer is not None and peer.signed == note.signed]
    return tuple(dict.fromkeys(peer.identity for peer in same if peer.expired is not None))
