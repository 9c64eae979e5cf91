import pytest

from wgmesh.adapters.registry.pace import LONGEST, UNSAID, pause_ms
from wgmesh.domain.values import SECOND


@pytest.mark.parametrize(
    ("status", "headers", "pause"),
    [
        (200, {}, 0),
        (404, {"retry-after": "9"}, 0),
        (429, {"retry-after": "9"}, 9 * SECOND),
        (429, {"retry-after": "999999999"}, LONGEST),
        (429, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, UNSAID),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1090"}, 90 * SECOND),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "7"}, SECOND),
        (403, {"x-ratelimit-remaining": "3", "x-ratelimit-reset": "1090"}, 0),
        (503, {}, UNSAID),
    ],
)
def test_how_long_to_stay_away(status: int, headers: dict[str, str], pause: int) -> None:
    assert pause_ms(status, headers, 1_000_000) == pause
