"""A log and its recording with pseudonyms in them, and the check that they are the same story still.

What is folded from the one with pseudonyms must be, byte for byte, the state that the real one folds to with
pseudonyms in it; and so must the device that it wishes for. What was decided must be decided again.
"""

from collections.abc import Iterable, Sequence
from itertools import takewhile

from msgspec import Struct
from msgspec.structs import replace

from wgmesh.domain import snapshot
from wgmesh.domain.device import Device
from wgmesh.domain.draft import State
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.folding import fold
from wgmesh.domain.mesh import DIGEST_MODULUS, Mesh, fingerprint
from wgmesh.domain.records import Record
from wgmesh.node.recording import Beginning, Scribe, Taken
from wgmesh.projections.desired_device import desired_device
from wgmesh.redaction.gathering import Gathered
from wgmesh.redaction.pseudonyms import Clash, Pseudonyms
from wgmesh.replay import decide_again


class Redacted(Struct, frozen=True):
    """Records with pseudonyms and without chains; `pseudonyms` has the same ones for whatever goes along."""

    records: tuple[Record, ...]
    pseudonyms: Pseudonyms


def redacted(records: Sequence[Record], secrets: Iterable[bytes], along: Sequence[object] = ()) -> Redacted:
    """The log under the first of the secrets (32 bytes each) that suits. `along`: what is to be rewritten later.

    WgmeshError if the check finds a difference, or if there is none that suits.
    """
    gathered = Gathered((*records, *along))
    for secret in secrets:
        try:
            pseudonyms = Pseudonyms(secret, gathered)
            result = Redacted(tuple(_record(record, pseudonyms) for record in records), pseudonyms)
            for value in along:
                pseudonyms.rewritten(value)
            pseudonyms.check()
        except Clash:
            continue
        _check(records, result)
        return result
    raise WgmeshError("its networks are too small for pseudonyms that differ: nothing is written")


def mesh_of(mesh: Mesh, pseudonyms: Pseudonyms) -> Mesh:
    """The state with pseudonyms in it. The digest is of the records that are held, so it is theirs."""
    shown: Mesh = pseudonyms.rewritten(mesh)
    return replace(shown, digest=sum(fingerprint(peer.signed) for peer in shown.peers.values()) % DIGEST_MODULUS)


def recording_of(redacted: Redacted, beginning: Beginning, taken: Iterable[Taken]) -> bytes:
    """A recording of the log, with pseudonyms; WgmeshError if that is not decided again as in the log."""
    last = redacted.records[-1].sequence
    # A daemon that runs is ahead of the copy of its log.
    known = takewhile(lambda each: each.sequence is None or each.sequence <= last, taken)
    given = tuple(redacted.pseudonyms.rewritten(each) for each in known)
    hashes = _hashes(redacted.records, {each.sequence: True for each in given})
    inputs = tuple(replace(each, state=hashes.get(each.sequence, b"") if each.state else b"") for each in given)
    before = fold(record for record in redacted.records if record.sequence <= beginning.sequence)
    state = State(before, redacted.pseudonyms.rewritten(beginning.session))
    begun = Beginning(
        beginning.program,
        redacted.pseudonyms.rewritten(beginning).identity,
        beginning.sequence,
        snapshot.fingerprint(before),
        state.session,
    )
    for again in decide_again(redacted.records, begun, inputs):
        if again.first_different or not again.folds_alike:
            raise WgmeshError(f"with pseudonyms, input {again.number} of the recording is decided otherwise")
    scribe = Scribe()
    return b"".join((scribe.begin(state, begun.program, begun.identity), *(scribe.frame(each) for each in inputs)))


def _record(record: Record, pseudonyms: Pseudonyms) -> Record:
    shown: Record = replace(pseudonyms.rewritten(replace(record, chain=b"")), cause=record.cause)
    return shown


def _hashes(records: Iterable[Record], wanted: dict[int | None, bool]) -> dict[int | None, bytes]:
    """The hash of the state behind each record that is wanted."""
    mesh, hashes = Mesh(), dict[int | None, bytes]()
    for record in records:
        mesh = fold((record,), mesh)
        if record.sequence in wanted:
            hashes[record.sequence] = snapshot.fingerprint(mesh)
    return hashes


def _check(records: Sequence[Record], redacted: Redacted) -> None:
    real, shown = fold(records), fold(redacted.records)
    if snapshot.encode(shown) != snapshot.encode(mesh_of(real, redacted.pseudonyms)):
        raise WgmeshError("with pseudonyms, this log makes another state than without: nothing is written")
    if real.settings and _device(shown) != _in_order(redacted.pseudonyms.rewritten(_device(real))):
        raise WgmeshError("with pseudonyms, this log wishes for another device than without: nothing is written")


def _device(mesh: Mesh) -> Device:
    return _in_order(desired_device(mesh, mesh.head.awake))


def _in_order(device: Device) -> Device:
    """Prefixes are in the order of their texts, which pseudonyms do not keep."""
    peers = (replace(peer, allowed_ips=tuple(sorted(peer.allowed_ips))) for peer in device.peers)
    addresses, routes = tuple(sorted(device.addresses)), tuple(sorted(device.routes))
    return replace(device, addresses=addresses, routes=routes, peers=tuple(peers))
