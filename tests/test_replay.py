"""The past is made again to the last byte, and where it is not, the first place is named."""

import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL
from tests.playbook import given
from tests.recorded_life import record_a_life
from wgmesh.adapters.event_log.reader import LogReader
from wgmesh.domain import snapshot
from wgmesh.domain.decide import step
from wgmesh.domain.draft import State
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.events import (
    LayerSuspended,
    MeshJoined,
    PeerConnected,
    PeerDisconnected,
    PeersSighted,
    Sighting,
    StateCarried,
)
from wgmesh.domain.folding import evolve, fold
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.records import Record
from wgmesh.domain.values import Endpoint, Ground
from wgmesh.node.recording import Beginning, Scribe, Taken, read_recording
from wgmesh.replay import Redecided, decide_again, differences, fold_again

Recording = tuple[Beginning, list[Taken]]


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Record], Recording]:
    """A log and the recording that it came from."""
    directory = tmp_path_factory.mktemp("past")
    record_a_life(directory)
    with LogReader(directory / "events.db", running=False) as reader:
        records = [record for record in reader.records() if isinstance(record, Record)]
    beginning, taken = read_recording(io.BytesIO((directory / "inputs").read_bytes()).read)
    return records, (beginning, list(taken))


@pytest.fixture
def log(past: tuple[list[Record], Recording]) -> list[Record]:
    return past[0]


@pytest.fixture
def recording(past: tuple[list[Record], Recording]) -> Recording:
    return past[1]


def decided(log: list[Record], recording: Recording) -> list[Redecided]:
    return list(decide_again(log, *recording))


def test_what_was_decided_is_decided_again(log: list[Record], recording: Recording) -> None:
    again = decided(log, recording)
    assert [each.given for each in again] == [each.given for each in recording[1]]
    assert not [each.number for each in again if each.first_different or not each.folds_alike]
    assert sum(len(each.decided) for each in again) == len(log)


def test_the_first_record_that_the_log_has_otherwise_is_shown_with_what_is_decided(
    log: list[Record], recording: Recording
) -> None:
    place = next(place for place, record in enumerate(log) if isinstance(record.event, PeerDisconnected))
    changed = [*log]
    changed[place] = replace(log[place], event=PeerDisconnected(BOB.key, 1))
    *alike, last = decided(changed, recording)
    assert last.first_different == (replace(changed[place], chain=b""), replace(log[place], chain=b""))
    assert not [each for each in alike if each.first_different]


def test_a_policy_that_says_more_than_it_did_leaves_one_side_empty(
    log: list[Record], recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wgmesh.domain.liveness.SILENT_AFTER", 3_600_000)
    last = decided(log, recording)[-1]
    assert last.first_different is not None
    there, here = last.first_different
    assert there is None
    assert isinstance(here and here.event, PeerConnected), "ten minutes are no silence any more"


def test_a_fold_that_differs_is_seen_though_every_record_is_the_same(
    log: list[Record], recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgetful(mesh: Mesh, record: Record) -> Mesh:
        after = evolve(mesh, record)
        return replace(after, routed={}) if isinstance(record.event, PeerConnected) else after

    monkeypatch.setattr("wgmesh.domain.draft.evolve", forgetful)
    last = decided(log, recording)[-1]
    assert isinstance(last.decided[0].event, PeerConnected)
    assert (last.first_different, last.folds_alike) == (None, False)


def test_a_recording_of_another_node_is_refused(log: list[Record], recording: Recording) -> None:
    beginning, taken = recording
    with pytest.raises(WgmeshError, match="of another node"):
        decided(log, (replace(beginning, identity=CAROL.key), taken))


def test_a_log_that_ends_too_early_or_begins_too_late_is_told_where(log: list[Record], recording: Recording) -> None:
    with pytest.raises(WgmeshError, match=r"needs record \d+, but the log ends at record 7"):
        decided(log[:7], recording)
    carried = next(record for record in log if isinstance(record.event, StateCarried))
    with pytest.raises(WgmeshError, match=f"needs record 3, but the log begins at record {carried.sequence}"):
        decided(log[carried.sequence - 1 :], recording)


def test_a_recording_may_set_in_behind_any_record(log: list[Record], recording: Recording) -> None:
    *_, third, fourth = islice(decide_again(log, *recording), 4)
    state = State(fourth.before, step(State(third.before), third.given, third.now).state.session)
    scribe = Scribe()
    written = scribe.begin(state, "0", ALICE.key)
    beginning, _ = read_recording(io.BytesIO(written).read)
    assert beginning.sequence == 5
    later = (beginning, recording[1][3:4])
    assert decided(log, later)[0].logged == fourth.logged


def test_a_log_that_is_not_the_recorded_one_at_its_beginning_is_refused(
    log: list[Record], recording: Recording
) -> None:
    beginning, taken = recording
    with pytest.raises(WgmeshError, match="folded up to record 5, is not the state"):
        decided(log, (replace(beginning, sequence=5), taken))


def test_a_log_is_folded_as_its_node_folded_it(log: list[Record]) -> None:
    mesh = fold(log)
    last = log[-1].sequence
    folded = list(fold_again(log, {last: snapshot.decode(snapshot.encode(mesh))}))
    assert [each.record for each in folded] == log
    assert folded[-1].after == mesh
    assert not [each for each in folded if each.differences]


def forgetting_silence(mesh: Mesh, record: Record) -> Mesh:
    """A fold that overlooks what becomes of silent peers."""
    after = evolve(mesh, record)
    return replace(mesh, head=after.head) if isinstance(record.event, PeerDisconnected) else after


def test_the_first_record_that_is_folded_otherwise_is_named_by_the_next_kept_state(
    log: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    overlooked = [record.sequence for record in log if isinstance(record.event, PeerDisconnected)]
    carried = next(record for record in log if isinstance(record.event, StateCarried))
    monkeypatch.setattr("wgmesh.replay.evolve", forgetting_silence)
    differing = next(each for each in fold_again(log, {}) if each.differences)
    assert differing.record == carried
    assert [each.fact for each in differing.differences] == ["peers[bob].connected", "peers[bob].disconnected"]
    assert differing.first_different in overlooked


def test_a_kept_state_that_differs_in_facts_without_a_ground_names_its_own_record(log: list[Record]) -> None:
    mesh = fold(log[:6])
    folded = list(fold_again(log[:6], {6: replace(mesh, nonce=7)}))
    assert [each.fact for each in folded[-1].differences] == ["nonce"]
    assert folded[-1].first_different == 6


def test_a_record_of_a_peer_that_nobody_introduced_changes_nothing() -> None:
    records = [
        Record(1, 0, 0, "start", (), ALICE.joined()[0]),
        Record(2, 0, 0, "timer/roll-call", (), PeersSighted((Sighting(BOB.key, 1, 2, 3),))),
    ]
    first, second = fold_again(records, {})
    assert isinstance(first.record.event, MeshJoined)
    assert second.after == second.before == first.after


def facts(here: object, there: object) -> Iterator[tuple[str, int | None]]:
    return ((each.fact, each.sequence) for each in differences(here, there))


def test_a_difference_is_named_down_to_the_smallest_part_with_the_record_it_rests_on() -> None:
    mesh = given(*ALICE.joined(), BOB.discovered(), BOB.observed(), LayerSuspended("lan", "down")).mesh
    bob = mesh.peers[BOB.key]
    assert list(facts(mesh, mesh)) == []
    moved = replace(bob, observed=(replace(bob.observed[0], endpoint=Endpoint("10.0.0.9", 7)),))
    assert list(facts(mesh, replace(mesh, peers={BOB.key: moved}))) == [
        ("peers[bob].observed[0].endpoint.ip", 6),
        ("peers[bob].observed[0].endpoint.port", 6),
    ]
    assert list(facts(mesh, replace(mesh, peers={}))) == [("peers[bob]", None)]
    assert list(facts(replace(mesh, peers={}), mesh)) == [("peers[bob]", None)]
    assert list(facts(mesh, replace(mesh, started=Ground(9, 0, 0), ipv4=""))) == [("ipv4", None), ("started", 9)]
    assert list(facts(mesh, replace(mesh, stopped=Ground(9, 0, 0)))) == [("stopped", 9)]
    assert list(facts(mesh, replace(mesh, layers={"lan": replace(mesh.layers["lan"], reason="")}))) == [
        ("layers[lan].reason", 7)
    ]
    refused = given(*ALICE.joined()).mesh
    assert list(facts(refused, replace(refused, foreign=(b"\xabcdefgh",)))) == [("foreign[0]", None)]


def test_an_empty_path_is_no_log(tmp_path: Path) -> None:
    assert list(fold_again([], {})) == []
