"""Who cannot have a laboratory is told why, and what to do."""

from pathlib import Path

import pytest

from tests.adapters.netns.ranks import ROOT_OF_A_CONTAINER, USER, USER_WITHOUT_NAMESPACES, run_as
from tests.namespaces.lab import require_namespaces
from wgmesh.adapters.netns.access import PROGRAMS, SWITCHES, require_programs, require_tun
from wgmesh.domain.errors import WgmeshError

pytestmark = pytest.mark.namespaces

ENTER_A_LAB = """
from wgmesh.adapters.netns.lab import Lab
from wgmesh.domain.errors import WgmeshError
try:
    Lab().__enter__()
except WgmeshError as error:
    print(error)
"""


@pytest.mark.parametrize("missing", PROGRAMS)
def test_a_missing_program_is_named_with_its_package(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for program in PROGRAMS:
        (tmp_path / program).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    require_programs()
    (tmp_path / missing).unlink()
    with pytest.raises(WgmeshError, match=rf"^The program {missing} is missing: run `sudo apt install \S+`\.$"):
        require_programs()


def test_a_system_without_the_tun_device_is_told_to_load_it(tmp_path: Path) -> None:
    with pytest.raises(WgmeshError, match=r"^There is no .*/tun, which .*: run `sudo modprobe tun`\.$"):
        require_tun(tmp_path / "tun")


def test_a_tun_device_that_can_be_opened_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "tun").touch()
    require_tun(tmp_path / "tun")


def test_a_user_who_may_not_open_the_tun_device_is_told_how_to_allow_it(tmp_path: Path) -> None:
    require_namespaces()
    (tmp_path / "tun").touch(mode=0)
    code = """
import sys
from pathlib import Path
from wgmesh.adapters.netns.access import require_tun
from wgmesh.domain.errors import WgmeshError
try:
    require_tun(Path(sys.argv[1]))
except WgmeshError as error:
    print(error)
"""
    said = run_as(USER, code, tmp_path / "tun")
    assert said.startswith(f"You may not open {tmp_path}/tun, which WireGuard in user space needs: ")
    assert said.endswith(f"run `sudo chmod 0666 {tmp_path}/tun`, or run this with sudo.")


def test_a_user_without_user_namespaces_is_told_the_switch() -> None:
    require_namespaces()
    assert run_as(USER_WITHOUT_NAMESPACES, ENTER_A_LAB) == (
        "Users may not make namespaces here: run `sudo sysctl user.max_user_namespaces=10000`, or run this with sudo."
    )


@pytest.mark.parametrize(("name", "forbids", "allows"), SWITCHES)
def test_each_switch_is_found_where_it_forbids(name: str, forbids: str, allows: str, tmp_path: Path) -> None:
    require_namespaces()
    code = """
import sys
from pathlib import Path
from wgmesh.adapters.netns.access import refusal
print(refusal("unshare failed", Path(sys.argv[1])))
"""
    switch = tmp_path / name.replace(".", "/")
    switch.parent.mkdir()
    switch.write_text(f"{forbids}\n")
    assert f"run `sudo sysctl {name}={allows}`" in run_as(USER, code, tmp_path)
    switch.write_text(f"{allows}\n")
    assert run_as(USER, code, tmp_path) == "Users may not make namespaces here (unshare failed): run this with sudo."


def test_root_of_a_container_without_the_right_is_told_to_start_it_privileged() -> None:
    require_namespaces()
    said = run_as(ROOT_OF_A_CONTAINER, ENTER_A_LAB)
    assert said.startswith("Root may not make namespaces here (unshare: ")
    assert said.endswith("Operation not permitted): in a container, start it with --privileged.")
