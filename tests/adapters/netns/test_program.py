"""A program in a node is handled as if it ran beside its builder."""

import signal
from pathlib import Path

import pytest

from tests.namespaces.lab import wait_for
from wgmesh.adapters.netns.lab import Lab
from wgmesh.adapters.netns.program import Program

pytestmark = pytest.mark.namespaces


def state(pid: int | None) -> str:
    """R, S, T (stopped), Z, … as in proc(5)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def sleeper(lab: Lab) -> Program:
    program = lab.node("a").popen(["sleep", "60"])
    wait_for(lambda: Path(f"/proc/{program.inner_pid()}/comm").read_text() == "sleep\n", 5, "the program")
    return program


def test_its_number_is_that_of_the_program_and_not_of_nsenter(lab: Lab) -> None:
    program = sleeper(lab)
    assert Path(f"/proc/{program.inner_pid()}/comm").read_text() == "sleep\n"
    assert Path(f"/proc/{program.pid}/comm").read_text() == "nsenter\n"


def test_a_signal_reaches_the_program_and_its_exit_code_comes_back(lab: Lab) -> None:
    code = "trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done"
    with lab.node("a").popen(["sh", "-c", code], stdout=-1) as program:
        assert program.stdout
        assert program.stdout.readline() == "ready\n"
        program.terminate()
        assert program.wait(5) == 7


def test_a_killed_program_is_reported_as_killed(lab: Lab) -> None:
    program = sleeper(lab)
    program.kill()
    assert program.wait(5) == -signal.SIGKILL


def test_an_ended_program_has_no_number_and_takes_no_signal(lab: Lab) -> None:
    program = lab.node("a").popen(["true"])
    assert program.wait(5) == 0
    assert program.inner_pid() is None
    program.kill()
    assert program.returncode == 0


def test_a_stopped_program_continues_and_can_be_killed(lab: Lab) -> None:
    program = sleeper(lab)
    inner = program.inner_pid()
    for sig, expected in ((signal.SIGSTOP, "T"), (signal.SIGCONT, "S"), (signal.SIGSTOP, "T")):
        program.send_signal(sig)
        wait_for(lambda: state(inner) == state(program.pid) == expected, 5, f"{expected} in both")  # noqa: B023
    program.kill()
    assert program.wait(5) == -signal.SIGKILL
