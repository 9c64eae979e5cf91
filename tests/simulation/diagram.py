"""The last datagrams before a failure, as a sequence diagram in mermaid's language."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from wgmesh.domain import messages
from wgmesh.domain.envelope import open_datagram
from wgmesh.domain.packing import Malformed
from wgmesh.domain.values import Endpoint


class Tap(NamedTuple):
    """A frame that was sent at this instant."""

    instant: int
    station: str
    source: Endpoint
    target: Endpoint
    content: object


def draw(taps: Iterable[Tap], envelope_key: bytes, name_of: Callable[[Endpoint], str]) -> str:
    """A mermaid `sequenceDiagram`; times are in seconds."""
    lines = ["sequenceDiagram"]
    for tap in taps:
        said, target = describe(tap.content, envelope_key), name_of(tap.target)
        disguise = "" if name_of(tap.source) == tap.station else f" as {tap.source.ip}"
        lines.append(f"  {tap.station}->>{_word(target)}: {tap.instant / 1e6:.6f} {said}{disguise}")
    return "\n".join(lines)


def describe(content: object, envelope_key: bytes) -> str:
    """What a frame carries, in a word or two."""
    if not isinstance(content, bytes):
        return type(content).__name__
    opened = open_datagram([(1, envelope_key)], "lan", content)
    if opened is None:
        return f"{len(content)} bytes"
    try:
        return type(messages.decode(opened[1])).__name__
    except Malformed as fault:
        return f"sealed, {fault}"


def _word(name: str) -> str:
    """Mermaid's names have no colons."""
    return name.replace(":", "_")
