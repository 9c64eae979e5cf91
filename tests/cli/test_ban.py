"""Who is banned is so at once, with a daemon and without one; what is meant is never guessed."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli import Said, run
from tests.cli.test_running import running as running  # a fixture
from tests.stories import BETA
from wgmesh.adapters.control import client
from wgmesh.domain.errors import WgmeshError
from wgmesh.projections.wording import key

STRANGER = key(bytes(range(32)))


def names() -> list[str]:
    """The events of alpha's log."""
    return [json.loads(line)["name"] for line in run("events", "--state-dir", "alpha", "--json").out.splitlines()]


def said(verb: str, peer: str) -> Said:
    return run(verb, peer, "--state-dir", "alpha")


@pytest.mark.usefixtures("running")
def test_a_running_daemon_bans_and_lets_back_in() -> None:
    assert said("ban", STRANGER).out == f"{STRANGER} is banned: its tunnel is gone, `wgmesh unban` lets it back in\n"
    assert said("ban", STRANGER).exit_code == 0
    assert names()[-1] == "PeerBanned"
    assert "connects again when it is met" in said("unban", STRANGER).out
    assert names()[-2:] == ["PeerBanned", "PeerUnbanned"]


def test_without_a_daemon_it_is_decided_under_its_lock(running: subprocess.Popen[str]) -> None:
    running.send_signal(signal.SIGTERM)
    running.wait(10)
    assert said("ban", STRANGER).exit_code == 0
    assert names()[-1] == "PeerBanned"
    assert said("unban", STRANGER).exit_code == 0
    assert names()[-1] == "PeerUnbanned"


@pytest.mark.usefixtures("running")
def test_a_request_that_names_no_key_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    for request in ({}, {"public_key": 7}, {"public_key": "%%"}):
        with pytest.raises(WgmeshError, match="names a public key in base64"):
            client.ask(tmp_path / "alpha", {"verb": "ban", **request})
    with pytest.raises(WgmeshError, match="a public key has 32 bytes"):
        client.ask(tmp_path / "alpha", {"verb": "unban", "public_key": "AAAA"})


def test_what_would_come_to_nothing_is_said(node: Path) -> None:
    ourselves = json.loads(run("status", "--state-dir", str(node), "--json").out)["node"]["public_key"]
    assert "is this node itself: `wgmesh leave`" in said("ban", ourselves).err
    assert "beta is not banned" in said("unban", "beta").err
    assert "no peer is called delta" in said("ban", "delta").err
    assert "is in no mesh" in said("ban", key(BETA.public_key)).err
