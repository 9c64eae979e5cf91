"""When the next request may go: servers say it by their headers, and writes keep a second between them besides."""

from collections.abc import Mapping

from wgmesh.domain.values import HOUR, MINUTE, SECOND

# GitHub asks for a second between writes.
WRITE_PAUSE = SECOND
# A limit without a date is waited out so long (GitHub: at least a minute), and no date keeps us away for longer.
UNSAID = MINUTE
LONGEST = 2 * HOUR


def pause_ms(status: int, headers: Mapping[str, str], at: int) -> int:
    """How long to stay away after this answer (ms); 0 if it set no limit. `at`: wall clock, ms since 1970."""
    if status not in (403, 429, 503):
        return 0
    after = headers.get("retry-after", "")
    if after.isdecimal():
        return min(int(after) * SECOND, LONGEST)
    if headers.get("x-ratelimit-remaining") == "0" and headers.get("x-ratelimit-reset", "").isdecimal():
        return min(max(int(headers["x-ratelimit-reset"]) * SECOND - at, SECOND), LONGEST)
    return UNSAID if status != 403 else 0
