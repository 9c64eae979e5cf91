"""`test-peer` against a real daemon, on the loopback of this machine."""

import json
import re
import socket
from pathlib import Path

import pytest

from tests.cli import Said, run
from tests.cli.test_ban import names
from tests.cli.test_running import running as running  # a fixture
from wgmesh.adapters.clock import Clock
from wgmesh.domain.secret import format_uri, mint
from wgmesh.domain.values import HOUR


@pytest.fixture(autouse=True)
def present(clock: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token is of this hour, so here the clock goes on."""
    assert clock
    monkeypatch.setattr("wgmesh.cli.times.now", lambda: Clock().now()[0])


def exchange() -> str:
    shown = json.loads(run("status", "--state-dir", "alpha", "--json").out)
    return f"127.0.0.1:{shown['node']['exchange_port']}"


def asked(place: str, *words: str) -> Said:
    return run("test-peer", place, *(words or ("--state-dir", "alpha")))


@pytest.mark.usefixtures("running")
def test_a_node_of_this_mesh_answers_with_its_name_and_keeps_no_trace() -> None:
    place, before = exchange(), names()
    said = asked(place)
    assert (said.exit_code, said.err) == (0, "")
    assert re.fullmatch(rf"{place} answered in \d+\.\d ms as alpha \(.{{44}}\)\n", said.out)
    assert names() == before


@pytest.mark.usefixtures("running")
def test_a_clock_that_is_hours_off_is_told_from_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    place = exchange()
    monkeypatch.setattr("wgmesh.cli.times.now", lambda: Clock().now()[0] - 4 * HOUR)
    said = asked(place)
    assert said.exit_code == 1
    assert f"{place} is a node of this mesh, but its clock is about 4 h ahead of ours" in said.err


@pytest.mark.usefixtures("running")
def test_a_node_of_another_mesh_cannot_be_told_from_nobody_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "other").write_text(format_uri(mint(bytes(32))))
    said = asked(exchange(), "--secret-file", "other")
    assert (said.exit_code, said.out) == (1, "")
    assert "nothing came from 127.0.0.1:" in said.err
    assert "another secret never answers us, so it looks just the same" in said.err


@pytest.mark.usefixtures("running")
def test_a_port_that_nobody_listens_on_is_said() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = asked(f"127.0.0.1:{port}")
    assert said.exit_code == 1
    assert f"127.0.0.1:{port} is reached, but nothing listens on that port" in said.err


def test_what_cannot_be_asked_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(format_uri(mint(bytes(32))))
    no_place = asked("alpha")
    assert (no_place.exit_code, no_place.out) == (2, "")
    assert "'alpha' is no place: write HOST:PORT" in no_place.err
    assert "or give the secret of the mesh with --secret-file" in asked("127.0.0.1:9").err
    nowhere = asked("nobody.invalid:9", "--secret-file", "secret")
    assert nowhere.exit_code == 1
    assert "nobody.invalid:9 is out of reach:" in nowhere.err
