"""The command itself: what it does alone, how it ends, and how little it loads before it knows what for."""

import subprocess
import sys
from pathlib import Path

import pytest

import wgmesh
from tests.cli import run
from tests.cli.conftest import keep
from tests.source import ROOT


def loaded(*words: str) -> str:
    """The names of all modules that `wgmesh WORDS…` loads."""
    argv = [sys.executable, "-X", "importtime", "-m", "wgmesh", *words]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stderr


def test_alone_it_shows_status_if_there_is_a_mesh_and_help_if_not(tmp_path: Path) -> None:
    assert run().out.startswith("Usage: wgmesh [OPTIONS] COMMAND")
    keep(tmp_path / "var" / "wg7")
    assert run().out.startswith("alpha in the mesh 10.71.0.0/16")


def test_version_is_the_packages() -> None:
    assert run("version").out == f"{wgmesh.__version__}\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [(("version",), 0), (("peers", "--state-dir", "none"), 1), (("dance",), 2), (("status", "--peers", "many"), 2)],
)
def test_the_exit_code_says_how_it_went(words: tuple[str, ...], code: int) -> None:
    said = run(*words)
    assert said.exit_code == code
    assert bool(said.err) == bool(code)


def test_a_refusal_is_one_sentence_and_no_traceback() -> None:
    said = run("status", "--state-dir", "none")
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith("wgmesh: there is no mesh in ")


@pytest.mark.parametrize(
    ("words", "modules"),
    [
        (("version",), ("msgspec", "cryptography", "sqlite3", "asyncio", "rich", "wgmesh.domain.mesh")),
        (("join", "--help"), ("msgspec", "cryptography", "sqlite3", "asyncio", "rich", "tomllib")),
        (("status", "--json"), ("eventsourcing", "pyroute2", "anyio", "asyncio", "rich", "tomllib", "wgmesh.node")),
    ],
)
def test_a_verb_loads_only_what_it_needs(node: Path, words: tuple[str, ...], modules: tuple[str, ...]) -> None:
    place = ("--state-dir", str(node)) if "--json" in words else ()
    names = [line.rpartition("|")[2].strip() for line in loaded(*words, *place).splitlines()]
    assert "wgmesh.cli.app" in names
    assert [module for module in modules if module in names] == []


def test_completion_can_be_had() -> None:
    # The shell that asks is found among the parents of the command, so one must be there and stay.
    argv = ["bash", "-c", '"$0" -m wgmesh --show-completion && true', sys.executable]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "_WGMESH_COMPLETE" in done.stdout
