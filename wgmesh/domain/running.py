"""The node's own life: it starts, meets its networks, stops, leaves; its clock, its layers and its device change."""

from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.effects import Announce, Exit, RemoveInterface
from wgmesh.domain.events import (
    ClockStepped,
    DatagramsRejected,
    DeviceChanged,
    DeviceChangeFailed,
    LayerResumed,
    LayerSuspended,
    LogCompacted,
    LogGap,
    LogRecovered,
    MeshJoined,
    MeshLeft,
    NewerPeerSeen,
    NodeStarted,
    NodeStopped,
    RelayPortChosen,
    SettingsChanged,
)
from wgmesh.domain.folding import carried
from wgmesh.domain.inputs import (
    Applied,
    Compacted,
    Outpaced,
    Recovered,
    Rejected,
    Resumed,
    Start,
    Stop,
    Suspended,
    Thawed,
)
from wgmesh.domain.parameters import ipv4_of, ipv6_of
from wgmesh.domain.values import DAY, HOUR, SECOND

# A wall clock that runs this much off the steady one was set, not slow.
STEP_NOTICED = 5 * SECOND
# Sources of messages of newer versions that are kept in mind.
OUTPACED_CAP = 64


def start(draft: Draft, begun: Start) -> Verdict:
    """Begin a run; the very first one joins the mesh."""
    if not draft.mesh.identity:
        ipv4 = ipv4_of(begun.parameters, begun.public_key, 0)
        ipv6 = ipv6_of(begun.parameters, begun.public_key)
        yield MeshJoined(begun.identity, begun.public_key, begun.parameters, ipv4, ipv6), ()
    assert draft.mesh.identity == begun.identity, "the log is another node's"
    assert draft.mesh.parameters == begun.parameters, "the log is another mesh's"
    yield (
        NodeStarted(begun.boot, begun.life, begun.program, begun.generation, begun.listen_port, begun.exchange_port),
        (),
    )
    if draft.mesh.settings != begun.settings:
        yield SettingsChanged(begun.settings), ()
    if draft.mesh.relay_port != begun.relay_port:
        yield RelayPortChosen(begun.relay_port), ()
    now = draft.now.awake
    draft.remember(began=now, sample_due=now, roll_call_due=now + HOUR, forget_due=now)


def stop(_draft: Draft, stopped: Stop) -> Verdict:
    """End this run; tunnels stay."""
    yield NodeStopped(stopped.reason), ()
    yield Exit()


def leave(_draft: Draft) -> Verdict:
    """Say goodbye, twice against loss, and take the interface down."""
    yield MeshLeft(), ()
    yield Announce()
    yield Announce()
    yield RemoveInterface()


def apply(draft: Draft, applied: Applied) -> Verdict:
    """Changes were made to the device, or refused: a refusal is news when it differs from the last."""
    known = draft.mesh.failure
    if applied.changes or (known and not applied.failed):
        yield DeviceChanged(applied.changes, len(applied.failed)), (known.since.sequence,) if known else ()
    if applied.failed and (known is None or (known.changes, known.errors) != (applied.failed, applied.errors)):
        yield DeviceChangeFailed(applied.failed, applied.errors), ()


def reject(_draft: Draft, rejected: Rejected) -> Verdict:
    """An epoch's worth of datagrams that were not for us."""
    yield DatagramsRejected(rejected.counts, rejected.sources), ()


def outpace(draft: Draft, outpaced: Outpaced) -> Verdict:
    """Somebody speaks a newer version; once a source and day."""
    known = draft.mesh.outpaced.get(outpaced.source)
    if known is None and len(draft.mesh.outpaced) >= OUTPACED_CAP:
        return
    if known is None or draft.now.awake - known.awake >= DAY:
        yield NewerPeerSeen(outpaced.source), ()


def suspend(draft: Draft, suspended: Suspended) -> Verdict:
    """A layer cannot work; said once a reason."""
    known = draft.mesh.layers.get(suspended.layer)
    if known is None or known.reason != suspended.reason:
        yield LayerSuspended(suspended.layer, suspended.reason), ()


def resume(draft: Draft, resumed: Resumed) -> Verdict:
    """A layer works; said once."""
    known = draft.mesh.layers.get(resumed.layer)
    if known is None or known.reason:
        yield LayerResumed(resumed.layer), (known.since.sequence,) if known else ()


def recover(_draft: Draft, recovered: Recovered) -> Verdict:
    """The log was damaged before this start."""
    yield LogRecovered(recovered.file, recovered.first_bad, recovered.resumes_at), ()


def carry(draft: Draft) -> Verdict:
    """Say once more all that is held to be true."""
    assert draft.mesh.settings is not None, "a node has a state to carry once it has started"
    yield carried(draft.mesh), ()


def compact(_draft: Draft, compacted: Compacted) -> Verdict:
    """The log begins later now: with the record that carries the state."""
    yield LogCompacted(compacted.through, compacted.head), (compacted.through + 1,)


def thaw(_draft: Draft, thawed: Thawed) -> Verdict:
    """The disk was full, and is no longer."""
    yield LogGap(thawed.dropped, thawed.since), ()


def watch_clock(draft: Draft) -> Verdict:
    """Compare the wall clock with the steady one; a run's first input only sets the mark."""
    offset = draft.now.at - draft.now.awake
    known = draft.session.clock_offset
    if known is None:
        draft.remember(clock_offset=offset)
    elif abs(offset - known) >= STEP_NOTICED:
        draft.remember(clock_offset=offset)
        yield ClockStepped(offset - known), ()
