"""Only what is needed of pyroute2 is loaded, and whoever wants the rest still gets it."""

import subprocess
import sys

import pytest

SERVE = 'import sys, wgmesh.adapters.netlink.serve; print("pyroute2.ndb" in sys.modules)'
WHOLE = "import pyroute2; print(pyroute2.NDB.__module__)"
SAME = "print(pyroute2.IPRoute is sys.modules['wgmesh.adapters.netlink.kernel'].IPRoute)"


@pytest.mark.parametrize(
    ("steps", "said"),
    [((SERVE, WHOLE, SAME), "False pyroute2.ndb.main True"), ((WHOLE, SERVE, SAME), "pyroute2.ndb.main True True")],
)
def test_a_part_of_the_package_is_loaded_and_the_whole_can_be_had_before_and_after(
    steps: tuple[str, ...], said: str
) -> None:
    done = subprocess.run([sys.executable, "-c", "\n".join(steps)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == said.split()
