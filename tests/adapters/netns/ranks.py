"""The ranks that a builder of laboratories may have, each made for real by a user namespace, whoever runs the tests."""

import subprocess
import sys
from collections.abc import Sequence

from tests.source import ROOT

USER = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")
USER_WITHOUT_NAMESPACES = (
    "unshare", "--user", "--map-user=1000", "--map-group=1000", "--keep-caps", "sh", "-c",
    'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', "sh",
)  # fmt: skip
ROOT_OF_A_CONTAINER = ("unshare", "--user", "--map-root-user", "--", "setpriv", "--bounding-set=-sys_admin", "--")


def run_as(rank: Sequence[str], code: str, *arguments: object) -> str:
    """What this Python code prints as somebody of that rank."""
    argv = [*rank, sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(argv, cwd=ROOT, text=True, capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
