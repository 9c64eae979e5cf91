"""A rule that is broken on purpose is seen within a hundred seeds, and the run says which it was."""

from pathlib import Path

import pytest

from tests.edited import Edit, edited
from tests.simulation.sabotage import SABOTAGES, SEEDS, Sabotage, caught


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_a_broken_rule_is_seen_within_a_hundred_seeds(sabotage: Sabotage, tmp_path: Path) -> None:
    found = caught(sabotage, tmp_path)
    assert found is not None
    print(f"\nseed {found.seed}: {found.said}")
    assert found.seed <= SEEDS
    assert found.said.startswith(f"{sabotage.told}: ")


def test_an_edit_that_fits_nowhere_is_told(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"lots\.py has 0 times, not once: nothing like it"):
        edited(tmp_path, Edit("wgmesh/domain/lots.py", "nothing like it", ""))
