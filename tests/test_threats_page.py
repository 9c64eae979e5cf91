"""docs/threats.md names tests: each of them is there, and no row that is promised is without one."""

import re

import pytest

from tests.source import ROOT

PAGE = (ROOT / "docs" / "threats.md").read_text()
ROWS = (*range(1, 38), *range(66, 71))
ROW = re.compile(r"^\| (\d+) \| [^|]+ \| [UFSNC ]+ \| ([^|]+) \|$", re.MULTILINE)


def missing(number: int, named: str) -> list[str]:
    """The tests that a row names and that are not there; a file alone has a test with the row's number."""
    wrong = []
    for path, _, test in (name.partition("::") for name in re.findall(r"`([^`]+)`", named)):
        file = ROOT / "tests" / path
        wanted = rf"def {test}\(" if test else rf"def test_row_(\d+_and_)?{number}_"
        if not file.is_file() or not re.search(wanted, file.read_text()):
            wrong.append(f"row {number}: {path} {test}")
    return wrong


def test_each_row_is_shown_by_tests_that_are_there() -> None:
    rows = {int(number): named for number, named in ROW.findall(PAGE)}
    assert tuple(rows) == ROWS
    assert [wrong for number, named in rows.items() for wrong in missing(number, named)] == []


@pytest.mark.parametrize("named", ["`node/test_threats.py`", "`none.py`", "`node/test_threats.py::test_none`"])
def test_a_test_that_is_not_there_is_seen(named: str) -> None:
    assert len(missing(99, named)) == 1
