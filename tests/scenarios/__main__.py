"""`python -m tests.scenarios`: play every transcript and write down what comes back."""

import os
import sys

import pytest

from tests.scenarios.test_transcripts import REWRITE

if __name__ == "__main__":
    os.environ[REWRITE] = "yes"
    sys.exit(pytest.main(["-q", "tests/scenarios"]))
