"""The machine on which transcripts are played."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import clock as clock
from tests.cli.conftest import keep
from tests.cli.conftest import no_mesh_here as no_mesh_here
from tests.pair_stories import SILENT, WELL, WRONG_SECRET
from tests.scenarios import worlds
from tests.stories import ALPHA, BETA, STORY, joined, records, started
from wgmesh.adapters.event_log.reader import LogReader
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
    for name, log in worlds.read():
        keep(tmp_path / name.removeprefix("partition-"), log)
    _bad_logs(tmp_path)
    return tmp_path


def _bad_logs(place: Path) -> None:
    """Logs that are not what they should be, and of beta, the witness that saw how far that of alpha went."""
    with LogReader(place / "alpha" / "events.db", running=False) as reader:
        head = reader.head
    seen = e.HeadWitnessed(ALPHA.key, head.sequence, head.chain)
    keep(place / "witness", records((0, "start", joined(BETA)), (1, "start", started()), (3800, "gossip", seen)))
    keep(place / "cut", STORY[:9])
    flipped = keep(place / "flipped") / "events.db"
    with closing(sqlite3.connect(flipped)) as connection, connection:
        connection.execute("UPDATE stored_events SET topic = 'PeerLeft.1' WHERE originator_version = 7")
    torn = keep(place / "torn") / "events.db"
    pages = torn.read_bytes()
    torn.write_bytes(pages[:4096] + bytes(255 for _ in pages[4096:]))
    for name in ("zero", "foreign", "directory"):
        (place / name).mkdir(0o700)
    (place / "zero" / "events.db").touch()
    (place / "directory" / "events.db").mkdir()
    with closing(sqlite3.connect(place / "foreign" / "events.db")) as connection, connection:
        connection.execute("CREATE TABLE songs (title)")
