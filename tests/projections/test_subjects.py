"""What a person types means one thing, whatever sort of thing it is."""

import pytest

from tests.stories import ALPHA, BETA, GAMMA, MESH, STORY, discovered, ipv4, mesh_of
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import Endpoint
from wgmesh.projections.subjects import Address, OfPeer, OurNode, Prefix, Stranger, Subject, subject_of
from wgmesh.projections.wording import key


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("beta", OfPeer(MESH.peers[BETA.key])),
        (key(BETA.public_key), OfPeer(MESH.peers[BETA.key])),
        (key(GAMMA.key)[:5], OfPeer(MESH.peers[GAMMA.key])),
        ("alpha", OurNode()),
        (key(ALPHA.key), OurNode()),
        ("delta", Stranger("delta")),
        ("", Stranger("")),
        (ipv4(BETA), Address(ipv4(BETA))),
        ("FE80:0::17", Address("fe80::17")),
        ("10.71.0.9/32", Address("10.71.0.9")),
        ("10.71.3.4/16", Prefix("10.71.0.0/16")),
        ("192.168.1.17:21820", Endpoint("192.168.1.17", 21820)),
        ("[fe80::1%eth0]:21820", Endpoint("fe80::1", 21820, "eth0")),
        ("a/b", Stranger("a/b")),
    ],
)
def test_a_text_means_one_thing(text: str, subject: Subject) -> None:
    assert subject_of(MESH, text) == subject


def test_a_name_that_several_have_is_refused() -> None:
    mesh = mesh_of(discovered(GAMMA, "beta", "192.168.1.23"), told=STORY[:7])
    with pytest.raises(WgmeshError, match="beta may be any of"):
        subject_of(mesh, "beta")


def test_a_node_that_never_started_has_no_name() -> None:
    assert subject_of(Mesh(), "alpha") == Stranger("alpha")
