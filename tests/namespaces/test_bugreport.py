"""The bundle of a real run names nobody of it, and replays; so does its recording. The page of it can be written."""

import base64
from pathlib import Path

import pytest

from tests.namespaces.daemon import WGMESH, Daemon
from tests.namespaces.lab import FaultyLab
from tests.namespaces.mesh import lan_mesh
from tests.redaction.hunting import addresses, encoded, hits, keys_and_names
from tests.redaction.unpacking import unpacked
from tests.source import ROOT
from wgmesh.adapters.event_log.reader import LogReader
from wgmesh.domain.records import Record

pytestmark = pytest.mark.namespaces


def said(daemon: Daemon, *words: str) -> str:
    return daemon.node.run([*WGMESH, *words], cwd=ROOT).stdout


def records_of(log: Path) -> list[Record]:
    with LogReader(log, running=False) as reader:
        return [record for record in reader.records() if isinstance(record, Record)]


def test_the_bundle_of_a_real_run_names_nobody_and_is_decided_again(lab: FaultyLab) -> None:
    recording = lab.directory / "inputs"
    mesh = lan_mesh(lab, "orchid", options=("--record-inputs", str(recording)))
    orchid = mesh.daemons[0]
    mesh.join("tulip")
    mesh.forms()
    bundle = lab.directory / "bundle.tar.gz"
    live = said(
        orchid, "bugreport", "--state-dir", str(orchid.state_dir), "--inputs", str(recording), "-o", str(bundle)
    )
    assert "events.db, inputs, about.json" in live, "a daemon that runs is in nobody's way"
    folder = unpacked(bundle)
    assert '"allowed_ips"' in (folder / "about.json").read_text(), "what WireGuard says goes along"

    for each in mesh.daemons:
        each.terminate()
    log = records_of(orchid.state_dir / "events.db")
    named = [*keys_and_names(log), *addresses(encoded(log)), b"orchid", b"tulip"]
    seeds = [(each.state_dir / "identity.seed").read_bytes() for each in mesh.daemons]
    secret = mesh.secret_file.read_bytes().strip()
    hidden = [*named, *seeds, *map(base64.b64encode, seeds), secret]
    content = b"\n".join(path.read_bytes() for path in folder.iterdir())
    assert len(named) > 20
    assert hits(hidden, content + encoded(records_of(folder / "events.db"))) == []
    assert ", as in the log" in said(orchid, "replay", str(folder), "--inputs", str(folder / "inputs"))
