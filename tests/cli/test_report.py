"""`wgmesh report` writes one page of a log, or says in a sentence why not."""

from pathlib import Path

import pytest

from tests.adapters.event_log import change
from tests.cli import run


def test_a_page_is_written_of_this_node_or_of_a_log(node: Path, tmp_path: Path) -> None:
    said = run("report", "--state-dir", str(node), "-o", str(tmp_path / "one.html"))
    assert (said.exit_code, said.out) == (0, f"{tmp_path}/one.html: 13 records; it is one file and loads nothing\n")
    assert run("report", str(node / "events.db"), "-o", str(tmp_path / "other.html")).exit_code == 0
    assert (tmp_path / "one.html").read_text() == (tmp_path / "other.html").read_text()
    assert "gamma is silent, no sign for 3 min 1 s" in (tmp_path / "one.html").read_text()


def test_of_a_damaged_log_what_is_sound_is_a_page_and_the_rest_a_sentence(node: Path, tmp_path: Path) -> None:
    change(node / "events.db", "UPDATE stored_events SET topic = 'X' WHERE originator_version = 10")
    said = run("report", str(node), "-o", str(tmp_path / "page.html"))
    assert (said.exit_code, said.err.count("record 10 is bad")) == (1, 1)
    assert "9 records" in said.out
    assert "gamma" not in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize("content", [b"", b"not a log" * 100])
def test_what_is_no_log_is_a_sentence_and_no_page(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd").write_bytes(content)
    said = run("report", str(tmp_path / "odd"), "-o", str(tmp_path / "page.html"))
    assert (said.exit_code, said.out, said.err.count("\n")) == (1, "", 1)
    assert not (tmp_path / "page.html").exists()


def test_a_log_is_not_written_over(node: Path) -> None:
    before = (node / "events.db").read_bytes()
    said = run("report", str(node), "-o", str(node / "events.db"))
    assert (said.exit_code, said.err) == (1, f"wgmesh: {node}/events.db is there already: name another file with -o\n")
    assert (node / "events.db").read_bytes() == before
