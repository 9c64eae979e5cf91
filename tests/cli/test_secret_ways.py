"""The ways of a secret into `join`, and that none of them leaves it lying about."""

import io
import os
from pathlib import Path

import pytest

from wgmesh.cli.secret_ways import LIMIT_BYTES, take_secret
from wgmesh.domain.errors import WgmeshError
from wgmesh.settings import Options


def taken(options: Options) -> tuple[str | None, list[str]]:
    """The secret, and what was remarked."""
    remarks: list[str] = []
    return take_secret(options, remarks.append), remarks


@pytest.fixture
def all_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    """Each way brings another secret."""
    for name in ("file", "wgmesh-secret", "variable-file"):
        (tmp_path / name).write_text(f"from {name}\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("WGMESH_SECRET_FILE", str(tmp_path / "variable-file"))
    monkeypatch.setenv("WGMESH_SECRET", "from variable")
    return Options(secret_file=str(tmp_path / "file"), secret="from argument")


def test_the_first_way_in_order_counts(all_ways: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    assert taken(all_ways)[0] == "from file\n"
    options = Options(secret="from argument")
    found = []
    for name in ("CREDENTIALS_DIRECTORY", "WGMESH_SECRET_FILE", "WGMESH_SECRET"):
        monkeypatch.setenv("WGMESH_SECRET", "from variable")
        found.append(taken(options)[0])
        monkeypatch.delenv(name, raising=False)
    assert found == ["from wgmesh-secret\n", "from variable-file\n", "from variable"]
    assert taken(options)[0] == "from argument"


def test_a_way_that_is_not_taken_is_said(all_ways: Options) -> None:
    _, remarks = taken(all_ways)
    assert remarks[:4] == [
        "the secret comes from --secret-file; the credential of systemd is ignored",
        "the secret comes from --secret-file; WGMESH_SECRET_FILE is ignored",
        "the secret comes from --secret-file; WGMESH_SECRET is ignored",
        "the secret comes from --secret-file; --secret is ignored",
    ]


def test_the_secret_is_taken_out_of_the_environment(all_ways: Options) -> None:
    taken(all_ways)
    assert "WGMESH_SECRET" not in os.environ


def test_an_argument_is_taken_with_a_warning() -> None:
    secret, remarks = taken(Options(secret="from argument"))
    assert secret == "from argument"
    assert remarks == [
        "everybody on this machine can see --secret in the list of processes: use --secret-file, or --secret -"
    ]


def test_a_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"from standard input\n")))
    assert taken(Options(secret="-")) == ("from standard input\n", [])


def test_no_way_is_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert taken(Options()) == (None, [])


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(WgmeshError, match=r"cannot be read from .*: No such file or directory"):
        taken(Options(secret_file=str(tmp_path / "none")))


@pytest.mark.parametrize("content", [b"x" * (LIMIT_BYTES + 1), "wgmesh://ä".encode(), b"\xff\xfe"])
def test_a_file_that_is_no_secret_is_not_read_on(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(WgmeshError, match="holds something else than a secret"):
        taken(Options(secret_file=str(tmp_path / "file")))
