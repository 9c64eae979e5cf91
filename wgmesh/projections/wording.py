"""How views write names, keys, durations and amounts: the same everywhere, so that they can be searched for."""

import base64

from wgmesh.domain.identity import wireguard_key
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import DAY, HOUR, MINUTE, SECOND
from wgmesh.domain.watch import HEARS_NOBODY

OURSELVES = "this node"

_UNITS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"))
_SIZES = ("B", "KiB", "MiB", "GiB", "TiB")


def key(raw: bytes) -> str:
    """A key as `wg show` writes it, whole."""
    return base64.b64encode(raw).decode()


def name_of(mesh: Mesh, identity: bytes) -> str:
    """What a person calls a node: its hostname where that is its alone, else its WireGuard key."""
    if identity == mesh.identity:
        return OURSELVES
    known = mesh.held(identity)
    if known is None or not known.hostname:
        return key(wireguard_key(identity))
    namesakes = [each for each, other in mesh.peers.items() if other.hostname == known.hostname and each != identity]
    is_ours = mesh.settings is not None and mesh.settings.hostname == known.hostname
    return key(wireguard_key(identity)) if namesakes or is_ours else known.hostname


def duration(ms: int) -> str:
    """`250 ms`, `3 s`, `2 min 5 s`, `3 h`, `1 d 2 h`: its two largest units, rounded down."""
    if ms < SECOND:
        return f"{max(ms, 0)} ms"
    place = next(place for place, (unit, _) in enumerate(_UNITS) if ms >= unit)
    unit, name = _UNITS[place]
    text = f"{ms // unit} {name}"
    if place + 1 == len(_UNITS):
        return text
    smaller, smaller_name = _UNITS[place + 1]
    rest = ms % unit // smaller
    return f"{text} {rest} {smaller_name}" if rest else text


def skewed(name: str, source: str, hours: int, other: str = "this machine's") -> str:
    """Whose clock is how far off, seen from another: this machine's, if nothing else is said."""
    how = "ahead of" if hours > 0 else "behind"
    return f"the clock of {name} at {source} is about {abs(hours)} h {how} {other}"


def trouble(layer: str, reason: str) -> str:
    """Why a layer cannot work; that nobody is heard is not the layer's trouble but ours."""
    return reason if reason == HEARS_NOBODY else f"layer {layer} cannot work: {reason}"


def named_by(layer: str) -> str:
    """Who named an address to us: the operator, or a layer."""
    return "--peer" if layer == "peer" else f"the layer {layer}"


def amount(count: int) -> str:
    """`512 B`, `1.5 KiB`, `20.0 MiB`."""
    power = min((max(count, 1).bit_length() - 1) // 10, len(_SIZES) - 1)
    return f"{count / 1024**power:.1f} {_SIZES[power]}" if power else f"{count} B"


def counted(number: int, noun: str) -> str:
    """`1 peer`, `2 peers`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def printable(text: str) -> str:
    """The text on one line and without a character that steers a terminal or turns the direction of writing."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
