"""One daemon a state directory: the second is told who the first is, and whoever asks is in nobody's way."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.adapters.state_files import mode_of, nobody_in, only_root, umask
from tests.source import ROOT
from wgmesh.adapters.state_files import Lock, lock_holder
from wgmesh.domain.errors import WgmeshError

HOLD = """
import sys, pathlib
from wgmesh.adapters.state_files import Lock
lock = Lock(pathlib.Path(sys.argv[1]))
print(flush=True)
sys.stdin.read()
"""


def hold(directory: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock until its stdin ends."""
    argv = [sys.executable, "-c", HOLD, str(directory)]
    holder = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    holder.stdout.readline()
    return holder


def test_a_second_holder_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    with hold(tmp_path) as holder:
        with pytest.raises(WgmeshError, match=f"runs on {tmp_path} already, as process {holder.pid}: stop that one"):
            Lock(tmp_path)
        assert lock_holder(tmp_path) == holder.pid
        holder.communicate()
    assert lock_holder(tmp_path) is None
    Lock(tmp_path).release()


def test_the_lock_goes_with_a_process_that_is_killed(tmp_path: Path) -> None:
    with hold(tmp_path) as holder:
        holder.kill()
    assert lock_holder(tmp_path) is None
    Lock(tmp_path).release()


def test_nobody_runs_where_there_is_no_lock(tmp_path: Path) -> None:
    assert lock_holder(tmp_path) is None
    assert not os.listdir(tmp_path)


def test_a_released_lock_is_free_and_its_file_stays(tmp_path: Path) -> None:
    lock = Lock(tmp_path)
    assert lock_holder(tmp_path) == os.getpid()
    lock.release()
    assert lock_holder(tmp_path) is None
    assert os.listdir(tmp_path) == ["lock"]


def test_a_shorter_pid_leaves_nothing_of_a_longer_one(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(f"{2**62}\n")
    lock = Lock(tmp_path)
    assert lock_holder(tmp_path) == os.getpid()
    lock.release()


def test_a_holder_that_has_not_said_who_it_is_runs_all_the_same(tmp_path: Path) -> None:
    lock = Lock(tmp_path)
    (tmp_path / "lock").write_bytes(b"")
    assert lock_holder(tmp_path) == 0
    lock.release()


def test_those_who_ask_do_not_keep_a_daemon_from_starting(tmp_path: Path) -> None:
    Lock(tmp_path).release()
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            lock_holder(tmp_path)

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    try:
        for _ in range(100):
            Lock(tmp_path).release()
    finally:
        done.set()
        for asker in askers:
            asker.join()


def test_a_program_that_the_daemon_starts_does_not_hold_the_lock(tmp_path: Path) -> None:
    lock = Lock(tmp_path)
    with subprocess.Popen(["sleep", "60"], close_fds=False) as program:
        lock.release()
        assert lock_holder(tmp_path) is None
        program.kill()


def test_the_lock_is_for_its_owner_only_whatever_the_umask(tmp_path: Path) -> None:
    with umask(0):
        Lock(tmp_path).release()
    assert mode_of(tmp_path / "lock") == 0o600


def test_a_link_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / "lock").symlink_to("theirs")
    with pytest.raises(WgmeshError, match="cannot be written"):
        Lock(tmp_path)
    with pytest.raises(WgmeshError, match="cannot be read"):
        lock_holder(tmp_path)
    assert (tmp_path / "theirs").read_text() == "theirs"


@only_root
def test_who_may_not_look_is_told_so(tmp_path: Path) -> None:
    Lock(tmp_path).release()
    with nobody_in(tmp_path, 0o700), pytest.raises(WgmeshError, match=r"cannot be read \(Permission denied\): ask as"):
        lock_holder(tmp_path)
