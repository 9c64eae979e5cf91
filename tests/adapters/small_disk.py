"""A disk that is soon full: a tmpfs of a few KiB, in a mount namespace that ends with the one process that sees it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.lacking import lacks
from tests.source import ROOT

UNSHARE = ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--user", "--map-root-user", "--mount")
MOUNT = 'mount -t tmpfs -o size="$1" tmpfs "$2" && exec "$0" -m "$3" "$2"'


def run_on_small_disk(module: str, directory: Path, kib: int) -> None:
    """Run `python -m module DIRECTORY` with such a disk mounted there. The test fails with what it says if it fails."""
    _require_mounts()
    argv = [*UNSHARE, "sh", "-c", MOUNT, sys.executable, f"{kib}k", str(directory), module]
    done = subprocess.run(argv, check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def fill(directory: Path, leave_bytes: int = 0) -> Path:
    """A file that takes what is free, but for so much."""
    filler = directory / "filler"
    free = os.statvfs(directory).f_bavail * os.statvfs(directory).f_frsize
    filler.write_bytes(bytes(max(0, free - leave_bytes)))
    return filler


def _require_mounts() -> None:
    """Only where somebody may mount."""
    tried = subprocess.run([*UNSHARE, "true"], check=False, capture_output=True, text=True)
    if tried.returncode:
        lacks(tried.stderr)
