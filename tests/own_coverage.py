"""The gate after the tests: each module of the pure rooms is covered, every line and branch, by its own test file.

Coverage by accident does not count: what other tests happen to run through is not looked at. It reads the contexts that
`pytest --cov --cov-context=test` leaves in the data file; imports run outside any test and count for everybody.
Run as `python -m tests.own_coverage`, by `./run check`.
"""

import json
import re
import sys
import tempfile
from pathlib import Path

from coverage import Coverage

from tests.source import ROOT, sources
from tests.test_tidy import mirrored

ROOMS = ("wgmesh/domain", "wgmesh/projections")


def uncovered(data: Path, module: Path, test_file: str) -> list[str]:
    """The lines, and branches as "from->to", of a module that its own test file (as in a test's id) never ran."""
    cover = Coverage(data_file=str(data), config_file=str(ROOT / "pyproject.toml"))
    cover.load()
    own = ["^$", f"^{re.escape(test_file)}::"]
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        cover.json_report(morfs=[str(module)], outfile=report.name, contexts=own)
        found = next(iter(json.load(report)["files"].values()))
    branches = (f"{start}->{end if end > 0 else 'exit'}" for start, end in found["missing_branches"])
    return [*map(str, found["missing_lines"]), *branches]


def main() -> int:
    """Prints each gap; the exit code is 1 if there is one."""
    data = ROOT / ".coverage"
    if not data.is_file():
        print("no coverage was recorded: run ./run check")
        return 1
    modules = [source.path for source in sources(*ROOMS) if source.path.name != "__init__.py"]
    gaps = {module: uncovered(data, ROOT / module, mirrored(module).as_posix()) for module in modules}
    for module, missing in gaps.items():
        if missing:
            print(f"{module}: {mirrored(module)} does not reach {', '.join(missing)}")
    whole = sum(not missing for missing in gaps.values())
    print(f"{whole} of {len(modules)} pure modules are covered whole by their own test files")
    return 0 if whole == len(modules) else 1


if __name__ == "__main__":
    sys.exit(main())
