"""Whether this machine passes packets on for others: the operator's choice, which is looked at and never changed."""

from pathlib import Path

SWITCHES = {"IPv4": "net/ipv4/ip_forward", "IPv6": "net/ipv6/conf/all/forwarding"}
PROC = Path("/proc/sys")


def forwarding_off(root: Path = PROC) -> tuple[str, ...]:
    """The families that are not forwarded, `IPv4` and `IPv6`; one that the machine does not have is not."""
    return tuple(family for family, switch in SWITCHES.items() if not _is_on(root / switch))


def _is_on(switch: Path) -> bool:
    try:
        return switch.read_text().strip() != "0"
    except FileNotFoundError:
        return False
