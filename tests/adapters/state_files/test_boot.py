"""No start has the number of another, whichever of log and file was lost."""

from pathlib import Path

import pytest

from wgmesh.adapters.state_files import next_boot
from wgmesh.adapters.state_files.private import write_private
from wgmesh.domain.errors import WgmeshError


def test_starts_are_counted_from_one(tmp_path: Path) -> None:
    assert [next_boot(tmp_path, 0), next_boot(tmp_path, 1), next_boot(tmp_path, 2)] == [1, 2, 3]


def test_a_lost_log_does_not_count_again(tmp_path: Path) -> None:
    next_boot(tmp_path, 41)
    assert next_boot(tmp_path, 0) == 43


def test_a_lost_file_does_not_count_again(tmp_path: Path) -> None:
    next_boot(tmp_path, 41)
    (tmp_path / "boot").unlink()
    assert next_boot(tmp_path, 42) == 43


def test_a_floor_is_kept_and_counted_on_from(tmp_path: Path) -> None:
    assert next_boot(tmp_path, 0, at_least=3_000_000) == 3_000_000
    assert next_boot(tmp_path, 0, at_least=3_000_000) == 3_000_001


def test_the_number_is_in_the_file_before_it_is_used(tmp_path: Path) -> None:
    boot = next_boot(tmp_path, 6)
    assert (tmp_path / "boot").read_bytes() == b"%d\n" % boot


def test_the_numbers_end_before_the_one_that_peers_refuse(tmp_path: Path) -> None:
    assert next_boot(tmp_path, 2**32 - 3) == 2**32 - 2
    with pytest.raises(
        WgmeshError, match=r"out of starts: run `wgmesh leave`, then delete identity\.seed, boot and events\.db"
    ):
        next_boot(tmp_path, 0)
    assert (tmp_path / "boot").read_bytes() == b"4294967294\n"


@pytest.mark.parametrize("content", [b"", b"\n", b"x\n", b"-1\n", b"1 2\n", b"\x00" * 8, "٣\n".encode()])
def test_a_damaged_file_is_refused_with_the_cure(tmp_path: Path, content: bytes) -> None:
    write_private(tmp_path / "boot", content)
    with pytest.raises(WgmeshError, match="is damaged: delete it"):
        next_boot(tmp_path, 7)
