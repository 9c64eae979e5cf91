"""The coverage gate, on a small project of its own: what only another test reaches does not count."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.own_coverage import uncovered

MODULE = """\
LIMIT = 3


def size(n):
    if n > LIMIT:
        return "large"
    return "small"
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after its tests: test_size.py asks for a large one, test_other.py for both."""
    root = tmp_path_factory.mktemp("measured")
    (root / "size.py").write_text(MODULE)
    (root / "test_size.py").write_text("from size import size\n\ndef test_large(): assert size(4) == 'large'\n")
    (root / "test_other.py").write_text("from size import size\n\ndef test_all(): assert size(1) != size(9)\n")
    (root / ".coveragerc").write_text("[run]\nbranch = true\nsource = .\n")
    command = [sys.executable, "-m", "pytest", "-q", "--rootdir=.", "--cov", "--cov-context=test", "--cov-report="]
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST_"))}
    subprocess.run(command, cwd=root, env=outside, check=True, capture_output=True, timeout=60)
    return root


def test_lines_and_branches_that_only_other_tests_reach_are_named(measured: Path) -> None:
    assert uncovered(measured / ".coverage", measured / "size.py", "test_size.py") == ["7", "5->7"]


def test_a_module_that_its_own_tests_reach_whole_has_no_gap(measured: Path) -> None:
    assert uncovered(measured / ".coverage", measured / "size.py", "test_other.py") == []


def test_a_module_without_a_test_file_has_only_its_import(measured: Path) -> None:
    assert uncovered(measured / ".coverage", measured / "size.py", "test_none.py") == ["5", "6", "7", "5->6", "5->7"]
