"""A slice of a log as a test: what was folded and shown here must be folded and shown wherever the test is run.

The test holds the records as they lie in the log, after one that carries the state before them, and the sentences, the
peers and the device that they made. It fails as soon as the fold, a view, or the policy that chooses endpoints differs.
"""

from collections.abc import Iterable, Iterator, Sequence
from pprint import pformat
from typing import Any

import msgspec
from msgspec import Struct

from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.folding import carried, evolve
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.records import CHAIN_BYTES, GENESIS, Record, decode, encode
from wgmesh.projections.desired_device import desired_device
from wgmesh.projections.peers import peers
from wgmesh.projections.timeline import sentence

# Wide enough for an endpoint or a key beside its name.
WIDTH = 110
# Records in one test; more is a log, and a log has `replay`.
MOST_RECORDS = 2000

_TEST = '''\
# ruff: noqa: E501
"""Records {first} to {last} of a log, and what wgmesh {program} made of them: `wgmesh events --to-test` wrote this."""

from wgmesh.retelling import retold

RECORDS = (
{records}
)

SENTENCES = {sentences}

PEERS = {peers}

DEVICE = {device}


def test_the_records_are_told_as_they_were() -> None:
    assert retold(RECORDS).sentences == SENTENCES


def test_the_peers_are_as_they_were() -> None:
    assert retold(RECORDS).peers == PEERS


def test_wireguard_is_wished_to_be_as_it_was() -> None:
    assert retold(RECORDS).device == DEVICE
'''


class Retold(Struct, frozen=True):
    """What a slice comes to: its sentences, and in the end the peers and the wished device, as plain values."""

    sentences: list[str]
    peers: Any
    device: Any


def retold(lines: Iterable[str]) -> Retold:
    """Fold the lines of a test; UnreadableEvent for one that this version would not have written."""
    mesh, sentences = Mesh(), list[str]()
    for record in map(_read, lines):
        sentences.append(sentence(mesh, record))
        mesh = evolve(mesh, record)
    now = mesh.head
    shown, device = peers(mesh, now.at).peers, desired_device(mesh, now.awake)
    return Retold(sentences, msgspec.to_builtins(shown), msgspec.to_builtins(device))


def as_test(before: Mesh, records: Sequence[Record], program: str) -> str:
    """The text of a test file; `before`: the mesh that the records fold onto, of a node that started or of none.

    WgmeshError if no node comes of it.
    """
    assert before.settings is not None or not before.head.sequence, "what is before a slice must be carried along"
    if not records:
        raise WgmeshError("there are no records between --since and --until: nothing to test")
    if len(records) > MOST_RECORDS:
        raise WgmeshError(f"{len(records)} records are no test any more: name a shorter time with --since and --until")
    lines = tuple(_lines(before, records))
    if not any(_starts(record) for record in map(_read, lines)):
        raise WgmeshError("up to there the log tells of no node that started: name a later time with --until")
    made = retold(lines)
    return _TEST.format(
        first=records[0].sequence,
        last=records[-1].sequence,
        program=program,
        records="\n".join(f"    {line!r}," for line in lines),
        sentences=pformat(made.sentences, width=WIDTH),
        peers=pformat(made.peers, width=WIDTH, sort_dicts=False),
        device=pformat(made.device, width=WIDTH, sort_dicts=False),
    )


def _starts(record: Record) -> bool:
    return type(record.event).__name__ in ("SettingsChanged", "StateCarried")


def _lines(before: Mesh, records: Sequence[Record]) -> Iterator[str]:
    if before.settings is not None:
        head = before.head
        yield _line(Record(head.sequence, head.at, head.awake, "test", (), carried(before)))
    for record in records:
        yield _line(record)


def _line(record: Record) -> str:
    stored = encode(record, GENESIS)
    return f"{record.sequence} {stored.topic} {stored.state[CHAIN_BYTES:].decode()}"


def _read(line: str) -> Record:
    sequence, topic, text = line.split(" ", 2)
    return decode(int(sequence), topic, bytes(CHAIN_BYTES) + text.encode())
