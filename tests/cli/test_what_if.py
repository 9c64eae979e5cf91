"""`wgmesh what-if` says what another setting or policy would have made, and leaves everything as it is."""

import json
from pathlib import Path

import pytest

from tests.cli import Said, run
from tests.recorded_life import record_a_life
from wgmesh.domain import liveness
from wgmesh.domain.errors import UsageError
from wgmesh.supposing import Supposition, parse, policies


def what_if(log: Path, *words: str) -> Said:
    return run("what-if", str(log), *words)


@pytest.fixture
def lived(tmp_path: Path) -> Path:
    (tmp_path / "lived").mkdir()
    record_a_life(tmp_path / "lived")
    return tmp_path / "lived"


def test_another_setting_is_folded_from_the_first_record_on(node: Path) -> None:
    said = what_if(node, "--set", "listen_port=51820", "--set", "lan=off")
    assert (said.exit_code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "node    this node  WireGuard port  21820 -> 51820",
        "node    this node  lan  on -> off",
        "device  set listen port 51820",
    ]
    told = json.loads(what_if(node, "--set", "listen_port=51820", "--json").out)
    assert [change["topic"] for change in told["changes"]] == ["node", "device"]


def test_what_it_is_already_changes_nothing(node: Path) -> None:
    assert what_if(node, "--set", "lan=on").out == "in the end nothing would be otherwise\n"


def test_a_policy_changes_views_and_says_that_decisions_stay(node: Path) -> None:
    said = what_if(node, "--set", "keepalive.KEEPALIVE_SECONDS=10")
    assert "--inputs RECORDING decides anew" in said.err
    assert "keepalive 10 s" in said.out


def test_recorded_inputs_are_decided_by_another_policy(lived: Path) -> None:
    said = what_if(lived, "--inputs", str(lived / "inputs"), "--set", "liveness.SILENT_AFTER=1h")
    assert (said.exit_code, said.err) == (0, "")
    assert said.out.splitlines()[0] == "19 records in the log, 15 as decided anew"
    assert "is silent, no sign for 10 min" in said.out or "connected with" in said.out
    same = what_if(lived, "--inputs", str(lived / "inputs"), "--set", "liveness.SILENT_AFTER=180s")
    assert same.out == "19 records in the log, 19 as decided anew\nin the end nothing would be otherwise\n"


def test_recorded_inputs_are_decided_with_another_setting(lived: Path) -> None:
    said = what_if(lived, "--inputs", str(lived / "inputs"), "--set", "hostname=eve")
    assert "in the log: 3  " in said.out
    assert "node    this node  hostname  alice -> eve" in said.out


def test_a_policy_is_what_it_was_afterwards() -> None:
    before = liveness.SILENT_AFTER
    with policies((Supposition("liveness.SILENT_AFTER", 7),)):
        assert liveness.SILENT_AFTER == 7 != before
    assert before == liveness.SILENT_AFTER


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("lan=off", False),
        ("hostname=a=b", "a=b"),
        ("lan_interfaces=eth0,eth1", ("eth0", "eth1")),
        ("accept_routes=", ()),
        ("liveness.SILENT_AFTER=2h", 7_200_000),
        ("endpoints.TURN=500ms", 500),
    ],
)
def test_what_can_be_supposed(text: str, value: object) -> None:
    assert parse(text).value == value


@pytest.mark.parametrize(
    "text",
    ["lan", "lan=maybe", "nothing=1", "liveness.NOTHING=1", "nowhere.TURN=1", "endpoints.ROUNDS=1", "listen_port=x"],
)
def test_what_cannot_is_wrong_usage(text: str, node: Path) -> None:
    with pytest.raises(UsageError):
        parse(text)
    said = what_if(node, "--set", text)
    assert (said.exit_code, said.out, said.err.count("\n")) == (2, "", 1)


def test_what_is_no_log_or_no_recording_is_a_sentence(node: Path, tmp_path: Path) -> None:
    (tmp_path / "odd").write_bytes(b"")
    assert what_if(tmp_path / "odd", "--set", "lan=off").exit_code == 1
    said = what_if(node, "--set", "lan=off", "--inputs", str(tmp_path / "odd"))
    assert (said.exit_code, said.err) == (1, f"wgmesh: {tmp_path}/odd: it is not a recording of wgmesh\n")
