"""The ways in which a secret reaches `join`: the first that is used counts (protocol, section 1)."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wgmesh.settings import Options

CREDENTIAL = "wgmesh-secret"
ARGUMENT = "--secret"
# No secret is longer; whoever names a disk by mistake is told so soon.
LIMIT_BYTES = 16 * 1024


def take_secret(options: "Options", remark: Callable[[str], None]) -> str | None:
    """The secret as given, or None. It is taken out of the environment, which other programs may come to see."""
    said = os.environ.pop("WGMESH_SECRET", None)
    ways = list(_ways(options, said))
    if not ways:
        return None
    (name, given), *ignored = ways
    for other, _ in ignored:
        remark(f"the secret comes from {name}; {other} is ignored")
    if any(name == ARGUMENT for name, _ in ways):
        remark("everybody on this machine can see --secret in the list of processes: use --secret-file, or --secret -")
    return given if isinstance(given, str) else _read(given)


def _ways(options: "Options", said: str | None) -> "Iterator[tuple[str, str | Path]]":
    if options.secret_file is not None:
        yield "--secret-file", Path(options.secret_file)
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and (credential := Path(credentials, CREDENTIAL)).exists():
        yield "the credential of systemd", credential
    if file := os.environ.get("WGMESH_SECRET_FILE"):
        yield "WGMESH_SECRET_FILE", Path(file)
    if said:
        yield "WGMESH_SECRET", said
    if options.secret is not None:
        yield ("--secret -", Path("/dev/stdin")) if options.secret == "-" else (ARGUMENT, options.secret)


def _read(file: Path) -> str:
    from wgmesh.domain.errors import WgmeshError

    try:
        with sys.stdin.buffer if file == Path("/dev/stdin") else file.open("rb") as opened:
            content = opened.read(LIMIT_BYTES + 1)
    except OSError as error:
        raise WgmeshError(f"the secret cannot be read from {file}: {error.strerror}") from error
    if len(content) > LIMIT_BYTES or not content.isascii():
        raise WgmeshError(f"{file} holds something else than a secret: name the file that `wgmesh init` wrote")
    return content.decode()
