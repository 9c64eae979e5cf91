"""Each sort of subject gets the answer of its sort."""

import pytest

from tests.stories import ALPHA, BETA, MESH, NOON, STORY, ipv4, ipv6
from wgmesh.domain.values import HOUR
from wgmesh.projections.subjects import subject_of
from wgmesh.projections.why import why
from wgmesh.projections.why_answer import Circumstances

SEEN = Circumstances(NOON + 2 * HOUR, MESH.head.awake, True)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("alpha", f"this node, {ipv4(ALPHA)}, runs for 1 h 59 min: 1 of 2 known peers connected"),
        ("beta", "beta is connected for 1 h 59 min, directly at 192.168.1.17:21820"),
        ("delta", "no peer called delta was ever discovered: "),
        (ipv6(BETA), f"{ipv6(BETA)} goes to beta: beta is connected for "),
        ("192.168.1.17:21820", "192.168.1.17:21820, where beta is said to be, is proven by a handshake "),
        ("10.71.0.0/16", "10.71.0.0/16 is the mesh's own"),
    ],
)
def test_the_first_line_answers(text: str, verdict: str) -> None:
    answer = why(MESH, subject_of(MESH, text), SEEN)
    assert answer.verdict.startswith(verdict)
    assert all(0 < sequence <= len(STORY) for sequence in answer.grounds)
