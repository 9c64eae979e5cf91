"""The script `./run` in a place of its own: a copy of it, and a PATH of which each program is known.

What changes a system (apt-get, sudo, pip) is stood in for by programs that write down how they were called; the real
ones are what CI runs, from a fresh clone.
"""

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.source import ROOT

SHELL_NEEDS = ("bash", "cat", "chmod", "cut", "date", "dirname", "env", "flock", "mkdir", "rm", "sha256sum", "timeout")
TOOLS = ("ip", "ping", "wg", "wireguard-go", "qemu-system-x86_64", "chromium-headless-shell", "turnserver")
DEBIAN = 'ID=debian\nVERSION_ID="12"\n'

# A Python that passes for one, and whose venv holds a pip that is content with everything.
PYTHON = """\
[ "$1 $2" = "-m venv" ] || exit 0
mkdir -p .venv/bin
cp "$BIN/pip" .venv/bin/python
"""
PIP = "echo '#!/bin/sh' >.venv/bin/wgmesh; chmod +x .venv/bin/wgmesh"


class Place:
    """A copy of the script and the programs that it finds."""

    def __init__(self, root: Path) -> None:
        self.root, self.bin, self.calls = root / "project", root / "bin", root / "calls"
        self.root.mkdir()
        self.bin.mkdir()
        self.calls.touch()
        self.os_release, self.module = root / "os-release", root / "module"
        self.os_release.write_text(DEBIAN)
        script = (ROOT / "run").read_text()
        for real, copy in (("/etc/os-release", self.os_release), ("/sys/module/wireguard", self.module)):
            assert script.count(real) == 1
            script = script.replace(real, str(copy))
        (self.root / "run").write_text(script)
        (self.root / "pyproject.toml").write_text("[project]\n")
        for name in (*SHELL_NEEDS, "cp", "sh"):
            (self.bin / name).symlink_to(shutil.which(name) or name)
        for name in (*TOOLS, "apt-get"):
            self.program(name)
        self.program("id", "echo 0")
        self.program("python3.11", PYTHON)
        self.program("pip", PIP)

    def program(self, name: str, body: str = "") -> None:
        """Puts a program on the PATH that writes down its arguments, then does `body`."""
        path = self.bin / name
        path.write_text(f'#!/bin/sh\nBIN={self.bin}\necho "{name} $*" >>{self.calls}\n{body}\n')
        path.chmod(0o755)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs the script there, with that PATH and nothing else."""
        return subprocess.run(
            ["/bin/sh", "run", *arguments],
            cwd=self.root,
            env={"PATH": str(self.bin)},
            stdin=subprocess.DEVNULL,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def called(self, name: str) -> list[str]:
        """How a program was called, in order."""
        lines = self.calls.read_text().splitlines()
        return [line.removeprefix(f"{name} ") for line in lines if line.startswith(f"{name} ")]

    def state(self) -> Iterator[tuple[str, int]]:
        """Every file of the project with its time of change."""
        yield from ((str(path), path.lstat().st_mtime_ns) for path in sorted(self.root.rglob("*")))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_script_is_shell_that_both_shells_read(shell: str) -> None:
    for script in ("run", ".ci/run"):
        subprocess.run([shell, "-n", ROOT / script], check=True)


def test_without_a_verb_it_says_how_it_is_used(place: Place) -> None:
    result = place.run()
    assert result.returncode == 2
    assert result.stderr.startswith("usage: ./run VERB")


def test_an_unknown_verb_is_named(place: Place) -> None:
    result = place.run("deploy")
    assert result.returncode == 2
    assert "unknown verb: deploy" in result.stderr


def test_help_is_no_error(place: Place) -> None:
    result = place.run("--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("usage: ./run VERB")


def test_the_first_setup_makes_a_venv_and_installs_the_project_with_its_tools(place: Place) -> None:
    result = place.run("setup")
    assert result.returncode == 0, result.stderr
    assert place.called("python3.11")[-1] == "-m venv .venv"
    assert place.called("pip")[-1].endswith("--editable .[dev]")
    assert place.called("apt-get") == []
    assert (place.root / ".venv/ready").is_file()


def processor_seconds() -> float:
    """What every program took that this one started and saw end: whatever else the machine does meanwhile."""
    times = os.times()
    return times.children_user + times.children_system


def test_a_second_setup_does_nothing_within_a_second(place: Place) -> None:
    place.run("setup")
    place.calls.write_text("")
    before = list(place.state())
    started = processor_seconds()
    result = place.run("setup")
    assert processor_seconds() - started < 1
    assert result.returncode == 0
    assert (place.called("python3.11"), place.called("pip"), place.called("apt-get")) == ([], [], [])
    assert list(place.state()) == before


@pytest.mark.parametrize("change", ["ready", "pyproject", "moved"])
def test_a_venv_that_is_unfinished_or_of_another_make_is_removed_and_made_anew(place: Place, change: str) -> None:
    place.run("setup")
    (place.root / ".venv/left-over").touch()
    if change == "ready":
        (place.root / ".venv/ready").unlink()
    elif change == "pyproject":
        (place.root / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    else:
        place.root = place.root.rename(place.root.parent / "moved")
    assert place.run("setup").returncode == 0
    assert not (place.root / ".venv/left-over").exists()
    assert (place.root / ".venv/ready").is_file()


def test_packages_that_cannot_be_installed_are_a_sentence_and_leave_no_ready_venv(place: Place) -> None:
    place.program("pip", "echo 'no route to the index' >&2; exit 1")
    result = place.run("setup")
    assert result.returncode == 1
    assert "no route to the index" in result.stderr
    assert "run again: ./run setup" in result.stderr.splitlines()[-1]
    assert not (place.root / ".venv/ready").exists()


@pytest.mark.parametrize("text", ['ID=debian\nVERSION_ID="11"\n', 'ID=fedora\nVERSION_ID="42"\n', "", None])
def test_another_system_is_refused_in_one_sentence_and_nothing_is_touched(place: Place, text: str | None) -> None:
    if text is None:
        place.os_release.unlink()
    else:
        place.os_release.write_text(text)
    result = place.run("setup")
    assert result.returncode == 1
    assert "this needs Debian 12 or newer" in result.stderr.splitlines()[-1]
    assert place.calls.read_text() == ""
    assert not (place.root / ".venv").exists()


@pytest.mark.parametrize("text", ['ID=debian\nVERSION_ID="13"\n', "ID=debian\nVERSION_CODENAME=sid\n"])
def test_newer_debians_are_welcome(place: Place, text: str) -> None:
    place.os_release.write_text(text)
    assert place.run("setup").returncode == 0


def test_only_the_tools_that_are_missing_are_installed(place: Place) -> None:
    (place.bin / "wg").unlink()
    result = place.run("setup")
    update, install = place.called("apt-get")
    assert update.endswith("update")
    assert install.endswith("install wireguard-tools")
    assert "--no-install-recommends" in install
    assert "installing wireguard-tools with apt-get" in result.stderr


def test_who_is_not_root_installs_through_sudo_and_is_told(place: Place) -> None:
    (place.bin / "ping").unlink()
    place.program("id", "echo 1000")
    place.program("sudo", '"$@"')
    result = place.run("setup")
    assert result.returncode == 0, result.stderr
    assert "installing iputils-ping with sudo apt-get" in result.stderr
    assert place.called("sudo")[-1].endswith("install iputils-ping")
    assert place.called("apt-get")[-1].endswith("install iputils-ping")


def test_without_sudo_one_command_for_root_names_all_that_is_missing(place: Place) -> None:
    (place.bin / "ping").unlink()
    (place.bin / "wg").unlink()
    place.program("id", "echo 1000")
    result = place.run("setup")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].endswith("as root, run: apt-get install iputils-ping wireguard-tools")


def test_an_installation_that_fails_is_a_sentence_and_a_failed_update_is_not_the_end(place: Place) -> None:
    (place.bin / "wg").unlink()
    place.program("apt-get", "echo 'no such mirror' >&2; exit 100")
    result = place.run("setup")
    assert result.returncode == 1
    assert "apt-get update failed; going on" in result.stderr
    assert result.stderr.splitlines()[-1].endswith("then run: apt-get install wireguard-tools")


@pytest.mark.parametrize(("kernel", "installed"), [("loaded", False), ("module", False), ("none", True)])
def test_wireguard_go_is_installed_only_where_the_kernel_has_no_wireguard(
    place: Place, kernel: str, installed: bool
) -> None:
    (place.bin / "wireguard-go").unlink()
    place.program("id", "echo 1000")
    place.program("sudo", '"$@"')
    place.program("modprobe", f"[ {kernel} = module ]")
    if kernel == "loaded":
        place.module.mkdir()
    assert place.run("setup").returncode == 0
    assert any(call.endswith("install wireguard-go") for call in place.called("apt-get")) == installed


def test_a_python_that_cannot_make_a_venv_has_one_installed_beside_it(place: Place) -> None:
    place.program("python3.11", f'[ -e "$BIN/venv" ] || exit 1\n{PYTHON}')
    place.program("apt-get", 'case $* in *python3-venv) touch "$BIN/venv" ;; esac')
    (place.bin / "touch").symlink_to(shutil.which("touch") or "touch")
    result = place.run("setup")
    assert result.returncode == 0, result.stderr
    assert place.called("apt-get")[-1].endswith("install python3-venv")


def test_where_no_python_will_do_it_says_which_one_would(place: Place) -> None:
    (place.bin / "python3.11").unlink()
    result = place.run("setup")
    assert result.returncode == 1
    assert "found no Python 3.11 or newer" in result.stderr.splitlines()[-1]


def test_of_two_setups_at_once_the_second_waits_and_says_so(place: Place) -> None:
    script = [str(place.bin / "sh"), "run", "setup"]
    with (place.root / "pyproject.toml").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with subprocess.Popen(script, cwd=place.root, env={"PATH": str(place.bin)}, stderr=subprocess.PIPE) as second:
            assert second.stderr is not None
            assert second.stderr.readline() == b"run: waiting for another ./run to finish its setup\n"
            assert place.calls.read_text() == ""
            fcntl.flock(held, fcntl.LOCK_UN)
            second.communicate(timeout=30)
    assert second.returncode == 0


def ready_to_check(place: Place) -> None:
    """Set up, with tools that find nothing wrong."""
    place.run("setup")
    for name in ("ruff", "mypy"):
        place.program(name)
        (place.root / ".venv/bin" / name).symlink_to(place.bin / name)


def test_the_check_runs_every_part_and_names_those_that_failed(place: Place) -> None:
    place.run("setup")
    place.program("ruff", '[ "$1" = check ]')
    place.program("mypy", "exit 2")
    place.program("python", "exit 1")
    for name in ("ruff", "mypy", "python"):
        (place.root / ".venv/bin" / name).unlink(missing_ok=True)
        (place.root / ".venv/bin" / name).symlink_to(place.bin / name)
    result = place.run("check")
    assert result.returncode == 1
    assert place.called("ruff") == ["check .", "format --check ."]
    assert {"-m tests.own_coverage", "-m tests.kernel"} < set(place.called("python"))
    assert re.search(r"^run: lint: passed, \d+ s of at most 60 s$", result.stderr, re.MULTILINE)
    assert result.stderr.splitlines()[-1] == "run: not passed: format types tests measured coverage kernel"


def test_a_check_with_nothing_wrong_ends_well(place: Place) -> None:
    ready_to_check(place)
    result = place.run("check")
    assert result.returncode == 0, result.stderr
    assert "not passed" not in result.stderr


def test_the_kernels_tests_are_run_with_an_emulator_that_is_installed_if_it_is_missing(place: Place) -> None:
    place.run("setup")
    place.program("python")
    (place.root / ".venv/bin/python").unlink()
    (place.root / ".venv/bin/python").symlink_to(place.bin / "python")
    assert place.run("test-kernel", "-x").returncode == 0
    assert place.called("python")[-1] == "-m tests.kernel -x"
    assert place.called("apt-get") == []
    (place.bin / "qemu-system-x86_64").unlink()
    assert place.run("test-kernel").returncode == 0
    assert place.called("apt-get")[-1].endswith("install qemu-system-x86")


def test_the_check_looks_at_the_page_in_a_browser_that_is_installed_if_it_is_missing(place: Place) -> None:
    ready_to_check(place)
    (place.bin / "chromium-headless-shell").unlink()
    assert place.run("check").returncode == 0
    assert place.called("apt-get")[-1].endswith("install chromium-headless-shell")
    place.program("chromium")
    calls = len(place.called("apt-get"))
    assert place.run("check").returncode == 0
    assert len(place.called("apt-get")) == calls


def test_the_check_asks_a_real_stun_server_that_is_installed_if_it_is_missing(place: Place) -> None:
    ready_to_check(place)
    (place.bin / "turnserver").unlink()
    assert place.run("check").returncode == 0
    assert place.called("apt-get")[-1].endswith("install coturn")


def test_an_emulator_that_cannot_be_had_does_not_stop_the_rest(place: Place) -> None:
    ready_to_check(place)
    (place.bin / "qemu-system-x86_64").unlink()
    place.program("apt-get", "exit 100")
    result = place.run("check")
    assert result.returncode == 0, result.stderr
    assert "run: going on without it" in result.stderr.splitlines()


def test_ci_calls_the_check_from_the_root_of_the_project_without_a_terminal(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    (tmp_path / "run").write_text('#!/bin/sh\necho "$PWD $*"\ncat\n')
    (tmp_path / "run").chmod(0o755)
    command = ["bash", str(tmp_path / ".ci/run")]
    result = subprocess.run(command, cwd="/", input="typed", capture_output=True, text=True, timeout=10, check=True)
    assert result.stdout == f"{os.path.realpath(tmp_path)} check\n"
