"""The machine on which transcripts are played."""

from pathlib import Path

import pytest

from tests.cli.conftest import clock as clock
from tests.cli.conftest import keep
from tests.cli.conftest import no_mesh_here as no_mesh_here
from tests.pair_stories import SILENT, WELL, WRONG_SECRET
from tests.stories import STORY, records
from wgmesh.domain import events as e


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Logs to look at: of a node that lives well, of one in trouble, of its peer as it may be, and none."""
    keep(tmp_path / "alpha")
    trouble = records(
        (3800, "wireguard", e.DeviceChangeFailed(("add route 10.71.0.0/16",), ("File exists",))),
        (3801, "lan", e.LayerSuspended("lan", "UDP port 51830 is in use")),
        (7000, "timer/rejections", e.DatagramsRejected({"seal": 61}, ("192.168.1.66",))),
        (7001, "log", e.ClockStepped(-3_600_000)),
        (7002, "operator/stop", e.NodeStopped("SIGTERM")),
        after=len(STORY),
    )
    keep(tmp_path / "trouble", (*STORY, *trouble))
    for name, log in (("beta", WELL), ("lonely", STORY[:6]), ("silent", SILENT), ("stranger", WRONG_SECRET)):
        keep(tmp_path / name, log)
    (tmp_path / "nothing").mkdir(0o700)
    return tmp_path
