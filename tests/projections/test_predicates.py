"""Each question has one answer at each moment, and what is no question is refused with all there are."""

import pytest

from tests.stories import ALPHA, BETA, GAMMA, MESH, STORY, ipv4, ipv6, mesh_of
from wgmesh.domain import events as e
from wgmesh.domain.errors import UsageError
from wgmesh.domain.mesh import Mesh
from wgmesh.projections.predicates import predicate_of
from wgmesh.projections.wording import key


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("connected beta", True),
        ("connected gamma", False),
        ("connected delta", False),
        (f"connected {key(BETA.public_key)[:6]}", True),
        ("not connected gamma", True),
        ("not  not connected beta", True),
        ("knows gamma", True),
        ("knows delta", False),
        (f"address beta {ipv4(BETA)}", True),
        (f"address gamma {ipv6(GAMMA)}", True),
        (f"address gamma {ipv4(BETA)}", False),
        (f"address alpha {ipv4(ALPHA)}", True),
        ("endpoint beta 192.168.1.17:21820", True),
        ("endpoint beta 192.168.1.17:21821", False),
        ("layer lan", True),
        ("layer dht", False),
        ("peers >= 2", True),
        ("peers > 2", False),
        ("peers < 3", True),
        ("peers != 2", False),
        ("connected = 1", True),
        ("connected <= 0", False),
    ],
)
def test_a_question_is_answered(text: str, answer: bool) -> None:
    assert predicate_of(text)(MESH) is answer


def test_a_layer_that_cannot_work_and_a_peer_that_is_banned() -> None:
    mesh = mesh_of(e.LayerSuspended("lan", "no"), e.PeerBanned(BETA.public_key), told=STORY)
    assert not predicate_of("layer lan")(mesh)
    assert not predicate_of("knows beta")(mesh)
    assert predicate_of("peers = 1")(mesh)


def test_before_there_was_anything_nothing_holds() -> None:
    for text in ("connected beta", "address alpha 10.71.182.3", "layer lan", "peers > 0"):
        assert not predicate_of(text)(Mesh())


@pytest.mark.parametrize(
    "text",
    ["", "not", "connected", "connected a b", "peers 2", "peers ~ 2", "peers >= two", "peers >= ²", "knows", "x y"],
)
def test_what_is_no_question_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no question: ask connected NAME, knows NAME"):
        predicate_of(text)


def test_what_is_no_endpoint_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'10\.71\.0\.1' is no endpoint"):
        predicate_of("endpoint beta 10.71.0.1")
