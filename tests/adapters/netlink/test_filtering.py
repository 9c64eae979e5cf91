from pathlib import Path

import pytest

from wgmesh.adapters.netlink.filtering import is_strict, set_strict


def conf(place: Path, **values: int) -> Path:
    for name, value in values.items():
        (place / name).mkdir(exist_ok=True)
        (place / name / "rp_filter").write_text(f"{value}\n")
    return place


@pytest.mark.parametrize(
    ("everywhere", "here", "strict"), [(0, 0, False), (0, 1, True), (1, 0, True), (1, 2, False), (2, 1, False)]
)
def test_the_greater_of_the_two_values_counts(tmp_path: Path, everywhere: int, here: int, strict: bool) -> None:
    assert is_strict("wgmesh0", conf(tmp_path, all=everywhere, wgmesh0=here)) is strict


def test_a_machine_that_does_not_tell_does_not_filter(tmp_path: Path) -> None:
    assert not is_strict("wgmesh0", tmp_path)


def test_it_is_made_loose_and_strict(tmp_path: Path) -> None:
    conf(tmp_path, all=1, wgmesh0=0)
    set_strict("wgmesh0", False, tmp_path)
    assert not is_strict("wgmesh0", tmp_path)
    set_strict("wgmesh0", True, tmp_path)
    assert is_strict("wgmesh0", tmp_path)
    with pytest.raises(FileNotFoundError):
        set_strict("wgmesh1", True, tmp_path)
