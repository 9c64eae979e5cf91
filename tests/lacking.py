"""What a test needs and a machine may not have: a user's may lack it, the one that checks a change may not."""

import os
from typing import NoReturn

import pytest

# Nobody reads of skips there.
IN_CI = os.environ.get("CI") == "true"


def lacks(reason: str) -> NoReturn:
    """Skip the test, and say what this machine lacks for it; in CI, fail."""
    if IN_CI:
        pytest.fail(reason)
    pytest.skip(reason)
