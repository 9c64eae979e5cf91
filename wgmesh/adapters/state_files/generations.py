"""`secrets`: the mesh's secrets that this node was told, a line each: `GENERATION URI`, ascending.

What is in it is shown by no error and no repr.
"""

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from wgmesh.adapters.state_files.private import read_private, write_private
from wgmesh.domain.errors import WgmeshError

NAME = "secrets"
# Hundreds of generations of the longest URI.
LIMIT_BYTES = 2**18
# Longer than the digits of any generation: a number of a generation is a u32.
_DIGITS = 10


class Generation(Struct, frozen=True, order=True):
    """One secret of the mesh, as the URI that it came in."""

    number: int
    uri: str

    def __repr__(self) -> str:
        return f"Generation({self.number}, …)"


def read_generations(directory: Path) -> tuple[Generation, ...]:
    """The generations, oldest first; none before the first join. WgmeshError for what this module did not write."""
    path = directory / NAME
    content = read_private(path, LIMIT_BYTES)
    if content is None:
        return ()
    generations = tuple(_parse(line) for line in content.split(b"\n")[:-1])
    known = [generation for generation in generations if generation is not None]
    if not known or _format(known) != content:
        raise WgmeshError(f"{path} is damaged: restore it from a backup, or delete it and join again with the secret")
    return tuple(known)


def write_generations(directory: Path, generations: Iterable[Generation]) -> None:
    """Keep these, ascending, and no others; durable on return. LogFull or WgmeshError: the file is as it was."""
    known = list(generations)
    content = _format(known)
    assert known == [_parse(line) for line in content.split(b"\n")[:-1]], "a generation cannot be written"
    write_private(directory / NAME, content)


def _parse(line: bytes) -> Generation | None:
    number, _, uri = line.partition(b" ")
    if not number.isdigit() or len(number) > _DIGITS or not uri:
        return None
    try:
        return Generation(int(number), uri.decode())
    except UnicodeDecodeError:
        return None


def _format(generations: Iterable[Generation]) -> bytes:
    """The file; only one of distinct, ascending generations reads back as it was written."""
    by_number = {generation.number: generation.uri for generation in generations}
    return "".join(f"{number} {by_number[number]}\n" for number in sorted(by_number)).encode()
