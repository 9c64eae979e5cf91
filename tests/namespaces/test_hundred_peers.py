"""What a daemon with a hundred peers costs, on every back end: memory, and processor time to make its device."""

import os
import time
import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cast import Member
from tests.namespaces.daemon import Daemon
from tests.namespaces.lab import FaultyLab
from tests.namespaces.mesh import mint_secret
from tests.namespaces.pair import BACK_ENDS, await_record, back_end_options
from tests.namespaces.test_figures import memory_kib
from tests.pace import SLOWER
from tests.source import ROOT
from wgmesh.adapters.clock import Clock
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.domain.events import PeerConnected
from wgmesh.domain.identity import Identity
from wgmesh.domain.keys import parameters
from wgmesh.domain.records import Record
from wgmesh.domain.secret import parse

pytestmark = pytest.mark.namespaces

BUDGETS: dict[str, Any] = tomllib.loads((ROOT / "tests" / "budgets.toml").read_text())["hundred"]
PEERS = 100
LOOKS = 6
# Looks at a new device come four times a second for so long.
SETTLING_SECONDS = 5
SEED = b"\xad" * 32


def write_life(directory: Path, secret_file: Path) -> None:
    """The state directory of a node that is connected with a hundred others."""
    mesh = parameters(parse(secret_file.read_text()))
    ada = Member("ada", Identity.from_seed(SEED), "198.18.1.1", mesh)
    others = [Member(f"n{n}", Identity.from_seed(n.to_bytes(32)), f"198.18.0.{n}", mesh) for n in range(1, PEERS + 1)]
    met = [event for other in others for event in (other.discovered(), PeerConnected(other.key, other.wireguard))]
    directory.mkdir(0o700)
    (directory / "identity.seed").touch(0o600)
    (directory / "identity.seed").write_bytes(SEED)
    at, _ = Clock().now()
    with closing(EventLog.open(directory / "events.db", at=at)) as log:
        events = enumerate([*ada.joined(), *met], start=1)
        log.append([Record(sequence, at, 0, "test", (), event) for sequence, event in events])


def processor_seconds(pid: int) -> float:
    """What the process itself has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def at_rest_kib(daemon: Daemon) -> int:
    """What the process keeps for itself: a round of Hellos to a hundred takes more for some seconds."""
    private = memory_kib(daemon.pid())[1]
    for _ in range(int(LOOKS * SLOWER)):
        if private <= BUDGETS["private_mib"] * 1024:
            break
        time.sleep(1)
        private = memory_kib(daemon.pid())[1]
    return private


@pytest.mark.parametrize("back_end", BACK_ENDS)
def test_a_hundred_peers_fit_into_little_memory_and_are_made_again_with_little_effort(
    lab: FaultyLab, back_end: str
) -> None:
    lab.segment("lan")
    node, secret = lab.node("ada"), mint_secret(lab.directory)
    lab.plug(node, "lan", "198.18.1.1/16")
    write_life(lab.directory / "ada-wgmesh0", secret)
    daemon = Daemon(node, secret, lab.directory, *back_end_options(back_end))

    await_record(daemon, "DeviceChanged")
    assert len(daemon.wg_show("endpoints").splitlines()) == PEERS
    time.sleep(SETTLING_SECONDS)
    begun, seen = processor_seconds(daemon.pid()), len(daemon.record_names())
    node.run(["ip", "link", "delete", "wgmesh0"])
    await_record(daemon, "DeviceChanged", seen)
    assert len(daemon.wg_show("endpoints").splitlines()) == PEERS
    seconds = processor_seconds(daemon.pid()) - begun
    time.sleep(SETTLING_SECONDS)
    private = at_rest_kib(daemon)
    written = daemon.record_names()[seen:]
    print(f"{back_end}: {private} KiB private, made again in {seconds:.2f} s of processor time; {written}")
    assert private <= BUDGETS["private_mib"] * 1024
    assert seconds <= BUDGETS["apply_seconds"] * SLOWER
    assert written.count("DeviceChanged") == 1
