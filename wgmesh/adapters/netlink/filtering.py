"""The kernel's reverse path filter (rp_filter in Documentation/networking/ip-sysctl): what it is for an interface.

Strict, it drops what comes in by another interface than the answer would leave by: half of the packets while traffic
moves between two interfaces. Loose, it asks only for a route. The greater of the interface's value and that of `all`
counts, and 2 is loose.
"""

from pathlib import Path

PLACE = Path("/proc/sys/net/ipv4/conf")
STRICT, LOOSE = 1, 2


def is_strict(interface: str, place: Path = PLACE) -> bool:
    """Is it strict? Where the machine does not tell (no IPv4, no /proc), nothing filters."""
    return max(_value(place / "all"), _value(place / interface)) == STRICT


def set_strict(interface: str, strict: bool, place: Path = PLACE) -> None:
    """Make it strict, or loose; OSError where the system does not let us."""
    (place / interface / "rp_filter").write_text(str(STRICT if strict else LOOSE))


def _value(conf: Path) -> int:
    try:
        return int((conf / "rp_filter").read_text())
    except FileNotFoundError:
        return 0
