"""`wgmesh bugreport` writes a bundle that replays and names nobody, or nothing."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.adapters.event_log import a_newer_log, change
from tests.cli import Said, run
from tests.cli.conftest import keep
from tests.recorded_life import record_a_life
from tests.redaction.hunting import addresses, encoded, hits, keys_and_names
from tests.redaction.unpacking import unpacked
from tests.stories import STORY
from wgmesh.adapters.event_log.reader import LogReader
from wgmesh.domain.folding import evolve
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.records import Record


def bugreport(directory: Path, *words: object) -> Said:
    return run("bugreport", "--state-dir", str(directory), *(str(word) for word in words))


def everything(directory: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in directory.iterdir())


def test_the_bundle_replays_under_other_names_and_names_nobody(node: Path, tmp_path: Path) -> None:
    said = bugreport(node, "-o", tmp_path / "bundle.tar.gz")
    assert (said.exit_code, said.err) == (0, "")
    assert (tmp_path / "bundle.tar.gz").stat().st_mode & 0o777 == 0o600
    bundle = unpacked(tmp_path / "bundle.tar.gz")
    assert sorted(path.name for path in bundle.iterdir()) == ["about.json", "events.db"]
    real, shown = (json.loads(run("replay", str(log), "--json").out) for log in (node, bundle))
    assert (shown["sequence"], shown["counts"], shown["running"]) == (13, real["counts"], real["running"])
    with LogReader(bundle / "events.db", running=False) as reader:
        log = [replace(record, chain=b"") for record in reader.records() if isinstance(record, Record)]
    named = [*keys_and_names(STORY), *addresses(encoded(STORY))]
    assert len(named) > 20
    assert hits(named, encoded(log) + everything(bundle)) == []
    assert json.loads((bundle / "about.json").read_bytes())["records"] == 13


def test_recorded_inputs_go_along_and_are_decided_again(tmp_path: Path) -> None:
    (tmp_path / "lived").mkdir()
    record_a_life(tmp_path / "lived", half_bytes=6000, minutes=20)
    assert (tmp_path / "lived" / "inputs.old").exists()
    (tmp_path / "lived" / "inputs").rename(tmp_path / "kept")
    (tmp_path / "lived" / "inputs.old").rename(tmp_path / "kept.old")
    assert bugreport(tmp_path / "lived", "-o", tmp_path / "b.tgz", "--inputs", tmp_path / "kept").exit_code == 0
    bundle = unpacked(tmp_path / "b.tgz")
    said = run("replay", str(bundle), "--inputs", str(bundle / "inputs"))
    assert said.exit_code == 0, said.err
    assert "again" in said.out


def test_a_recording_of_another_log_is_left_out_and_one_that_is_none_is_a_sentence(node: Path, tmp_path: Path) -> None:
    record_a_life(tmp_path)
    said = bugreport(node, "-o", tmp_path / "b.tgz", "--inputs", tmp_path / "inputs")
    assert said.exit_code == 0
    assert "the recording inputs is left out: " in said.err
    for none in (tmp_path / "none", node / "events.db"):
        said = bugreport(node, "-o", tmp_path / "c.tgz", "--inputs", none)
        assert (said.exit_code, said.out) == (1, "")
        assert said.err.startswith(f"wgmesh: {none}")
    assert not (tmp_path / "c.tgz").exists()


def test_a_log_from_which_records_were_taken_out_goes_on_where_it_begins(tmp_path: Path) -> None:
    from contextlib import closing

    from wgmesh.adapters.event_log.writer import EventLog

    (tmp_path / "lived").mkdir()
    record_a_life(tmp_path / "lived")
    (tmp_path / "lived" / "inputs").unlink()
    with closing(EventLog.open(tmp_path / "lived" / "events.db", at=0)) as log:
        log.begin_at(log.carried[-1])
    assert bugreport(tmp_path / "lived", "-o", tmp_path / "b.tgz").exit_code == 0
    real, shown = (json.loads(run("replay", str(log), "--json").out) for log in ("lived", unpacked(tmp_path / "b.tgz")))
    assert (shown["sequence"], shown["counts"]) == (real["sequence"], real["counts"])


def test_of_a_damaged_log_the_sound_part_goes_along_and_of_a_newer_one_nothing(tmp_path: Path) -> None:
    damaged = keep(tmp_path / "damaged")
    change(damaged / "events.db", "UPDATE stored_events SET topic = 'X' WHERE originator_version = 10")
    said = bugreport(damaged, "-o", tmp_path / "b.tgz")
    assert said.exit_code == 0
    assert "record 10 is bad" in said.err
    about = json.loads((unpacked(tmp_path / "b.tgz") / "about.json").read_bytes())
    assert (about["records"], about["damage"][:16]) == (9, "record 10 is bad")
    (tmp_path / "newer").mkdir()
    a_newer_log(tmp_path / "newer" / "events.db", 3)
    said = bugreport(tmp_path / "newer", "-o", tmp_path / "c.tgz")
    assert (said.exit_code, said.out) == (1, "")
    assert "make the bundle with the wgmesh that wrote it" in said.err


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0" + bytes(84), b"not a log" * 100])
def test_what_is_no_log_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "events.db").write_bytes(content)
    said = bugreport(tmp_path / "odd", "-o", tmp_path / "b.tgz")
    assert (said.exit_code, said.out, said.err.count("\n")) == (1, "", 1)
    assert not (tmp_path / "b.tgz").exists()


def test_nothing_is_written_over_and_nothing_where_nobody_may(node: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    said = bugreport(node, "-o", tmp_path / "mine")
    assert (said.exit_code, said.err) == (1, f"wgmesh: {tmp_path}/mine is there already: name another file with -o\n")
    said = bugreport(node, "-o", tmp_path / "nowhere" / "b.tgz")
    assert (said.exit_code, said.err) == (
        1,
        f"wgmesh: {tmp_path}/nowhere/b.tgz cannot be written: No such file or directory\n",
    )


def test_nothing_is_written_where_the_check_finds_another_state(
    node: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_name(mesh: Mesh, record: Record) -> Mesh:
        after = evolve(mesh, record)
        return replace(after, dropped=7) if "beta" in str(record.event) else after

    monkeypatch.setattr("wgmesh.domain.folding.evolve", by_name)
    said = bugreport(node, "-o", tmp_path / "b.tgz")
    assert (said.exit_code, said.out) == (1, "")
    assert said.err == "wgmesh: with pseudonyms, this log makes another state than without: nothing is written\n"
    assert not (tmp_path / "b.tgz").exists()


def test_nothing_is_written_where_a_key_could_still_be_read(
    node: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.release", lambda: "of 192.168.1.17")
    said = bugreport(node, "-o", tmp_path / "b.tgz")
    assert said.exit_code == 1
    assert "b'192.168.1.17' could still be read in about.json: nothing is written" in said.err
    assert not (tmp_path / "b.tgz").exists()
