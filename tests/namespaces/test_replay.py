"""What a real daemon took can be decided again, and a daemon whose log was damaged goes on with what is sound of it."""

import os
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.edited import Edit, edited
from tests.namespaces.daemon import WGMESH, Daemon
from tests.namespaces.lab import FaultyLab, wait_for
from tests.namespaces.mesh import lan_mesh
from tests.source import ROOT

pytestmark = pytest.mark.namespaces

# How long a recording lasts; longer by hand.
SECONDS = float(os.environ.get("RECORDED_SECONDS", "15"))


# A policy that is another one by one line: nobody is ever seen to be connected.
NEVER_CONNECTED = Edit("wgmesh/domain/liveness.py", "SILENT_AFTER = 180 * SECOND", "SILENT_AFTER = -1")
# A version that wants narrower tunnels.
SMALLER_TUNNELS = Edit("wgmesh/projections/desired_device.py", "MOST_MTU = 1420", "MOST_MTU = 1400")


def replayed(daemon: Daemon, *words: str, code: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return daemon.node.run([*WGMESH, "replay", str(daemon.state_dir), *words], cwd=code, check=False)


def rehearses(daemon: Daemon, directory: Path) -> None:
    """Beside the running daemon: this version would change nothing, and one with another MTU would, which it says."""
    quiet = wait_for(lambda: calm(daemon.wgmesh("rehearse", check=False)), 20, "a restart without a surprise")
    assert quiet
    assert "WireGuard against the device as it is: " in quiet.stdout
    directory.mkdir()
    code = edited(directory, SMALLER_TUNNELS)
    words = [*WGMESH, "rehearse", "--state-dir", str(daemon.state_dir)]
    said = daemon.node.run(words, cwd=code, check=False)
    assert said.returncode == 1
    assert "! it would set MTU 1400" in said.stdout


def calm(said: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str] | None:
    """What was said, if it was no surprise: a log that is written to may be a moment behind the device."""
    return said if said.returncode == 0 and "no surprise" in said.stdout else None


def test_what_a_daemon_decided_while_a_peer_came_and_went_is_decided_again(lab: FaultyLab) -> None:
    recording = lab.directory / "inputs"
    mesh = lan_mesh(lab, "a", options=("--record-inputs", str(recording)))
    a, end = mesh.daemons[0], time.monotonic() + SECONDS
    b = mesh.join("b")
    mesh.forms()
    while time.monotonic() < end:
        b.wgmesh("leave")
        b.start()
        mesh.forms()
        b.restart()
        mesh.forms()
    rehearses(a, recording.parent / "next")
    live = replayed(a, "--inputs", str(recording))
    assert ", as in the log" in live.stdout
    a.terminate()
    whole = replayed(a, "--inputs", str(recording))
    print(whole.stdout)
    sequence = len(a.events())
    assert "PeerLeft" in [event["name"] for event in a.events()]
    assert whole.stdout.endswith(f" again: {sequence} records, 1 to {sequence}, as in the log\n")
    (lab.directory / "edited").mkdir()
    otherwise = replayed(a, "--inputs", str(recording), code=edited(lab.directory / "edited", NEVER_CONNECTED))
    print(otherwise.stdout, otherwise.stderr)
    there, connected, _, here, _ = otherwise.stdout.splitlines()
    assert (otherwise.returncode, there, here) == (1, "in the log:", "decided now: nothing")
    first = next(event["sequence"] for event in a.events() if event["name"] == "PeerConnected")
    assert connected.split()[0] == str(first)
    assert f"record {first} is decided otherwise by this wgmesh, at input " in otherwise.stderr
    assert recording.stat().st_mode & 0o777 == 0o600
    payload = mesh.secret_file.read_text().strip().partition("v1/")[2][:48]
    assert payload.encode() not in recording.read_bytes()


def damage(state_dir: Path) -> int:
    """Changes a record in the middle; its sequence."""
    with closing(sqlite3.connect(state_dir / "events.db")) as connection, connection:
        sequence: int = connection.execute("SELECT max(originator_version) FROM stored_events").fetchone()[0] // 2
        changed = "UPDATE stored_events SET topic = 'X' WHERE originator_version = ?"
        connection.execute(changed, (sequence,))
    return sequence


def test_a_damaged_log_is_moved_aside_and_the_node_goes_on_from_what_verifies(lab: FaultyLab) -> None:
    a, b = lan_mesh(lab, "a", "b").daemons
    node, last = a.status()["node"], len(a.events())
    a.terminate()
    bad = damage(a.state_dir)
    assert f"record {bad} is bad" in a.wgmesh("events", "--verify", check=False).stderr
    assert f"record {bad} is bad" in replayed(a).stderr
    a.start()
    assert a.connected(1, 20), a.log.read_text()
    now = a.status()["node"]
    assert [now[key] for key in ("public_key", "mesh_ipv4", "mesh_ipv6")] == [
        node[key] for key in ("public_key", "mesh_ipv4", "mesh_ipv6")
    ]
    assert now["incarnation"] > node["incarnation"]
    recovered = next(event for event in a.events() if event["name"] == "LogRecovered")
    assert recovered["first_bad"] == bad
    assert recovered["resumes_at"] == recovered["sequence"] > last
    assert (a.state_dir / recovered["file"]).is_file()
    assert [event["sequence"] for event in a.events()][:bad] == [*range(1, bad), recovered["sequence"]]
    assert a.wgmesh("events", "--verify").returncode == 0
    assert b.node.ping(now["mesh_ipv4"])
