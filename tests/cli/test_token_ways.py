"""How the registry's token reaches `join`, and that it turns the registry on."""

import os
from pathlib import Path

import pytest

from wgmesh.cli.token_ways import LIMIT_BYTES, with_token
from wgmesh.domain.errors import WgmeshError
from wgmesh.settings import Options, Settings, resolve

TOKEN = "canary-token"


def settled(options: Options) -> tuple[Settings, list[str]]:
    """The settings, and what was remarked."""
    remarks: list[str] = []
    return with_token(resolve(options, {}), options, remarks.append), remarks


@pytest.mark.parametrize(("given", "token", "is_on"), [(None, "", False), (None, TOKEN, True), (True, "", True)])
def test_a_token_turns_it_on_and_a_word_does_without_one(
    given: bool | None, token: str, is_on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", token)
    settings, remarks = settled(Options(registry=given))
    assert (settings.registry, settings.registry_token, remarks) == (is_on, token, [])
    assert "GITHUB_TOKEN" not in os.environ


def test_turned_off_it_has_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    settings, _ = settled(Options(registry=False))
    assert (settings.registry, settings.registry_token) == (False, "")
    assert "GITHUB_TOKEN" not in os.environ


def test_a_file_is_read_rather_than_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "another")
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    assert settled(Options(registry_token_file=str(tmp_path / "token")))[0].registry_token == TOKEN


def test_a_token_in_the_clear_is_remarked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    settings, (remark,) = settled(Options(registry_url="http://git.example/api/v1/"))
    assert settings.registry_url == "http://git.example/api/v1"
    assert remark == "everybody on the way to http://git.example/api/v1 can read the token: use https"


@pytest.mark.parametrize("content", ["two words", "a\nb", "\x00", "ü", "x" * (LIMIT_BYTES + 1)])
def test_row_41_what_is_no_token_is_refused_and_not_shown(content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"GITHUB_TOKEN": content})
    with pytest.raises(WgmeshError) as caught:
        settled(Options())
    assert str(caught.value).startswith("GITHUB_TOKEN holds no token")
    assert content not in str(caught.value)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(WgmeshError, match="cannot be read from"):
        settled(Options(registry_token_file=str(tmp_path / "nothing")))


def test_row_41_settings_show_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    assert TOKEN not in repr(settled(Options())[0])


BARE = (
    "git.example",
    "ftp://x",
    "https://",
    "https://u:p@x",
    "https://x?y",
    "https://x:0",
    "https://x:y",
    "https://a b",
)


@pytest.mark.parametrize("url", BARE)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(WgmeshError, match="--registry-url cannot be"):
        resolve(Options(registry_url=url), {})


@pytest.mark.parametrize("repository", ["a", "a/b/c", "../b", "a/", "a b/c"])
def test_what_is_no_repository_is_refused(repository: str) -> None:
    with pytest.raises(WgmeshError, match="--registry-repo cannot be"):
        resolve(Options(registry_repo=repository), {})
