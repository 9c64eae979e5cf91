"""The state directory, tested on a real file system."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.adapters.machine import let_everybody_in

NOBODY = 65534

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def nobody_in(directory: Path, mode: int) -> Iterator[None]:
    """As a user other than root, whose directory this is, with these rights for its owner."""
    let_everybody_in(directory.parent)
    os.chown(directory, NOBODY, NOBODY)
    directory.chmod(mode)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o7777
