"""The desired state as a file that `wg-quick` reads; secrets only for who brings them."""

import base64

from msgspec.structs import replace

from tests.stories import ALPHA, BETA, GAMMA, MESH, STORY, ipv4, ipv6, mesh_of
from wgmesh.domain.mesh import Mesh
from wgmesh.projections.wg_config import wg_config
from wgmesh.projections.wording import key

PSK = b"\x07" * 32


def test_the_file_names_us_and_every_peer() -> None:
    sections = wg_config(MESH).split("\n\n")
    assert sections[0].splitlines() == [
        "[Interface]",
        "# PrivateKey is left out: --private prints it",
        "ListenPort = 21820",
        "MTU = 1420",
        f"Address = {ipv4(ALPHA)}/32, {ipv6(ALPHA)}/128",
    ]
    (beta,) = (section for section in sections if key(BETA.public_key) in section)
    assert beta.strip().splitlines() == [
        "# beta",
        "[Peer]",
        f"PublicKey = {key(BETA.public_key)}",
        "# PresharedKey is left out: --private prints it",
        f"AllowedIPs = {ipv4(BETA)}/32, {ipv6(BETA)}/128",
        "Endpoint = 192.168.1.17:21820",
        "PersistentKeepalive = 25",
    ]


def test_secrets_are_in_it_only_when_given() -> None:
    text = wg_config(MESH, ALPHA.private_key, PSK)
    assert f"PrivateKey = {base64.b64encode(ALPHA.private_key).decode()}\n" in text
    assert text.count(f"PresharedKey = {base64.b64encode(PSK).decode()}\n") == 2


def test_a_peer_that_is_not_tried_now_has_its_best_claim() -> None:
    mesh = mesh_of(told=(*STORY[:7], *STORY[9:10]))
    assert wg_config(mesh).count("Endpoint = 192.168.1.") == 2


def test_a_peer_without_a_usable_claim_has_no_endpoint() -> None:
    gamma = replace(MESH.peers[GAMMA.key], claims=(), observed=(), proven=None)
    alone = replace(MESH, peers={GAMMA.key: gamma})
    assert "Endpoint" not in wg_config(alone)
    assert "Keepalive" not in wg_config(alone)


def test_a_hostname_cannot_write_a_line_of_its_own() -> None:
    beta = replace(MESH.peers[BETA.key], hostname="beta\nPostUp = reboot")
    mesh: Mesh = replace(MESH, peers={BETA.key: beta})
    assert "\nPostUp" not in wg_config(mesh)
