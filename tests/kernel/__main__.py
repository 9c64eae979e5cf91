"""`python -m tests.kernel`: the tests that need WireGuard in the kernel, in one boot of Debian's. Called by ./run.

Exit code 0 only if every one of them ran and passed, or, with the reason, where there can be no such guest;
in CI there can be.
"""

import re
import signal
import sys
import time

from tests.kernel.guest import Ended, run_in_guest
from tests.kernel.image import Unobtainable, image
from tests.lacking import IN_CI
from tests.source import ROOT

TESTS = (
    "tests/adapters/wireguard/test_kernel.py",
    "tests/namespaces/test_roaming.py",
    "tests/namespaces/test_back_ends.py",
    "tests/namespaces/test_hundred_peers.py",
)
# Plugins that these tests do not need; each costs seconds in there.
OPTIONS = (
    "-q",
    "-k",
    # Three restarts of a daemon take two minutes in there. By hand, the later -k counts:
    # ./run test-kernel tests/namespaces/test_back_ends.py -k 'announced_route and kernel'
    "not userspace and not announced_route",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:cov",
    "-p",
    "no:hypothesispytest",
    "-p",
    "no:anyio",
    "-p",
    "no:xdist",
    "--confcutdir=tests/namespaces",  # what is above is about hypothesis, which takes seconds to load
    "--durations=8",
)
# What a second on a real machine may take in there, where a program's start alone takes three to ten.
SLOWER = 4
# Five minutes beside what else is checked, and more than eight where others share the processors.
LIMIT_SECONDS = 800.0
CONSOLE_LINES = 40

_SUMMARY = re.compile(r"^\d+ passed(, \d+ deselected)? in .*$", re.MULTILINE)


def main(arguments: list[str]) -> int:
    """Run them, or those that the arguments name as they would to pytest; the exit code."""
    # Whoever stops us means the guest as well, even where a shell told us not to listen.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    begun = time.monotonic()
    command = ["env", f"SLOWER={SLOWER}", sys.executable, "-m", "pytest", *OPTIONS, *(arguments or TESTS)]
    try:
        ended = run_in_guest(image(), command, ROOT, LIMIT_SECONDS)
    except Unobtainable as lack:
        print(f"kernel tests: SKIPPED: {lack}")
        return int(IN_CI)
    said = verdict(ended)
    if said:
        print("what the guest's kernel said last:", *ended.console.splitlines()[-CONSOLE_LINES:], sep="\n  ")
    print(f"kernel tests: {said or 'passed'}, {time.monotonic() - begun:.0f} s with boot")
    return 1 if said else 0


def verdict(ended: Ended) -> str:
    """What is wrong with how it ended; nothing if all passed. A test that was skipped has shown nothing."""
    if ended.status is None:
        return "FAILED: the guest did not come to an end"
    if ended.status != 0:
        return f"FAILED: pytest ended with {ended.status}"
    if not _SUMMARY.search(ended.printed):
        return "FAILED: not everything ran"
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
