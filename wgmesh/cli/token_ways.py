"""How the registry's token reaches `join`: `GITHUB_TOKEN`, or a file. With a token the registry is on by itself."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wgmesh.settings import Options, Settings

VARIABLE = "GITHUB_TOKEN"
# GitHub's have 40 to 255 characters.
LIMIT_BYTES = 1024


def with_token(settings: "Settings", options: "Options", remark: Callable[[str], None]) -> "Settings":
    """The settings with the token as given. It is taken out of the environment, which programs that we start see."""
    from msgspec.structs import replace

    said = os.environ.pop(VARIABLE, "")
    if options.registry is False:
        return settings
    file = options.registry_token_file
    token = _checked(_read(Path(file)) if file else said, file or VARIABLE)
    if token and settings.registry_url.startswith("http://"):
        remark(f"everybody on the way to {settings.registry_url} can read the token: use https")
    return replace(settings, registry=bool(options.registry or token), registry_token=token)


def _read(file: Path) -> str:
    from wgmesh.domain.errors import WgmeshError

    try:
        with file.open("rb") as opened:
            content = opened.read(LIMIT_BYTES + 1)
    except OSError as error:
        raise WgmeshError(f"the registry's token cannot be read from {file}: {error.strerror}") from error
    return content.decode("latin-1")


def _checked(text: str, source: str) -> str:
    """What can stand in a header, and nothing that breaks out of it."""
    from wgmesh.domain.errors import WgmeshError

    token = text.strip()
    if len(token) > LIMIT_BYTES or not token.isascii() or not token.isprintable() or " " in token:
        raise WgmeshError(f"{source} holds no token: it is one word, as the registry's server gave it to you")
    return token
