"""Files that verbs are told to write: new ones only, so that no verb can be led to write over a log."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

Output = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="What to write; a new file.")]


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that only its owner may read, and that is gone again if writing it fails; WgmeshError if it cannot be."""
    from wgmesh.domain.errors import WgmeshError

    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise WgmeshError(f"{path} is there already: name another file with -o") from error
    except OSError as error:
        raise WgmeshError(f"{path} cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise WgmeshError(f"{path} cannot be written: {error.strerror}") from error
        raise
