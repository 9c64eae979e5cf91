"""The records behind an answer, each cut down to what it says of the subject, and told as it was then."""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from wgmesh.domain.events import DeviceChanged, DeviceChangeFailed, PeersSighted
from wgmesh.domain.folding import evolve
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.records import Record
from wgmesh.projections.timeline import sentence
from wgmesh.projections.wording import key


class Told(Struct, frozen=True):
    """A record in a sentence; `because` are the records that it rests on itself."""

    sequence: int
    at: int
    name: str
    cause: str
    because: tuple[int, ...]
    sentence: str


def told(before: Mesh, present: Mesh, records: Iterable[Record], identity: bytes) -> tuple[Told, ...]:
    """The records, given in order, newest first. `before` is the mesh ahead of the first, `present` the last one.

    Between them stand records of others, which are not read: who is named only by those is called as at present.
    """
    return tuple(reversed(tuple(_told(before, present, records, identity))))


def _told(mesh: Mesh, present: Mesh, records: Iterable[Record], identity: bytes) -> Iterator[Told]:
    for record in records:
        seen = about(record, _words(present, identity))
        named = replace(mesh, peers={**present.peers, **mesh.peers})
        text = sentence(named, seen)
        yield Told(record.sequence, record.at, type(record.event).__name__, record.cause, record.because, text)
        try:
            mesh = evolve(mesh, record)
        except KeyError:  # of a peer whose own records are not among these
            continue


def _words(mesh: Mesh, identity: bytes) -> tuple[bytes, str]:
    peer = mesh.peers.get(identity)
    return identity, key(peer.public_key) if peer else ""


def about(record: Record, subject: tuple[bytes, str]) -> Record:
    """The record without what it says of others than this identity and WireGuard key; whole where it says no more."""
    identity, public_key = subject
    match record.event:
        case PeersSighted(sightings):
            mine = tuple(each for each in sightings if each.identity == identity)
            return replace(record, event=PeersSighted(mine)) if mine else record
        case DeviceChanged(changes, failing):
            kept = _mine(changes, public_key)
            return replace(record, event=DeviceChanged(kept, failing)) if kept else record
        case DeviceChangeFailed(changes, errors):
            pairs = [pair for pair in zip(changes, errors, strict=False) if public_key and public_key in pair[0]]
            failed = DeviceChangeFailed(tuple(change for change, _ in pairs), tuple(error for _, error in pairs))
            return replace(record, event=failed) if pairs else record
        case _:
            return record


def _mine(changes: tuple[str, ...], public_key: str) -> tuple[str, ...]:
    return tuple(change for change in changes if public_key and public_key in change)
