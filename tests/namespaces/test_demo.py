"""`wgmesh demo` as a stranger meets it: it tells the truth, and nothing of it is left, however it ends."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.namespaces.daemon import WGMESH
from tests.namespaces.lab import require_namespaces, wait_for
from tests.source import ROOT

pytestmark = pytest.mark.namespaces

DEMO = (*WGMESH, "demo", "--nodes", "2")


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Where the demo is told to keep its temporary files, so that nobody else's are taken for its own."""
    require_namespaces()
    return tmp_path


def environment(scratch: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(scratch)}


def leavings(scratch: Path) -> list[str]:
    """Files and processes of a demo; its interfaces and namespaces live no longer than its processes."""
    mark = str(scratch).encode()
    processes = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        if mark in words:
            processes.append(words.replace(b"\0", b" ").decode())
    return [*processes, *map(str, scratch.iterdir())]


def test_the_demo_reaches_every_pair_loses_no_ping_and_leaves_nothing(scratch: Path) -> None:
    done = subprocess.run(
        DEMO, cwd=ROOT, env=environment(scratch), capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("All 2 directed pairs answer a ping, over IPv4 and over IPv6.") == 2
    assert re.search(r"of 40 pings none was lost", done.stdout)
    assert re.search(r"node1 +lan +discovered .*hostname node2", done.stdout)
    assert "\033" not in done.stdout  # colour is for terminals
    assert leavings(scratch) == []


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGKILL])
def test_a_demo_that_is_interrupted_leaves_nothing_either(scratch: Path, sig: signal.Signals) -> None:
    with subprocess.Popen(
        DEMO, cwd=ROOT, env=environment(scratch), stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as demo:
        assert demo.stdout
        for line in demo.stdout:
            if "connected with" in line:
                break
        demo.send_signal(sig)
        demo.wait(20)
        demo.stdout.read()
    wait_for(lambda: leavings(scratch) == [], 10, "everything to be gone")
    assert demo.returncode == (130 if sig == signal.SIGINT else -signal.SIGKILL)
