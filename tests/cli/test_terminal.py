"""Colour and columns for a person at a terminal, plain lines for a program."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli import run
from tests.source import ROOT


def at_a_terminal(directory: Path, *words: str, **environ: str) -> str:
    """What `wgmesh WORDS…` writes when a person looks."""
    person, program = pty.openpty()
    variables = {**os.environ, "TERM": "xterm", "PYTHONPATH": str(ROOT), **environ}
    argv = [sys.executable, "-m", "wgmesh", *words, "--state-dir", str(directory)]
    with subprocess.Popen(argv, stdin=program, stdout=program, stderr=program, env=variables) as process:
        os.close(program)
        shown = b""
        while part := _read(person):
            shown += part
    os.close(person)
    assert process.returncode == 0, shown
    return shown.decode().replace("\r\n", "\n")


def _read(person: int) -> bytes:
    try:
        return os.read(person, 65536)
    except OSError:  # Linux says EIO when the other end is closed
        return b""


def test_a_person_sees_a_table_in_colour(node: Path) -> None:
    shown = at_a_terminal(node, "peers").splitlines()
    assert shown[0].startswith("\x1b[2mname   state      mesh IPv4")
    assert shown[1].startswith("beta   connected  10.71.162.43")


def test_a_person_sees_what_is_wrong_in_red(node: Path) -> None:
    assert "\x1b[31m! the daemon is not running" in at_a_terminal(node, "status")


def test_a_person_sees_causes_in_a_column(node: Path) -> None:
    lines = at_a_terminal(node, "events", NO_COLOR="1").splitlines()
    assert "lan        discovered" in lines[6]
    assert "wireguard  connected" in lines[8]


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_who_wants_no_colour_gets_none(node: Path, environ: dict[str, str]) -> None:
    assert "\x1b" not in at_a_terminal(node, "status", **environ)


def test_a_program_gets_cells_behind_tabs_without_a_header(node: Path) -> None:
    said = run("peers", "--state-dir", str(node))
    assert [line.split("\t")[0] for line in said.out.splitlines()] == ["beta", "gamma"]
    assert [line.count("\t") for line in said.out.splitlines()] == [8, 8]
    assert "\x1b" not in said.both
