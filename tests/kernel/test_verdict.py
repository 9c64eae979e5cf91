"""What fails inside the guest fails outside."""

import pytest

from tests.kernel.__main__ import verdict
from tests.kernel.guest import Ended


def test_all_that_passed_is_nothing_to_say() -> None:
    assert verdict(Ended(0, "....\n4 passed in 1.00s\n", "")) == ""
    assert verdict(Ended(0, "4 passed, 2 deselected in 1.00s\n", "")) == ""  # by the arguments


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        (Ended(None, "...", ""), "did not come to an end"),
        (Ended(1, "1 failed, 3 passed in 1.00s\n", ""), "pytest ended with 1"),
        (Ended(0, "", ""), "not everything ran"),
        (Ended(0, "3 passed, 1 skipped in 1.00s\n", ""), "not everything ran"),
        (Ended(5, "no tests ran in 0.01s\n", ""), "pytest ended with 5"),
    ],
)
def test_everything_else_is_a_failure(ended: Ended, said: str) -> None:
    assert said in verdict(ended)
